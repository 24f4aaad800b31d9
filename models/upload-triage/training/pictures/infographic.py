"""Charts without the usual axes: gauges, treemaps, funnels, timelines, waffles, small multiples, heat grids, radar."""
import math

from . import chart, common as c


def gauge(rng, d, x, y, w, h, p, ink, f):
    """Rings of parts of a whole, with the number inside."""
    r, cx, cy = min(w, h) * 0.45, x + w / 2, y + h / 2
    width, start, span = max(2, int(r * rng.uniform(0.08, 0.4))), rng.choice([-90, -90, -180, 135]), rng.choice([360, 360, 180, 270])
    for k in range(rng.choice([1, 1, 1, 2, 3, 4])):
        q = r - k * width * 1.3
        if q < width:
            break
        box = (cx - q, cy - q, cx + q, cy + q)
        d.arc(box, start, start + span, fill=c.grey(rng, 215, 240), width=width)
        d.arc(box, start, start + span * rng.uniform(0.15, 0.95), fill=p[k], width=width)
    d.text((cx, cy), f"{rng.randint(1, 99)}%", font=f, fill=ink, anchor="mm")


def treemap(rng, d, x, y, w, h, p, ink, f, depth=0):
    """A rectangle cut again and again; each part has a name."""
    if depth > 5 or min(w, h) < 24 or (depth > 1 and rng.random() < 0.12):
        d.rectangle((x, y, x + w - 2, y + h - 2), fill=rng.choice(p))
        if w > 40:
            d.text((x + w / 2, y + h / 2), c.words(rng, 1)[:int(w / 7)], font=f, fill=(255, 255, 255), anchor="mm")
        return
    k = rng.uniform(0.3, 0.7)
    if w > h:
        treemap(rng, d, x, y, w * k, h, p, ink, f, depth + 1)
        treemap(rng, d, x + w * k, y, w * (1 - k), h, p, ink, f, depth + 1)
    else:
        treemap(rng, d, x, y, w, h * k, p, ink, f, depth + 1)
        treemap(rng, d, x, y + h * k, w, h * (1 - k), p, ink, f, depth + 1)


def rows(rng, d, x, y, w, h, p, ink, f):
    """Bars that lie: funnels, timelines, stacked, to both sides; labels in or beside them."""
    n, kind, mono = rng.randint(3, 14), rng.choice(["funnel", "range", "stacked", "both"]), rng.random() < 0.5
    rh, walk = h / n, rng.random()
    middle = rng.uniform(0.3, 0.7)
    for k in range(n):
        y0, y1 = y + k * rh + rh * 0.12, y + (k + 1) * rh - rh * 0.12
        if kind == "funnel":
            half = w / 2 * (1 - k / n * rng.uniform(0.8, 1))
            parts = [(x + w / 2 - half, x + w / 2 + half)]
        elif kind == "range":
            walk = min(0.8, max(0, walk * 0.5 + k / n * 0.6 + rng.uniform(-0.1, 0.1)))
            parts = [(x + w * walk, x + w * min(1, walk + rng.uniform(0.08, 0.3)))]
        elif kind == "both":
            parts = [(x + w * (middle - rng.uniform(0, middle)), x + w * middle), (x + w * middle, x + w * (middle + rng.uniform(0, 1 - middle)))]
            parts = parts if rng.random() < 0.6 else [rng.choice(parts)]
        else:
            cuts = [x]
            for _ in range(rng.randint(3, 6)):
                cuts.append(min(x + w, cuts[-1] + w * rng.uniform(0.05, 0.3)))
            parts = list(zip(cuts, cuts[1:]))
        for j, (a, b) in enumerate(parts):
            fill = p[0] if mono and kind != "stacked" else p[(j if kind in ("stacked", "both") else k) % 6]
            d.rounded_rectangle((a, y0, max(a + 1, b), y1), rng.choice([0, 0, 3]), fill=fill)
            if b - a > 24 and rng.random() < 0.6:
                d.text(((a + b) / 2, (y0 + y1) / 2), str(rng.randint(1, 99)), font=f, fill=(255, 255, 255), anchor="mm")
        if rng.random() < 0.7:
            d.text((x, y0), c.words(rng, 1), font=f, fill=ink)


def columns(rng, d, x, y, w, h, p, ink, f):
    """Stacked columns with rounded ends, numbers inside, spread over a wide ground."""
    n = rng.randint(3, 14)
    for k in range(n):
        top, x0 = y + h, x + w * (k + 0.25) / n
        for j in range(rng.randint(1, 5)):
            part = h * rng.uniform(0.04, 0.24)
            d.rounded_rectangle((x0, top - part, x0 + w / n * 0.5, top), 3, fill=p[j])
            d.text((x0 + w / n * 0.25, top - part / 2), str(rng.randint(1, 99)), font=f, fill=(255, 255, 255), anchor="mm")
            top -= part
    for k in range(n):
        d.text((x + w * (k + 0.5) / n, y + h + 8), c.words(rng, 1)[:4], font=f, fill=ink, anchor="mm")


def waffle(rng, d, x, y, w, h, p, ink, f):
    """A field of dots or squares, coloured in parts."""
    n, m, disc, k = rng.randint(8, 26), rng.randint(6, 20), rng.random() < 0.6, rng.uniform(0.5, 0.95)
    s, cuts = min(w / n, h / m), sorted(rng.random() for _ in range(3))
    for i in range(n):
        for j in range(m):
            part = sum(i / n + j / m / n > q for q in cuts)
            box = (x + i * s, y + j * s, x + (i + k) * s, y + (j + k) * s)
            (d.ellipse if disc else d.rectangle)(box, fill=p[part])


def grid(rng, d, x, y, w, h, p, ink, f):
    """A heat map with numbers, or a calendar of days."""
    n, m = rng.randint(4, 24), rng.randint(3, 12)
    a, b, text = c.colour(rng, (0.85, 0.97)), p[0], rng.random() < 0.5 and n < 10
    for i in range(n):
        for j in range(m):
            t = rng.random() ** 1.5
            box = (x + w * i / n, y + h * j / m, x + w * (i + 1) / n - 2, y + h * (j + 1) / m - 2)
            d.rectangle(box, fill=tuple(int(u + (v - u) * t) for u, v in zip(a, b)))
            if text:
                d.text(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), str(int(t * 99)), font=f, fill=ink, anchor="mm")


def radar(rng, d, x, y, w, h, p, ink, f):
    n, r, cx, cy = rng.randint(5, 9), min(w, h) * 0.42, x + w / 2, y + h / 2
    point = lambda k, q: (cx + q * math.sin(2 * math.pi * k / n), cy - q * math.cos(2 * math.pi * k / n))
    for q in (0.25, 0.5, 0.75, 1):
        d.polygon([point(k, r * q) for k in range(n)], outline=c.grey(rng, 190, 225))
    for k in range(n):
        d.line((cx, cy, *point(k, r)), fill=c.grey(rng, 190, 225))
        d.text(point(k, r * 1.12), c.words(rng, 1)[:7], font=f, fill=ink, anchor="mm")
    for j in range(rng.randint(1, 3)):
        d.polygon([point(k, r * rng.uniform(0.3, 0.95)) for k in range(n)], outline=p[j], fill=p[j] if rng.random() < 0.3 else None)


def bare(rng, d, x, y, w, h, p, ink, f):
    """Marks in an almost empty frame: lines, discs or bars with a legend at most."""
    if rng.random() < 0.6:
        d.rectangle((x, y, x + w, y + h), outline=c.grey(rng, 60, 220), fill=rng.choice([None, None, c.grey(rng, 228, 242)]))
    rng.choice([chart.lines, chart.scatter, chart.bars, chart.boxes])(rng, d, x, y, w, h, p, ink)


KINDS = [gauge, treemap, rows, rows, rows, columns, columns, waffle, grid, radar, bare, bare]


def one(rng, W, H):
    dark = rng.random() < 0.15
    im, d = c.canvas(W, H, c.grey(rng, 15, 45) if dark else (255, 255, 255) if rng.random() < 0.85 else c.colour(rng, (0.9, 0.98)))
    ink, p = c.grey(rng, 180, 235) if dark else c.grey(rng, 20, 120), chart.palette(rng)
    f = c.font(rng, max(7, min(W, H) * rng.uniform(0.03, 0.05)), "sans")
    top = H * rng.choice([0.04, 0.12])
    if top > H * 0.1:
        d.text((W * rng.choice([0.03, 0.3]), H * 0.02), c.title(rng, rng.randint(2, 5)), font=c.font(rng, H * 0.05, "sans"), fill=ink)
    m = W * rng.uniform(0.03, 0.15)
    rng.choice(KINDS)(rng, d, m, top, W - 2 * m, H - top - H * rng.choice([0.05, 0.12]), p, ink, f)
    if rng.random() < 0.4:
        for k in range(rng.randint(2, 5)):
            x = W * (0.2 + 0.15 * k)
            d.ellipse((x, H * 0.94, x + 8, H * 0.94 + 8), fill=p[k])
            d.text((x + 12, H * 0.93), c.words(rng, 1)[:7], font=f, fill=ink)
    return im


def draw(rng):
    W, H = rng.choice([(600, 400), (640, 480), (480, 480), (720, 380), (800, 450), (420, 520)])
    if rng.random() < 0.16:  # small multiples of one kind
        nx, ny = rng.randint(2, 4), rng.randint(2, 4)
        im, _ = c.canvas(W, H, (255, 255, 255))
        for i in range(nx):
            for j in range(ny):
                part = one(rng, W, H) if rng.random() < 0.5 else chart.plain(rng, W, H, dark=False)
                im.paste(part.resize((W // nx - 4, H // ny - 4)), (i * W // nx + 2, j * H // ny + 2))
    else:
        im = one(rng, W, H)
    return c.jpeg(rng, im, 30, 95) if rng.random() < 0.3 else im
