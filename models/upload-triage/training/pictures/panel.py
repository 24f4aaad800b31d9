"""Charts of grammar-of-graphics libraries: grey or bare panels, often with few marks or none, facets, legends at the side."""
from PIL import ImageDraw

from . import common as c

HUES = [(248, 118, 109), (0, 186, 56), (97, 156, 255), (183, 159, 0), (0, 191, 196), (245, 100, 227)]
PLAIN = [(0, 0, 0), (51, 51, 51), (89, 89, 89), (0, 143, 251), (0, 227, 150), (70, 130, 180)]


def marks(rng, d, box, inks):
    """Few or many marks of one kind, inside the panel."""
    x, y, w, h = box
    n = rng.choice([1, 2, 3, 6, 12, 60])
    at = lambda: (x + w * rng.uniform(0.04, 0.96), y + h * rng.uniform(0.04, 0.96))
    kind = rng.choice(["points", "points", "bars", "bars", "lines", "steps", "ranges", "tiles", "blocks", "boxes", "nothing"])
    if kind == "points":
        r = rng.choice([1, 2, 2, 3, 5, 9])
        for _ in range(n):
            px, py = at()
            d.ellipse((px - r, py - r, px + r, py + r), fill=rng.choice(inks))
    elif kind in ("bars", "steps"):
        k, gap = rng.randint(1, 14), 0 if kind == "steps" else rng.uniform(0.05, 0.5)
        flat = rng.random() < 0.35
        for i in range(k):
            top, a, b = rng.random() * 0.95, (i + gap / 2) / k, (i + 1 - gap / 2) / k
            area = (x, y + a * h, x + w * (1 - top), y + b * h) if flat else (x + a * w, y + h * top, x + b * w, y + h)
            d.rectangle(area, fill=inks[i % len(inks)], outline=rng.choice([None, (255, 255, 255)]))
            if rng.random() < 0.3:
                d.text((area[0] + 3, area[1] + 2), str(rng.randint(1, 999)), font=c.font(rng, 9, "sans"), fill=(255, 255, 255))
    elif kind == "lines":
        for i in range(rng.randint(1, 4)):
            k, v = rng.choice([2, 8, 40]), rng.random()
            points = []
            for j in range(k):
                v = min(0.97, max(0.03, v + rng.gauss(0, 0.15)))
                points.append((x + w * (0.04 + 0.92 * j / max(1, k - 1)), y + h * v))
            d.line(points, fill=inks[i % len(inks)], width=rng.choice([1, 1, 2, 3]))
    elif kind in ("ranges", "boxes"):
        for i in range(rng.randint(1, 10)):
            px, lo, hi = x + w * (i + 0.5) / 10, *sorted((y + h * rng.random(), y + h * rng.random()))
            d.line((px, lo, px, hi), fill=inks[0], width=rng.choice([1, 2]))
            if kind == "boxes":
                d.rectangle((px - w / 40, lo + (hi - lo) * 0.3, px + w / 40, lo + (hi - lo) * 0.7), fill=(255, 255, 255), outline=inks[0])
            else:
                d.ellipse((px - 2, (lo + hi) / 2 - 2, px + 2, (lo + hi) / 2 + 2), fill=inks[0])
    elif kind == "tiles":
        k, a = rng.randint(2, 12), c.colour(rng)
        for i in range(k):
            for j in range(k):
                v = rng.random()
                d.rectangle((x + w * i / k, y + h * j / k, x + w * (i + 1) / k, y + h * (j + 1) / k), fill=tuple(int(255 - (255 - q) * v) for q in a))
    elif kind == "blocks":
        for _ in range(rng.randint(1, 8)):
            (a, b), k = at(), rng.uniform(0.05, 0.4)
            d.rectangle((a, b, min(x + w, a + w * k), min(y + h, b + h * 0.06)), fill=rng.choice(inks))


def panel(rng, d, box, back, grid, ink, inks, f):
    """One panel with its grid, ticks and marks."""
    x, y, w, h = box
    d.rectangle((x, y, x + w, y + h), fill=back)
    nx, ny = rng.randint(2, 8), rng.randint(2, 8)
    if grid:
        for k in range(1, nx):
            d.line((x + w * k / nx, y, x + w * k / nx, y + h), fill=grid)
        for k in range(1, ny):
            d.line((x, y + h * k / ny, x + w, y + h * k / ny), fill=grid)
    marks(rng, d, box, inks)
    style = rng.choice(["none", "axes", "border"])
    if style != "none":
        d.line((x, y, x, y + h, x + w, y + h), fill=ink)
    if style == "border":
        d.rectangle((x, y, x + w, y + h), outline=ink)
    if rng.random() < 0.85:
        for k in range(nx + 1):
            d.text((x + w * k / nx, y + h + 4), str(k * rng.choice([1, 5])), font=f, fill=ink, anchor="ma")
        for k in range(ny + 1):
            d.text((x - 5, y + h * (1 - k / ny)), str(k * 10), font=f, fill=ink, anchor="rm")


def draw(rng):
    W, H = rng.choice([(720, 576), (640, 480), (600, 600), (800, 400), (480, 480), (900, 380)])
    dark = rng.random() < 0.12
    im, d = c.canvas(W, H, c.grey(rng, 10, 40) if dark else (255, 255, 255))
    back, grid = ((c.grey(rng, 20, 50), c.grey(rng, 60, 90)) if dark
                  else rng.choice([((235, 235, 235), (255, 255, 255))] * 3 + [((255, 255, 255), c.grey(rng, 222, 240))] * 3 + [((255, 255, 255), None)]))
    ink, f = c.grey(rng, 150, 220) if dark else c.grey(rng, 0, 110), c.font(rng, rng.uniform(8, 15), "sans")
    inks = rng.choice([HUES[:rng.randint(1, 6)], [rng.choice(PLAIN)], [c.colour(rng) for _ in range(rng.randint(1, 5))]])
    top, right = H * (0.12 if rng.random() < 0.6 else 0.03), W * (rng.uniform(0.1, 0.25) if rng.random() < 0.4 else 0.03)
    left, bottom = W * rng.uniform(0.05, 0.14), H * rng.uniform(0.07, 0.15)
    if top > H * 0.1:
        d.text((left if rng.random() < 0.7 else W / 3, H * 0.03), c.title(rng, rng.randint(1, 6)), font=c.font(rng, rng.uniform(13, 22), "sans"), fill=ink)
    nx, ny = rng.choice([(1, 1)] * 6 + [(2, 1), (3, 1), (2, 2), (3, 2), (1, 3)])
    strip = nx * ny > 1 and rng.random() < 0.8
    cw, ch = (W - left - right) / nx, (H - top - bottom) / ny
    for i in range(nx):
        for j in range(ny):
            x, y = left + i * cw, top + j * ch
            if strip:
                d.rectangle((x, y, x + cw * 0.93, y + 18), fill=c.grey(rng, 205, 225))
                d.text((x + cw * 0.45, y + 9), c.words(rng, 1), font=f, fill=(20, 20, 20), anchor="mm")
            panel(rng, d, (x, y + 18 * strip, cw * 0.93, ch * 0.88 - 18 * strip), back, grid, ink, inks, f)
    if right > W * 0.05:
        for k, col in enumerate(inks):
            d.rectangle((W - right + 10, H * 0.4 + k * 20, W - right + 24, H * 0.4 + k * 20 + 14), fill=col)
            d.text((W - right + 30, H * 0.4 + k * 20), c.words(rng, 1)[:10], font=f, fill=ink)
    if rng.random() < 0.6:
        d.text((W / 2, H - 4), c.words(rng, 1), font=f, fill=ink, anchor="md")
    return c.jpeg(rng, im, 40, 95) if rng.random() < 0.2 else im
