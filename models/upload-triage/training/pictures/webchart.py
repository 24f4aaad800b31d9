"""Charts as scripts in web pages draw them: pale grids, no axis lines, soft areas, round marks, legends of dots, bare sparklines, dark themes."""
import math

import numpy as np
from PIL import Image, ImageDraw

from . import chart, common as c

SETS = [[(0, 143, 251), (0, 227, 150), (254, 176, 25), (255, 69, 96), (119, 93, 208), (63, 81, 181)],
        [(54, 162, 235), (255, 99, 132), (255, 205, 86), (75, 192, 192), (153, 102, 255), (201, 203, 207)],
        [(124, 181, 236), (67, 67, 72), (144, 237, 125), (247, 163, 92), (128, 133, 233), (241, 92, 128)]]
K = 2  # drawn so many times larger, for smooth edges


def curve(rng, n, dense=90):
    """A smooth line through n random heights, in [0, 1]."""
    v, t = chart.series(rng, n), np.linspace(0, n - 1, dense)
    k = np.minimum(t.astype(int), n - 2)
    u = (1 - np.cos((t - k) * math.pi)) / 2
    return v[k] * (1 - u) + v[k + 1] * u


def fade(im, points, base, ink, top=150):
    """The area under a line, fading downwards."""
    mask = Image.new("L", im.size, 0)
    ImageDraw.Draw(mask).polygon([*points, (points[-1][0], base), (points[0][0], base)], fill=255)
    ramp = np.linspace(top, 10, im.height).astype(np.uint8)[:, None].repeat(im.width, 1)
    im.paste(ink, (0, 0), Image.fromarray((np.asarray(mask).astype(int) * ramp // 255).astype(np.uint8)))


def strokes(rng, im, d, box, inks, back, f, ink):
    x, y, w, h = box
    n, kind = rng.choice([4, 7, 12, 30, 100]), rng.choice(["line", "area", "area", "solid", "step", "marks"])
    for colour in inks[:rng.choice([1, 1, 2, 3])]:
        v = curve(rng, n) if rng.random() < 0.6 and kind != "step" else chart.series(rng, n)
        points = [(x + w * i / (len(v) - 1), y + h * (1 - q)) for i, q in enumerate(v)]
        if kind == "step":
            points = [q for a, b in zip(points, points[1:]) for q in (a, (b[0], a[1]))] + points[-1:]
        if kind == "area":
            fade(im, points, y + h, colour)
        elif kind == "solid":
            d.polygon([*points, (x + w, y + h), (x, y + h)], fill=colour)
        d.line(points, fill=colour, width=K * rng.choice([1, 2, 3, 4]), joint="curve")
        if kind == "marks" and n < 31:
            r = K * rng.uniform(2, 5)
            for a, b in points[::max(1, len(points) // n)]:
                d.ellipse((a - r, b - r, a + r, b + r), fill=colour, outline=back, width=K)


def columns(rng, im, d, box, inks, back, f, ink):
    x, y, w, h = box
    n, m, flat, gap, r = rng.randint(2, 16), rng.choice([1, 1, 2, 3]), rng.random() < 0.35, rng.uniform(0.2, 0.7), K * rng.choice([0, 0, 3, 8])
    stacked, labels, many = rng.random() < 0.6, rng.random() < 0.4, rng.random() < 0.2
    for i in range(n):
        base = 0.0
        for j in range(m):
            v = rng.uniform(0.08, 0.95) / (m if stacked else 1)
            a, b = (i + gap / 2) / n, (i + 1 - gap / 2) / n
            if not stacked:
                a, b, base = a + (b - a) * j / m, a + (b - a) * (j + 1) / m, 0.0
            area = (x + w * base, y + h * a, x + w * (base + v), y + h * b) if flat else (x + w * a, y + h * (1 - base - v), x + w * b, y + h * (1 - base))
            d.rounded_rectangle(area, min(r, (area[2] - area[0]) / 2, (area[3] - area[1]) / 2), fill=inks[(i if many else j) % len(inks)])
            if labels and min(area[2] - area[0], area[3] - area[1]) > f.size:
                d.text(((area[0] + area[2]) / 2, (area[1] + area[3]) / 2), str(rng.randint(1, 99)), font=f, fill=(255, 255, 255), anchor="mm")
            base += v


def bubbles(rng, im, d, box, inks, back, f, ink):
    x, y, w, h = box
    for colour in inks[:rng.randint(1, 4)]:
        big = rng.random() < 0.6
        for _ in range(rng.randint(4, 30)):
            a, b, r = x + w * rng.random(), y + h * rng.random(), K * (rng.uniform(4, 26) if big else 4)
            d.ellipse((a - r, b - r, a + r, b + r), fill=tuple(int(u * 0.75 + v * 0.25) for u, v in zip(colour, back)), outline=colour if big else None)


def heat(rng, im, d, box, inks, back, f, ink):
    x, y, w, h = box
    n, m, text, gap = rng.randint(4, 22), rng.randint(3, 10), rng.random() < 0.35, K * rng.choice([0, 1, 2, 3])
    for i in range(n):
        for j in range(m):
            t = rng.random()
            area = (x + w * i / n, y + h * j / m, x + w * (i + 1) / n - gap, y + h * (j + 1) / m - gap)
            d.rectangle(area, fill=tuple(int(u * t + (245 if sum(back) > 380 else v) * (1 - t)) for u, v in zip(inks[0], back)))
            if text and area[2] - area[0] > 2 * f.size:
                d.text(((area[0] + area[2]) / 2, (area[1] + area[3]) / 2), str(int(t * 99)), font=f, fill=ink, anchor="mm")


def candles(rng, im, d, box, inks, back, f, ink):
    x, y, w, h = box
    n = rng.randint(12, 60)
    for i, v in enumerate(chart.series(rng, n)):
        cx, cy, s, q = x + w * (i + 0.5) / n, y + h * (1 - v), h * rng.uniform(0.01, 0.09), w / n * 0.3
        colour = inks[rng.random() < 0.5]
        d.line((cx, cy - s * 1.7, cx, cy + s * 1.7), fill=colour, width=K)
        d.rectangle((cx - q, cy - s, cx + q, cy + s), fill=colour)


def rounds(rng, im, d, box, inks, back, f, ink):
    """Pies, rings, rings of bars, unequal sectors, nets."""
    x, y, w, h = box
    r, cx, cy, n = min(w, h) / 2 * rng.uniform(0.8, 1), x + w * rng.choice([0.35, 0.5, 0.5]), y + h / 2, rng.randint(2, 6)
    circle = lambda q: (cx - q, cy - q, cx + q, cy + q)
    kind = rng.choice(["pie", "ring", "ring", "bars", "bars", "sectors", "net"])
    cuts = np.cumsum([0] + [rng.uniform(0.2, 1.5) for _ in range(n)])
    cuts = cuts / cuts[-1] * 360 - 90
    if kind in ("pie", "ring", "sectors"):
        for k in range(n):
            q = r * (rng.uniform(0.4, 1) if kind == "sectors" else 1)
            d.pieslice(circle(q), cuts[k], cuts[k + 1], fill=inks[k % len(inks)], outline=back, width=K * 2)
            a = math.radians((cuts[k] + cuts[k + 1]) / 2)
            if rng.random() < 0.6:
                d.text((cx + r * 0.8 * math.cos(a), cy + r * 0.8 * math.sin(a)), f"{rng.uniform(1, 60):.1f}%", font=f, fill=(255, 255, 255), anchor="mm")
        if kind == "ring":
            d.ellipse(circle(r * rng.uniform(0.5, 0.75)), fill=back)
    elif kind == "bars":
        start, span, width = rng.choice([(-90, 360), (-90, 270), (180, 180), (135, 270)]) + (r * rng.uniform(0.1, 0.3),)
        for k in range(rng.choice([1, 1, 2, 4])):
            q = r - k * width * 1.35
            if q > width:
                d.arc(circle(q), start, start + span, fill=tuple(int(v * 0.9 + 20) for v in back), width=int(width))
                d.arc(circle(q), start, start + span * rng.uniform(0.2, 0.95), fill=inks[k % len(inks)], width=int(width))
    else:
        spot = lambda k, q: (cx + q * math.sin(2 * math.pi * k / n), cy - q * math.cos(2 * math.pi * k / n))
        n = rng.randint(4, 9)
        for q in (0.25, 0.5, 0.75, 1):
            d.polygon([spot(k, r * q) for k in range(n)], outline=tuple(int(v * 0.85 + 15) for v in back))
        for colour in inks[:2]:
            d.line([spot(k % n, r * (0.3 + 0.6 * abs(math.sin(k % n * 7 + colour[0])))) for k in range(n + 1)], fill=colour, width=2 * K)
    if kind in ("ring", "bars") and rng.random() < 0.7:
        d.text((cx, cy), rng.choice([f"{rng.randint(1, 99)}%", f"{rng.randint(1, 9999):,}"]), font=c.font(rng, r * 0.25, "sans"), fill=ink, anchor="mm")


ROUND = {rounds, heat}
KINDS = [strokes] * 5 + [columns] * 4 + [bubbles, heat, candles, rounds, rounds, rounds]


def theme(rng):
    """Ground, ink, pale line and colours."""
    dark = rng.random() < 0.2
    back = rng.choice([(27, 32, 53), (52, 58, 64), (17, 24, 39), (33, 33, 33)]) if dark else rng.choice([(255, 255, 255)] * 5 + [(248, 249, 250)])
    inks = list(rng.choice(SETS)) if rng.random() < 0.65 else chart.palette(rng)
    k = rng.randrange(len(inks))
    return back, c.grey(rng, 170, 235) if dark else c.grey(rng, 50, 120), tuple(int(v * 0.8 + 40) for v in back) if dark else c.grey(rng, 222, 242), inks[k:] + inks[:k]


def sparkline(rng, W, H, look):
    """A line, area or columns from edge to edge, with a number and a word at most."""
    back, ink, _, inks = look
    im, d = c.canvas(W * K, H * K, rng.choice([back, back, inks[0]]))
    f, top = c.font(rng, H * K * 0.06, "sans"), rng.uniform(0.05, 0.5)
    colours = inks if im.getpixel((0, 0)) == back else [(255, 255, 255), *inks[1:]]
    rng.choice([strokes, strokes, columns])(rng, im, d, (0, H * K * top, W * K, H * K * (1 - top)), colours[:2], back, f, ink)
    if top > 0.2:
        d.text((W * K * 0.06, H * K * 0.06), f"${rng.randint(1, 999):,}", font=c.font(rng, H * K * 0.1, "sans"), fill=ink)
        d.text((W * K * 0.06, H * K * 0.2), c.title(rng, 1), font=f, fill=ink)
    return im.resize((W, H), Image.LANCZOS)


def one(rng, W, H, look):
    back, ink, pale, inks = look
    if rng.random() < 0.12:
        return sparkline(rng, W, H, look)
    im, d = c.canvas(W * K, H * K, back)
    w, h = W * K, H * K
    kind, f = rng.choice(KINDS), c.font(rng, max(8, h * rng.uniform(0.022, 0.04)), "sans")
    titled, legend = rng.random() < 0.5, rng.choice([None, "bottom", "bottom", "top", "right"])
    left, top, right, bottom = w * rng.uniform(0.03, 0.1), h * (0.14 if titled or legend == "top" else 0.05), w * (0.2 if legend == "right" else 0.04), h * (0.2 if legend == "bottom" else 0.1)
    box = (left, top, w - left - right, h - top - bottom)
    if titled:
        d.text((w * rng.choice([0.02, 0.4]), h * 0.03), c.title(rng, rng.randint(1, 5)), font=c.font(rng, h * 0.045, "sans"), fill=ink)
    if kind not in ROUND:
        n, dashes, flat = rng.randint(2, 8), rng.random() < 0.3, rng.random() < 0.85
        if rng.random() < 0.85:
            for k in range(n + 1):
                yy, xx = box[1] + box[3] * k / n, box[0] + box[2] * k / n
                whole = (box[0], yy, box[0] + box[2], yy) if flat else (xx, box[1], xx, box[1] + box[3])
                for a in range(0, 40, 2) if dashes else [None]:
                    part = whole if a is None else tuple(u + (v - u) * q for q, (u, v) in zip((a / 40, a / 40, (a + 1) / 40, (a + 1) / 40), ((whole[0], whole[2]), (whole[1], whole[3])) * 2))
                    d.line(part, fill=pale, width=K)
        if rng.random() < 0.8:
            for k in range(n + 1):
                d.text((box[0] - f.size * 0.4, box[1] + box[3] * k / n), str((n - k) * rng.choice([5, 10, 20])), font=f, fill=ink, anchor="rm")
            m = rng.randint(3, 12)
            for k in range(m):
                d.text((box[0] + box[2] * (k + 0.5) / m, box[1] + box[3] + f.size * 0.5), c.words(rng, 1)[:3].title(), font=f, fill=ink, anchor="ma")
    kind(rng, im, d, box, inks, back, f, ink)
    if legend:
        for k, colour in enumerate(inks[:rng.randint(1, 5)]):
            x, y = ((w - right * 0.85, h * 0.3 + k * f.size * 1.8) if legend == "right" else (w * (0.25 + 0.13 * k), h * (0.955 if legend == "bottom" else 0.07)))
            r = f.size * 0.4
            d.ellipse((x - r, y - r, x + r, y + r), fill=colour)
            d.text((x + r * 2, y), c.words(rng, 1)[:8].title(), font=f, fill=ink, anchor="lm")
    if rng.random() < 0.25:  # a tool bar of small signs
        for k in range(5):
            x, y, r = w * 0.97 - k * f.size * 1.8, h * 0.04, f.size * 0.45
            rng.choice([d.ellipse, d.rectangle])((x - r, y - r, x + r, y + r), outline=ink, width=K)
    return im.resize((W, H), Image.LANCZOS)


def draw(rng):
    W, H = rng.choice([(650, 365), (600, 400), (560, 420), (420, 420), (800, 350), (700, 500), (380, 300)])
    look = theme(rng)
    if rng.random() < 0.12:  # cards
        nx, ny = rng.choice([(2, 1), (3, 1), (2, 2), (1, 3), (3, 2), (4, 3)])
        im, _ = c.canvas(W, H, look[0])
        for i in range(nx):
            for j in range(ny):
                w, h = W // nx - 6, H // ny - 6
                im.paste((sparkline if rng.random() < 0.5 else one)(rng, w, h, look), (i * W // nx + 3, j * H // ny + 3))
        return im
    im = one(rng, W, H, look)
    return c.jpeg(rng, im, 40, 95) if rng.random() < 0.2 else im
