"""Augmentation: of one image as it is rendered, and of batches."""
import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps

from pictures import common


def cut(rng, w, h, label):
    """x, y, width and height of what a view shows: the whole image but for some margin, stretched to a square, or a square of it."""
    if rng.random() < (0.35 if label == "photo" else 0.55):
        most = 0 if rng.random() < 0.35 else 0.08 if rng.random() < 0.7 else 0.25
        left, right, top, bottom = (rng.uniform(0, most) for _ in range(4))
        return w * left, h * top, w * (1 - left - right), h * (1 - top - bottom)
    least = 0.4 if label == "photo" else 0.62
    side = min(w, h) * (0.875 if rng.random() < 0.3 else rng.uniform(0.95, 1) if rng.random() < 0.3 else rng.uniform(least, 1))
    sx, sy = min(w, side * rng.uniform(0.85, 1.3)), min(h, side * rng.uniform(0.85, 1.15))
    near = rng.random() < 0.6
    px, py = (rng.uniform(0.35, 0.65), rng.uniform(0.35, 0.65)) if near else (rng.random(), rng.random())
    return (w - sx) * px, (h - sy) * py, sx, sy


def augment(rng, a, label, size):
    """One training view, uint8 [size, size, 3]: what the function would see, nearly, then what uploads suffer."""
    im, (h, w) = Image.fromarray(a), a.shape[:2]
    if rng.random() < (0.25 if label in ("barcode", "photo", "document") else 0.06):  # turned or in perspective
        j = 0.12 * min(w, h)
        quad = [(x + rng.uniform(-j, j), y + rng.uniform(-j, j)) for x, y in ((0, 0), (w, 0), (w, h), (0, h))]
        co = common.perspective_coefficients(quad, [(0, 0), (w, 0), (w, h), (0, h)])
        im = im.transform((w, h), Image.PERSPECTIVE, co, Image.BILINEAR, fillcolor=common.grey(rng, 0, 255))
    if rng.random() < 0.12 and label in ("barcode", "photo", "icon", "blank"):
        im = im.rotate(rng.choice([90, 180, 270]), expand=True)
        w, h = im.size
    if rng.random() < 0.07:  # a border, or empty ground around
        fill = common.grey(rng, 0, 255) if rng.random() < 0.4 else rng.choice([(255, 255, 255), (0, 0, 0), im.getpixel((0, 0))])
        im = ImageOps.expand(im, int(min(w, h) * rng.uniform(0.02, 0.2)), fill)
        w, h = im.size
    x, y, sx, sy = cut(rng, w, h, label)
    im = im.resize((size, size), rng.choice([Image.BILINEAR, Image.BICUBIC, Image.LANCZOS, Image.LANCZOS]), (x, y, x + sx, y + sy))
    p = rng.random()
    if p < 0.06:
        im = im.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.3)))
    elif p < 0.12:
        k = int(size * rng.uniform(0.35, 0.8))
        im = im.resize((k, k), Image.BILINEAR).resize((size, size), Image.BICUBIC)
    elif p < 0.2:
        im = common.jpeg(rng, im, 12, 70)
    elif p < 0.25:
        im = im.filter(ImageFilter.UnsharpMask(2, rng.randint(50, 150), 2))
    x = np.asarray(im)
    if rng.random() < 0.5 and label in ("photo", "icon", "barcode", "blank"):  # text is never mirrored
        x = x[:, ::-1]
    return x


def colours(x, labels):
    """Batch colour changes in place-ish, x float [N, 3, S, S] in [0, 1]: inversion, grey, gain, offset, channels, noise."""
    n = len(x)
    u = torch.rand(n, 8)
    dark = torch.tensor([label in ("chart", "screenshot", "icon", "barcode") for label in labels])
    inverted = (u[:, 0] < 0.13) & dark
    x = torch.where(inverted[:, None, None, None], 1 - x, x)
    grey = (u[:, 1] < 0.1)
    x = torch.where(grey[:, None, None, None], x.mean(1, keepdim=True).expand_as(x), x)
    gain = 1 + (torch.rand(n, 1, 1, 1) - 0.5) * 0.7 * (u[:, 2] < 0.6)[:, None, None, None]
    tint = 1 + (torch.rand(n, 3, 1, 1) - 0.5) * 0.3 * (u[:, 3] < 0.4)[:, None, None, None]
    offset = (torch.rand(n, 1, 1, 1) - 0.5) * 0.25 * (u[:, 4] < 0.4)[:, None, None, None]
    x = x * (gain * tint) + offset
    order = torch.randperm(3)
    x = torch.where((u[:, 5] < 0.15)[:, None, None, None], x[:, order], x)
    sigma = torch.rand(n, 1, 1, 1) * 0.05 * (u[:, 6] < 0.12)[:, None, None, None]
    if sigma.max() > 0:
        x = x + torch.randn_like(x) * sigma
    return x.clamp(0, 1)
