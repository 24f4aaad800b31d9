"""Screens seen near: a button, a menu, a tooltip, a line of text; media libraries in the dark; players; app-store panels."""
import numpy as np
from PIL import Image, ImageDraw

from . import common as c, screenshot
from .screen_parts import Theme, bar, button, card_grid, list_rows, thumbnail


def cursor(rng, d, x, y, s):
    d.polygon([(x, y), (x, y + s), (x + s * 0.28, y + s * 0.75), (x + s * 0.65, y + s * 0.72)], fill=(255, 255, 255), outline=(0, 0, 0))


def zoomed(rng, t):
    """A small cut of a screen, enlarged as manuals do."""
    W, H = rng.choice([(900, 560), (700, 500)])
    im = rng.choice([screenshot.window, screenshot.web, screenshot.dialog])(rng, W, H, t)
    k = rng.uniform(0.12, 0.4)
    w, h = int(W * k), int(H * k * rng.uniform(0.5, 1.3))
    x, y = int((W - w) * rng.random()), int((H - h) * rng.random())
    im = im.crop((x, y, x + w, y + h)).resize((int(w * 2.2), int(h * 2.2)))
    if rng.random() < 0.4:
        d = ImageDraw.Draw(im)
        bw = im.width * rng.uniform(0.3, 0.6)
        x, y = im.width * rng.uniform(0.1, 0.4), im.height * rng.uniform(0.2, 0.7)
        d.rounded_rectangle((x, y, x + bw, y + im.height * 0.18), 6, fill=c.grey(rng, 10, 60))
        d.text((x + bw / 2, y + im.height * 0.09), c.title(rng, 2)[:18], font=c.font(rng, im.height * 0.09, "sans"), fill=(255, 255, 255), anchor="mm")
        cursor(rng, d, x + bw * 0.8, y + im.height * 0.12, im.height * 0.15)
    return im


def words_on_screen(rng, t):
    """A few large words of a user interface, with an icon or a button beside them."""
    im, d = c.canvas(420, rng.choice([90, 140, 220, 320]), t.back)
    f = c.font(rng, im.height * rng.uniform(0.12, 0.4), "sans")
    y = im.height * rng.uniform(0.1, 0.4)
    d.text((im.width * rng.uniform(-0.2, 0.3), y), c.words(rng, rng.randint(1, 4)), font=f, fill=rng.choice([t.ink, t.ink, t.accent]))
    t.size = max(9, im.height * 0.1)
    if rng.random() < 0.6:
        button(rng, d, t, im.width * rng.uniform(0.1, 0.6), im.height * rng.uniform(0.5, 0.75))
    if rng.random() < 0.4:
        d.line((0, im.height * 0.9, im.width, im.height * 0.9), fill=t.line)
    return im


def menu(rng, t):
    W = rng.randint(260, 420)
    im, d = c.canvas(W, W * rng.uniform(0.8, 1.4), t.back)
    s, y, x = t.size * 1.5, 0, W * rng.choice([0, 0.1, 0.3])
    d.rectangle((x, 4, W, im.height), fill=t.panel, outline=t.line)
    while y < im.height:
        y += s * 1.8
        d.text((x + s * 2, y - s * 1.3), c.title(rng, rng.randint(1, 3)), font=c.load_font(t.files[0], int(s)), fill=t.ink if rng.random() < 0.85 else t.faint)
        if rng.random() < 0.4:
            d.rectangle((x + s * 0.5, y - s * 1.2, x + s * 1.3, y - s * 0.4), outline=t.faint)
        if rng.random() < 0.2:
            d.line((x, y, W, y), fill=t.line)
    return im


def media(rng, t):
    """A library of posters, or a player over a film's image."""
    W, H = 800, rng.choice([450, 500])
    im, d = c.canvas(W, H, c.grey(rng, 8, 30))
    t.ink, t.panel, t.back = c.grey(rng, 200, 250), c.grey(rng, 18, 45), im.getpixel((0, 0))
    if rng.random() < 0.5:
        thumbnail(rng, im, (0, 0, W, H))
        im.paste(im.point(lambda v: int(v * 0.45)), (0, 0))
        d = ImageDraw.Draw(im)
        d.text((W * 0.06, H * rng.uniform(0.1, 0.5)), c.title(rng, rng.randint(1, 3)), font=c.font(rng, H * 0.08, "sans"), fill=(255, 255, 255))
        if rng.random() < 0.6:
            d.line((W * 0.05, H * 0.86, W * 0.95, H * 0.86), fill=(120, 120, 120), width=4)
            d.line((W * 0.05, H * 0.86, W * rng.uniform(0.1, 0.9), H * 0.86), fill=t.accent, width=4)
            for k in range(5):
                d.polygon([(W * (0.38 + 0.06 * k), H * 0.9), (W * (0.38 + 0.06 * k), H * 0.96), (W * (0.41 + 0.06 * k), H * 0.93)], fill=(230, 230, 230))
        if rng.random() < 0.6:
            list_rows(rng, im, d, t, (W * 0.06, H * 0.55, W * 0.5, H * 0.28))
        return im
    y = bar(rng, im, d, t, 0, 0, W)
    while y < H:
        d.text((16, y + 6), c.title(rng, 2), font=t.font(1.3), fill=t.ink)
        n, ch = rng.randint(3, 8), H * rng.uniform(0.2, 0.42)
        for k in range(n):
            thumbnail(rng, im, (16 + k * W / n, y + 28, W / n - 12, ch))
        y += ch + 44
    return im


def promotion(rng, t):
    """An app-store panel: a phone with the application, a line of praise over it."""
    W, H = 360, 640
    im, d = c.canvas(W, H, c.colour(rng, (0.1, 0.6), (0.3, 1)))
    for k in range(rng.randint(1, 3)):
        d.text((W * 0.08, H * (0.04 + 0.07 * k)), c.title(rng, rng.randint(1, 2)), font=c.font(rng, W * 0.1, "sans"), fill=(255, 255, 255))
    inner = screenshot.phone(rng, 300, 520, t).rotate(rng.choice([0, 0, rng.uniform(-20, 20)]), expand=True, fillcolor=im.getpixel((1, H - 1)))
    im.paste(inner.resize((int(W * 0.75), int(H * 0.7))), (int(W * 0.12), int(H * rng.uniform(0.28, 0.5))))
    return im


def gallery(rng, t):
    W, H = rng.choice([(800, 500), (360, 640)])
    im, d = c.canvas(W, H, t.back)
    y = bar(rng, im, d, t, 0, 0, W)
    if rng.random() < 0.5:
        card_grid(rng, im, d, t, (8, y + 8, W - 16, H - y - 8))
        return im
    n = rng.randint(3, 6)
    s = W / n
    for j in range(rng.randint(1, int((H - y) / s) + 1)):
        for k in range(n):
            thumbnail(rng, im, (k * s + 1, y + j * s + 1, s - 2, s - 2))
    return im


def draw(rng):
    t = Theme(rng)
    im = Image.new("RGB", (48, 48))
    while np.asarray(im.resize((48, 48)), np.float32).std() < 8:  # nothing to see: not a screenshot
        im = rng.choice([zoomed] * 4 + [words_on_screen] * 2 + [menu] * 2 + [media] * 3 + [promotion, gallery, gallery])(rng, t)
    return c.jpeg(rng, im, 30, 95) if rng.random() < 0.4 else im
