"""Blank pictures: nothing to see. Plain colours, gradients, paper, lens caps, overexposure, with at most faint noise."""
import numpy as np
from PIL import Image, ImageFilter

from . import common as c


def draw(rng):
    w, h = rng.choice([(320, 240), (240, 320), (300, 300), (400, 260)])
    g, p = c.generator(rng), rng.random()
    v = np.array(rng.choice([(255, 255, 255), (0, 0, 0), c.grey(rng, 0, 255), c.grey(rng, 230, 255)]) if p < 0.3
                 else c.colour(rng, (0.02, 0.98), (0, 1)) if p < 0.5 else c.colour(rng, (0.8, 0.98), (0, 0.4)) if p < 0.65
                 else rng.choice([c.grey(rng, 200, 252), c.grey(rng, 0, 40)]), np.float32)
    x = np.ones((h, w, 3), np.float32) * v
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    if rng.random() < 0.3:  # linear gradient
        a = rng.uniform(0, 2 * np.pi)
        t = (np.cos(a) * xx / w + np.sin(a) * yy / h + 1.5) / 3
        x = x + (np.array(c.colour(rng, (0.02, 0.98), (0, 1))) - v) * rng.uniform(0.05, 1) * t[..., None]
    if rng.random() < 0.25:  # vignette
        r = ((xx / w - 0.5) ** 2 + (yy / h - 0.5) ** 2) * 2
        x = x * (1 - rng.uniform(0, 0.6) * r[..., None])
    if rng.random() < 0.35:  # uneven light
        x = x + (c.smooth_noise(rng, w, h, rng.choice([2, 3]))[..., None] - 0.5) * rng.uniform(2, 40)
    if rng.random() < 0.3:  # paper fibres
        n = Image.fromarray((g.normal(0, 40, (h, w)) + 128).clip(0, 255).astype(np.uint8))
        n = np.asarray(n.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2))), np.float32)
        x = x + (n[..., None] - 128) * rng.uniform(0.02, 0.25)
    if rng.random() < 0.5:  # sensor noise
        x = x + g.normal(0, rng.uniform(0.3, 5), (h, w, rng.choice([1, 3])))
    if rng.random() < 0.1:  # a scanner's edge
        x[:, :rng.randint(1, 6)] *= rng.uniform(0.3, 0.9)
    if rng.random() < 0.08:  # a fold
        k = rng.randint(10, w - 10)
        x[:, k:k + 2] *= rng.uniform(0.9, 0.98)
    if rng.random() < 0.08:  # dust
        for _ in range(rng.randint(1, 5)):
            i, j = rng.randint(0, h - 2), rng.randint(0, w - 2)
            x[i:i + 2, j:j + rng.randint(1, 2)] -= rng.uniform(10, 80)
    im = Image.fromarray(x.clip(0, 255).astype(np.uint8))
    return c.jpeg(rng, im, 20, 95) if rng.random() < 0.4 else im


def noise(rng):
    """Not a class: noise of many kinds, trained towards equal scores for all, so that it gets no high one."""
    w, h = rng.choice([(256, 256), (340, 256), (256, 340)])
    g, k, kind = c.generator(rng), rng.choice([1, 1, 1, 2, 3, 4, 8]), rng.randrange(4)
    shape = (h // k + 1, w // k + 1, rng.choice([1, 3, 3]))
    x = g.random(shape) * 255 if kind == 0 else g.normal(128, rng.uniform(25, 90), shape)
    if kind == 2:
        x = (g.random(shape) > rng.uniform(0.2, 0.8)) * 255
    x = np.broadcast_to(x, shape[:2] + (3,)).clip(0, 255).astype(np.uint8)
    im = Image.fromarray(x.copy()).resize((w, h), rng.choice([Image.NEAREST, Image.BICUBIC]))
    if kind == 3:
        im = Image.blend(im, c.texture(rng, w, h), rng.uniform(0, 0.4))
    return c.jpeg(rng, im, 20, 95) if rng.random() < 0.3 else im
