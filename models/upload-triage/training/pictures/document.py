"""Documents: pages of text, letters, forms, invoices, receipts, tables, notes; clean, scanned or photographed."""
import math

from . import chart, common as c
from .tables import table

BLUE_PEN = (20, 30, 120)


def text_block(rng, d, x, y, w, bottom, f, fill, leading=1.35):
    """Fills a box with lines of words in paragraphs; returns the y below the last line."""
    step, left = max(3, f.size * leading), rng.randint(2, 9)
    script = rng.choice(c.SCRIPTS) if rng.random() < 0.02 else None
    while y + step <= bottom:
        n = max(1, int(w / (f.size * 3.0)))
        text = c.words(rng, n + 3) if not script else "".join(chr(rng.randint(*script)) for _ in range(n * 6))
        while len(text) > 2 and f.getlength(text) > w:
            text = text[:-1]
        left -= 1
        d.text((x, y), text if left else text[: int(len(text) * rng.uniform(0.2, 0.8))], font=f, fill=fill)
        y += step
        if left == 0:
            y, left = y + step * rng.choice([0, 0.5, 1]), rng.randint(2, 9)
    return y


def figure(rng, im, d, x, y, w, h):
    """A box with something in it: a chart, a grey picture, or an empty frame."""
    p = rng.random()
    if p < 0.4:
        im.paste(chart.plain(rng, int(w), int(h)), (int(x), int(y)))
    elif p < 0.7:
        im.paste(c.texture(rng, int(w), int(h)).convert("L").convert("RGB"), (int(x), int(y)))
    else:
        d.rectangle((x, y, x + w, y + h), outline=(60, 60, 60))


def article(rng, im, d, W, H, ink):
    m, size, kind = W * rng.uniform(0.06, 0.16), W * rng.uniform(0.012, 0.034), rng.choice(["serif", "serif", "sans"])
    f, y = c.font(rng, size, kind), m * rng.uniform(0.5, 1.5)
    if rng.random() < 0.6:
        t, text = c.font(rng, size * rng.uniform(1.4, 2.8), kind), c.title(rng, rng.randint(2, 7))
        d.text((max(m, (W - t.getlength(text)) / 2) if rng.random() < 0.6 else m, y), text, font=t, fill=ink)
        y += t.size * 2
    columns, gap = rng.choice([1, 1, 1, 2, 2, 3]), size * 1.5
    cw = (W - 2 * m - gap * (columns - 1)) / columns
    stop = H - m if rng.random() < 0.75 else y + (H - m - y) * rng.uniform(0.1, 0.9)
    leading = rng.uniform(1.15, 1.8)
    for k in range(columns):
        x, yy = m + k * (cw + gap), y
        while yy < stop - size * 2:
            p, fh = rng.random(), cw * rng.uniform(0.3, 0.8)
            if p < 0.1 and cw > 60 and yy + fh < stop:
                figure(rng, im, d, x, yy, cw, fh)
                yy += fh + size * 2
                continue
            if p < 0.45:
                d.text((x, yy), c.title(rng, rng.randint(1, 4)), font=c.font(rng, size * 1.25, kind), fill=ink)
                yy += size * 2
            yy = text_block(rng, d, x, yy, cw, min(stop, yy + size * rng.uniform(5, 40)), f, ink, leading) + size
    if rng.random() < 0.4:
        d.text((W / 2, H - m * 0.6), str(rng.randint(1, 400)), font=f, fill=ink)


def letter(rng, im, d, W, H, ink):
    m, size = W * rng.uniform(0.09, 0.15), W * rng.uniform(0.015, 0.026)
    f, y = c.font(rng, size), m
    if rng.random() < 0.5:
        d.text((m, y * 0.6), c.title(rng, 2), font=c.font(rng, size * 2.2), fill=c.colour(rng, (0.2, 0.5)))
        if rng.random() < 0.5:
            d.line((m, y + size * 2, W - m, y + size * 2), fill=ink, width=2)
    for _ in range(rng.randint(3, 5)):
        d.text((m if rng.random() < 0.9 else W * 0.6, y + size * 3), c.title(rng, rng.randint(2, 4)), font=f, fill=ink)
        y += size * 1.4
    y = text_block(rng, d, m, y + size * 6, W - 2 * m, y + (H - y) * rng.uniform(0.3, 0.75), f, ink, rng.uniform(1.2, 1.8))
    d.text((m, y + size * 2), c.title(rng, 2), font=c.font(rng, size * 2, "hand"), fill=BLUE_PEN)


def form(rng, im, d, W, H, ink):
    m, size = W * rng.uniform(0.04, 0.1), W * rng.uniform(0.012, 0.022)
    f, y = c.font(rng, size), m
    d.text((m, y), c.title(rng, rng.randint(2, 5)), font=c.font(rng, size * 2), fill=ink)
    y += size * 4
    line = rng.choice([ink, c.grey(rng, 100, 180), c.colour(rng, (0.3, 0.6))])
    boxed, filled = rng.random() < 0.6, rng.random() < 0.5
    shade = rng.choice([None, None, c.colour(rng, (0.88, 0.97))])
    while y < H - m - size * 3:
        n, rh, p = rng.choice([1, 1, 2, 2, 3, 4]), size * rng.uniform(2.0, 3.6), rng.random()
        if p < 0.1:
            d.rectangle((m, y, W - m, y + size * 1.8), fill=c.colour(rng, (0.2, 0.8)))
            d.text((m + 4, y + size * 0.3), c.title(rng, 3), font=f, fill=(255, 255, 255))
            y += size * 2.4
            continue
        if p < 0.2:
            y = text_block(rng, d, m, y, W - 2 * m, min(H - m, y + size * 6), c.font(rng, size * 0.9), ink) + size
            continue
        for k in range(n):
            x0, x1 = m + (W - 2 * m) * k / n, m + (W - 2 * m) * (k + 1) / n - size * 0.5
            if p < 0.35:
                d.rectangle((x0, y, x0 + size, y + size), outline=line)
                if rng.random() < 0.4:
                    d.line((x0, y, x0 + size, y + size), fill=ink, width=2)
                d.text((x0 + size * 1.5, y), c.words(rng, 2), font=f, fill=ink)
                continue
            if boxed:
                d.rectangle((x0, y, x1, y + rh), outline=line, fill=shade)
            else:
                d.line((x0, y + rh, x1, y + rh), fill=line)
            d.text((x0 + 3, y + 1), c.title(rng, rng.randint(1, 3)), font=f, fill=ink)
            if filled and rng.random() < 0.7:
                d.text((x0 + size, y + size * 1.2), c.title(rng, 2), font=c.font(rng, size * 1.2, "hand"), fill=BLUE_PEN)
        y += rh + (0 if boxed and rng.random() < 0.6 else size * 0.8)


def invoice(rng, im, d, W, H, ink):
    m, size = W * rng.uniform(0.06, 0.1), W * rng.uniform(0.014, 0.022)
    f, accent = c.font(rng, size, "sans"), c.colour(rng)
    if rng.random() < 0.5:
        d.ellipse((m, m, m + size * 4, m + size * 4), fill=accent)
    if rng.random() < 0.3:
        d.rectangle((0, 0, W, m * 0.7), fill=accent)
    d.text((W * 0.6, m), rng.choice(["INVOICE", "Invoice", "Receipt", "Quote", "Statement", "Rechnung", "Facture"]),
           font=c.font(rng, size * rng.uniform(2, 3.5), "sans"), fill=rng.choice([ink, accent]))
    for x in (m, W * 0.6):
        for k in range(rng.randint(3, 6)):
            d.text((x, m + size * (6 + 1.4 * k)), c.title(rng, rng.randint(2, 3)), font=f, fill=ink)
    y = table(rng, d, m, m + size * 16, W - 2 * m, rng.randint(3, 16), size, ink)
    for k in range(3):
        d.text((W * 0.6, y + size * (2 + 1.5 * k)), f"{c.title(rng, 1)}: {rng.uniform(1, 9000):.2f}", font=f, fill=ink)
    text_block(rng, d, m, y + size * 10, W - 2 * m, min(H - m, y + size * 18), c.font(rng, size * 0.8), ink)


def sheet(rng, im, d, W, H, ink):
    m, size = W * rng.uniform(0.04, 0.1), W * rng.uniform(0.012, 0.022)
    y = m
    if rng.random() < 0.6:
        d.text((m, y), c.title(rng, 4), font=c.font(rng, size * 1.8), fill=ink)
        y += size * 4
    while y < H * 0.75:
        y = table(rng, d, m, y, W - 2 * m, rng.randint(4, int(max(5, (H - y - m) / size / 2.5))), size, ink) + size * 2
        if rng.random() < 0.5:
            y = text_block(rng, d, m, y, W - 2 * m, min(H - m, y + size * 8), c.font(rng, size), ink) + size
        if rng.random() < 0.3:
            break


def receipt(rng, im, d, W, H, ink):
    size = W * rng.uniform(0.032, 0.055)
    f, y = c.font(rng, size, rng.choice(["mono", "sans"])), size
    for _ in range(rng.randint(2, 4)):
        text = c.title(rng, rng.randint(1, 3))
        d.text(((W - f.getlength(text)) / 2, y), text, font=f, fill=ink)
        y += size * 1.3
    while y < H - size * 3:
        if rng.random() < 0.1:
            d.text((size, y), "-" * int(W / f.getlength("-") - 4), font=f, fill=ink)
        else:
            d.text((size, y), c.title(rng, rng.randint(1, 2))[:16], font=f, fill=ink)
            price = f"{rng.uniform(0, 99):.2f}"
            d.text((W - size - f.getlength(price), y), price, font=f, fill=ink)
        y += size * 1.3


def note(rng, im, d, W, H, ink):
    size, pen = W * rng.uniform(0.03, 0.06), rng.choice([BLUE_PEN, (30, 30, 30), (150, 30, 30)])
    step, m, y = size * rng.uniform(1.2, 1.8), W * 0.08, W * 0.08
    rule, f = rng.choice([None, (170, 190, 230), (190, 190, 190)]), c.font(rng, size, "hand")
    while y < H - m:
        if rule:
            d.line((0, y + size * 1.1, W, y + size * 1.1), fill=rule)
        if rng.random() < 0.9:
            d.text((m + rng.gauss(0, 3), y + rng.gauss(0, 1)), c.words(rng, max(2, int(W / size / 3.2))), font=f, fill=pen)
        y += step


def sparse(rng, im, d, W, H, ink):
    for _ in range(rng.randint(2, 6)):
        d.text((W * rng.uniform(0.05, 0.5), H * rng.uniform(0.1, 0.8)), c.words(rng, rng.randint(2, 6)),
               font=c.font(rng, W * rng.uniform(0.015, 0.05)), fill=ink)


def slide(rng, im, d, W, H, ink):
    size = W * rng.uniform(0.025, 0.04)
    band = rng.random() < 0.5
    if band:
        d.rectangle((0, 0, W, size * 3.4), fill=c.colour(rng, (0.15, 0.5)))
    d.text((size, size * 0.7), c.title(rng, 4), font=c.font(rng, size * 1.6, "sans"), fill=(255, 255, 255) if band else ink)
    f = c.font(rng, size)
    for k in range(rng.randint(2, 7)):
        d.text((size * 1.5, size * (5 + 2 * k)), "\u2022 " + c.words(rng, rng.randint(2, 7)), font=f, fill=ink)


LAYOUTS = [article] * 7 + [letter] * 2 + [form] * 4 + [invoice] * 3 + [sheet] * 2 + [receipt, note, note, sparse, slide]


def page(rng):
    """A clean page."""
    layout, W = rng.choice(LAYOUTS), rng.randint(480, 900)
    ratio = math.sqrt(2) if rng.random() < 0.7 else rng.uniform(0.7, 1.6)
    if layout is receipt:
        W, ratio = rng.randint(260, 420), rng.uniform(1.2, 2.6)
    if layout is slide:
        ratio = 0.65
    paper = (255, 255, 255) if rng.random() < 0.75 else c.colour(rng, (0.85, 0.97), (0.1, 0.7))
    ink = c.grey(rng, 0, 70) if rng.random() < 0.9 else c.colour(rng, (0.1, 0.35))
    im, d = c.canvas(W, W * ratio, paper)
    layout(rng, im, d, im.width, im.height, ink)
    if rng.random() < 0.08:
        d.ellipse((W * 0.6, W * 0.7, W * 0.8, W * 0.9), outline=c.colour(rng, (0.3, 0.6)), width=3)
    return im


def draw(rng):
    im = page(rng)
    if rng.random() < 0.22:  # a closer look at a part of the page
        k = rng.uniform(0.35, 0.8)
        w, h = int(im.width * k), min(im.height, int(im.width * k * rng.uniform(0.6, 1.4)))
        x, y = rng.randint(0, im.width - w), rng.randint(0, max(0, min(im.height - h, int(im.height * 0.4))))
        im = im.crop((x, y, x + w, y + h))
    p = rng.random()
    if p < 0.22:
        im = c.scanned(rng, im)
    elif p < 0.42:
        im = c.photographed(rng, im, fill=rng.uniform(0.8, 1.5))
    return c.jpeg(rng, im, 25, 95) if rng.random() < 0.4 else im
