"""Charts: bars, lines, areas, pies, scatter, heat maps, boxes, candles; many looks, light and dark, alone or as a board."""
import math

import numpy as np

from . import common as c

PALETTES = ["4c78a8 f58518 e45756 72b7b2 54a24b eeca3b", "1f77b4 ff7f0e 2ca02c d62728 9467bd 8c564b",
            "4285f4 ea4335 fbbc05 34a853 ff6d01 46bdc6", "5470c6 91cc75 fac858 ee6666 73c0de 3ba272",
            "440154 3b528b 21918c 5ec962 fde725 31688e", "4472c4 ed7d31 a5a5a5 ffc000 5b9bd5 70ad47"]


def palette(rng):
    """Six colours: of a well-known charting program, a ramp, or invented."""
    if rng.random() < 0.6:
        p = [tuple(int(h[i:i + 2], 16) for i in (0, 2, 4)) for h in rng.choice(PALETTES).split()]
        k = rng.randrange(6)
        return p[k:] + p[:k]
    if rng.random() < 0.3:
        a, b = np.array(c.colour(rng)), np.array(c.colour(rng))
        return [tuple(int(v) for v in a + (b - a) * k / 5) for k in range(6)]
    return [c.colour(rng, (0.25, 0.75)) for _ in range(6)]


def series(rng, n):
    """n values in [0, 1]: a walk, a wave, a curve, noise or a bump."""
    g, t = c.generator(rng), np.linspace(0, 1, n)
    v = rng.choice([
        lambda: g.normal(0, 1, n).cumsum(), lambda: np.sin(t * rng.uniform(3, 30) + rng.random() * 6) + g.normal(0, 0.1, n),
        lambda: t ** rng.uniform(0.3, 4) + g.normal(0, rng.uniform(0, 0.1), n), lambda: g.random(n),
        lambda: np.exp(-((t - rng.random()) ** 2) * rng.uniform(5, 60))])()
    return (v - v.min()) / (np.ptp(v) + 1e-6) * rng.uniform(0.6, 0.95) + rng.uniform(0, 0.05)


def axes(rng, d, x, y, w, h, ink, f, grid):
    style, labels, n = rng.random(), rng.random() < 0.85, rng.randint(3, 8)
    for k in range(n + 1):
        yy, xx = y + h * k / n, x + w * k / n
        if grid:
            d.line((x, yy, x + w, yy), fill=grid)
            if style < 0.4:
                d.line((xx, y, xx, y + h), fill=grid)
        if labels:
            text = rng.choice([str(rng.randint(0, 999)), f"{(n - k) * 0.2:.1f}", f"{n - k}0%"])
            d.text((x - f.getlength(text) - 4, yy - f.size / 2), text, font=f, fill=ink)
            d.text((xx - 5, y + h + 3), c.words(rng, 1)[:6] if rng.random() < 0.5 else str(k * 10), font=f, fill=ink)
    if style < 0.35:
        d.rectangle((x, y, x + w, y + h), outline=ink)
    elif style < 0.85:
        d.line((x, y + h, x + w, y + h), fill=ink)
        d.line((x, y, x, y + h), fill=ink)


def bars(rng, d, x, y, w, h, p, ink):
    n, m, stacked = rng.randint(2, 24), rng.choice([1, 1, 1, 2, 3]), rng.random() < 0.5
    gap, sideways, many = rng.uniform(0.05, 0.6), rng.random() < 0.3, rng.random() < 0.2
    values = [series(rng, n) for _ in range(m)]
    for i in range(n):
        base = 0.0
        for j in range(m):
            v, a, b = values[j][i] / (m if stacked else 1), (i + gap / 2) / n, (i + 1 - gap / 2) / n
            if not stacked:
                a, b, base = a + (b - a) * j / m, a + (b - a) * (j + 1) / m, 0.0
            box = ((x + base * w, y + a * h, x + (base + v) * w, y + b * h) if sideways
                   else (x + a * w, y + (1 - base - v) * h, x + b * w, y + (1 - base) * h))
            d.rectangle(box, fill=p[(i if many else j) % 6])
            base += v


def lines(rng, d, x, y, w, h, p, ink):
    n, thick, dots, area = rng.choice([6, 12, 40, 150]), rng.randint(1, 4), rng.random() < 0.3, rng.random() < 0.25
    for j in range(rng.randint(1, 6)):
        pts = [(x + w * i / (n - 1), y + h * (1 - v)) for i, v in enumerate(series(rng, n))]
        if area:
            d.polygon(pts + [(x + w, y + h), (x, y + h)], fill=p[j])
        d.line(pts, fill=p[j], width=thick)
        if dots and n < 50:
            for u, v in pts:
                d.ellipse((u - thick - 1, v - thick - 1, u + thick + 1, v + thick + 1), fill=p[j])


def scatter(rng, d, x, y, w, h, p, ink):
    g, hollow, r = c.generator(rng), rng.random() < 0.4, rng.uniform(1, 5)
    for j in range(rng.randint(1, 4)):
        n = rng.randint(10, 250)
        t = g.normal(rng.uniform(0.2, 0.8), rng.uniform(0.05, 0.25), n)
        v = t * rng.uniform(-1, 1) + g.normal(0.5, rng.uniform(0.02, 0.2), n)
        for a, b in zip(t, v):
            if 0 < a < 1 and 0 < b < 1:
                q = r * (g.random() * 2.5 if j == 3 else 1)
                d.ellipse((x + a * w - q, y + b * h - q, x + a * w + q, y + b * h + q), outline=p[j], fill=None if hollow else p[j])


def heat(rng, d, x, y, w, h, p, ink):
    nx, ny, edge = rng.randint(3, 24), rng.randint(3, 16), rng.random() < 0.4
    a, b = np.array(p[0]), np.array(rng.choice([p[1], (255, 255, 255), (20, 20, 40)]))
    v = c.smooth_noise(rng, nx, ny, 3) if rng.random() < 0.6 else c.generator(rng).random((ny, nx))
    for i in range(nx):
        for j in range(ny):
            d.rectangle((x + w * i / nx, y + h * j / ny, x + w * (i + 1) / nx, y + h * (j + 1) / ny),
                        fill=tuple(int(q) for q in a + (b - a) * v[j, i]), outline=(255, 255, 255) if edge else None)


def boxes(rng, d, x, y, w, h, p, ink):
    """Box plots, or candlesticks along a walk."""
    n, candles = rng.randint(3, 30), rng.random() < 0.5
    for i, m in enumerate(series(rng, n)):
        cx, s, q = x + w * (i + 0.5) / n, rng.uniform(0.03, 0.15), w / n * 0.3
        cy = y + h * (1 - (m if candles else rng.uniform(0.25, 0.75)))
        d.line((cx, cy - s * h * 1.6, cx, cy + s * h * 1.6), fill=ink)
        d.rectangle((cx - q, cy - s * h, cx + q, cy + s * h), fill=p[i % 2] if candles else p[i % 6], outline=ink)
        if not candles:
            d.line((cx - q, cy, cx + q, cy), fill=ink, width=2)


def pie(rng, d, x, y, w, h, p, ink, back, f):
    r, cx, cy = min(w, h) / 2 * rng.uniform(0.75, 1), x + w / 2, y + h / 2
    cuts = np.cumsum([0] + [rng.uniform(0.2, 1.5) for _ in range(rng.randint(2, 9))])
    cuts = cuts / cuts[-1] * 360 + rng.uniform(0, 360)
    edge = rng.choice([None, back, ink])
    for k in range(len(cuts) - 1):
        d.pieslice((cx - r, cy - r, cx + r, cy + r), cuts[k], cuts[k + 1], fill=p[k % 6], outline=edge)
        a = math.radians((cuts[k] + cuts[k + 1]) / 2)
        if rng.random() < 0.6:
            q = r * rng.choice([0.6, 1.1])
            d.text((cx + q * math.cos(a) - 8, cy + q * math.sin(a) - 5), f"{rng.randint(2, 60)}%", font=f, fill=ink)
    if rng.random() < 0.45:
        q = r * rng.uniform(0.3, 0.8)
        d.ellipse((cx - q, cy - q, cx + q, cy + q), fill=back)


def plain(rng, W, H, dark=None):
    """One chart, W by H pixels."""
    dark = rng.random() < 0.18 if dark is None else dark
    back = c.grey(rng, 10, 50) if dark else (255, 255, 255) if rng.random() < 0.8 else c.colour(rng, (0.88, 0.98))
    ink = c.grey(rng, 170, 240) if dark else c.grey(rng, 0, 110)
    im, d = c.canvas(W, H, back)
    p, size = palette(rng), max(7, min(W, H) * rng.uniform(0.025, 0.055))
    f, grid = c.font(rng, size, "sans"), rng.choice([None, c.grey(rng, 50, 80) if dark else c.grey(rng, 205, 238)])
    left, top, right, bottom = (W * rng.uniform(0.03, 0.16), H * rng.uniform(0.03, 0.18), W * rng.uniform(0.02, 0.2), H * rng.uniform(0.06, 0.16))
    x, y, w, h = left, top, W - left - right, H - top - bottom
    if rng.random() < 0.15 and not dark:
        d.rectangle((x, y, x + w, y + h), fill=c.grey(rng, 225, 245))
    if rng.random() < 0.6:
        d.text((x if rng.random() < 0.5 else W * 0.35, size * 0.5), c.title(rng, rng.randint(2, 5)), font=c.font(rng, size * 1.4, "sans"), fill=ink)
    kind = rng.choice([bars] * 4 + [lines] * 4 + [scatter] * 2 + [heat, pie, pie, boxes])
    if kind is pie:
        pie(rng, d, x, y, w, h, p, ink, back, f)
    else:
        if rng.random() < 0.9:
            axes(rng, d, x, y, w, h, ink, f, grid)
        kind(rng, d, x, y, w, h, p, ink)
    if rng.random() < 0.45:
        for k in range(rng.randint(2, 6)):
            lx, ly = (W - right + 5, top + k * size * 1.6) if right > W * 0.1 else (x + k * w / 5, H - size * 1.5)
            d.rectangle((lx, ly, lx + size, ly + size), fill=p[k])
            d.text((lx + size * 1.4, ly - 1), c.words(rng, 1)[:8], font=f, fill=ink)
    return im


def board(rng, W, H):
    """Several charts in a grid."""
    nx, ny, dark = rng.randint(1, 3), rng.randint(1, 3), rng.random() < 0.3
    im, _ = c.canvas(W, H, (20, 22, 28) if dark else (255, 255, 255))
    for i in range(nx):
        for j in range(ny):
            im.paste(plain(rng, W // nx - 4, H // ny - 4, dark), (i * W // nx + 2, j * H // ny + 2))
    return im


def draw(rng):
    W, H = rng.choice([(600, 400), (640, 480), (480, 480), (720, 360), (400, 560), (800, 450), (520, 300)])
    im = board(rng, W, H) if rng.random() < 0.15 else plain(rng, W, H)
    p = rng.random()
    if p < 0.05:
        im = c.photographed(rng, im, fill=rng.uniform(0.9, 1.3), tilt=0.08)
    elif p < 0.08:
        im = c.scanned(rng, im)
    return c.jpeg(rng, im, 30, 95) if rng.random() < 0.3 else im
