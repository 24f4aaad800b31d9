"""Pages that are easily taken for something else: coloured tables, a page with one large figure, slides, covers, forms."""
import math

from . import chart, common as c, document, infographic


def coloured_table(rng, im, d, W, H, ink):
    """Most of the page is a table whose cells are filled."""
    m, size = W * rng.uniform(0.03, 0.09), W * rng.uniform(0.010, 0.02)
    y, bottom = m + size * rng.uniform(0, 6), H * rng.uniform(0.45, 0.95)
    if y > m + size:
        d.text((m, m), c.title(rng, rng.randint(2, 6)), font=c.font(rng, size * 1.5), fill=ink)
    n, rh, f = rng.randint(3, 10), size * rng.uniform(1.3, 3.2), c.font(rng, size)
    fills = [c.colour(rng, (0.6, 0.95), (0.3, 1)) for _ in range(rng.randint(1, 3))] + [rng.choice([(255, 255, 255), c.colour(rng, (0.8, 0.97))])]
    by_column, head, line = rng.random() < 0.4, c.colour(rng, (0.2, 0.85), (0.2, 1)), rng.choice([ink, (255, 255, 255), c.grey(rng, 120, 200)])
    r = 0
    while y + rh < bottom:
        for k in range(n):
            x0, x1 = m + (W - 2 * m) * k / n, m + (W - 2 * m) * (k + 1) / n
            d.rectangle((x0, y, x1, y + rh), fill=head if r == 0 else fills[(k if by_column else r) % len(fills)], outline=line)
            for j in range(max(1, int(rh / size / 1.4)) if rng.random() < 0.85 else 0):
                d.text((x0 + 2, y + 1 + j * size * 1.2), c.words(rng, max(1, int((x1 - x0) / size / 3.4))), font=f, fill=ink)
        y, r = y + rh, r + 1
    if rng.random() < 0.5:
        document.text_block(rng, d, m, y + size * 2, W - 2 * m, H - m, f, ink)


def with_figure(rng, im, d, W, H, ink):
    """Text, one or two large charts with captions, text, a page number."""
    m, size = W * rng.uniform(0.08, 0.15), W * rng.uniform(0.013, 0.022)
    f, y = c.font(rng, size, rng.choice(["serif", "serif", "sans"])), m
    d.text((m, m * 0.5), c.title(rng, 3), font=f, fill=ink)
    for _ in range(rng.choice([1, 1, 2])):
        y = document.text_block(rng, d, m, y, W - 2 * m, min(H - m, y + H * rng.uniform(0.03, 0.25)), f, ink) + size
        fw, fh = int((W - 2 * m) * rng.uniform(0.6, 1)), int(H * rng.uniform(0.2, 0.42))
        if y + fh > H - m:
            break
        part = chart.plain(rng, fw, fh, dark=False) if rng.random() < 0.75 else infographic.one(rng, fw, fh)
        im.paste(part, (int((W - fw) / 2), int(y)))
        d.text((m * 1.2, y + fh + size * 0.5), f"Figure {rng.randint(1, 30)}: " + c.words(rng, rng.randint(4, 9)), font=f, fill=ink)
        y += fh + size * 3
    if rng.random() < 0.75:
        document.text_block(rng, d, m, y, W - 2 * m, min(H - m, y + H * rng.uniform(0.1, 0.6)), f, ink)
    d.text((W / 2, H - m * 0.6), str(rng.randint(1, 400)), font=f, fill=ink)


def cover(rng, im, d, W, H, ink):
    """A brochure: bands of colour, boxes of text, a large title, sometimes a ground of one colour."""
    if rng.random() < 0.5:
        d.rectangle((0, 0, W, H), fill=c.colour(rng, (0.15, 0.9)))
    for _ in range(rng.randint(1, 4)):
        y = H * rng.random() * 0.8
        d.rectangle((0, y, W * rng.choice([1, 1, 0.35]), y + H * rng.uniform(0.03, 0.3)), fill=c.colour(rng, (0.2, 0.9)))
    light = sum(im.getpixel((int(W / 2), int(H / 2)))) < 380
    fill = (255, 255, 255) if light else ink
    d.text((W * 0.08, H * rng.uniform(0.05, 0.3)), c.title(rng, 2), font=c.font(rng, W * 0.07), fill=fill)
    for k in range(rng.randint(1, 3)):
        x = W * (0.08 + 0.3 * k)
        document.text_block(rng, d, x, H * rng.uniform(0.4, 0.55), W * 0.26, H * rng.uniform(0.7, 0.93), c.font(rng, W * 0.02), fill)


def dense_form(rng, im, d, W, H, ink):
    """Boxes over the whole page, as on tax forms and bilingual forms."""
    m, size, y = W * 0.05, W * rng.uniform(0.010, 0.016), W * 0.05
    f, shade = c.font(rng, size, "sans"), rng.choice([None, c.colour(rng, (0.85, 0.97))])
    while y < H - m:
        rh, n = size * rng.uniform(1.6, 4), rng.randint(1, 6)
        for k in range(n):
            x0, x1 = m + (W - 2 * m) * k / n, m + (W - 2 * m) * (k + 1) / n
            d.rectangle((x0, y, x1, y + rh), outline=ink, fill=shade if rng.random() < 0.3 else None)
            d.text((x0 + 2, y + 1), c.words(rng, max(1, int((x1 - x0) / size / 4))), font=f, fill=ink)
        y += rh if rng.random() < 0.8 else rh + size


def slide(rng, im, d, W, H, ink):
    document.slide(rng, im, d, W, H, ink)
    if rng.random() < 0.5:
        part = chart.plain(rng, int(W * 0.4), int(H * 0.5), dark=False)
        im.paste(part, (int(W * 0.55), int(H * 0.35)))


LAYOUTS = [coloured_table] * 4 + [with_figure] * 4 + [cover] * 2 + [dense_form] * 2 + [slide]


def draw(rng):
    layout, W = rng.choice(LAYOUTS), rng.randint(480, 900)
    ratio = 0.65 if layout is slide else math.sqrt(2) if rng.random() < 0.7 else rng.choice([math.sqrt(0.5), 1.29, 0.77])
    ink = c.grey(rng, 0, 70)
    im, d = c.canvas(W, W * ratio, (255, 255, 255) if rng.random() < 0.85 else c.colour(rng, (0.88, 0.98)))
    layout(rng, im, d, im.width, im.height, ink)
    p = rng.random()
    if p < 0.15:
        im = c.scanned(rng, im)
    elif p < 0.25:
        im = c.photographed(rng, im, fill=rng.uniform(0.9, 1.4))
    return c.jpeg(rng, im, 30, 95) if rng.random() < 0.4 else im
