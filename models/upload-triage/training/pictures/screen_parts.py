"""The parts that user interfaces are made of. Each draws into `box` (x, y, width, height) with the colours of a theme."""
from . import common as c, icon
from .tables import table


class Theme:
    """Colours and text size of one application."""

    def __init__(self, rng):
        self.dark = rng.random() < 0.33
        tint = rng.random() < 0.3
        self.back = (c.colour(rng, (0.07, 0.17), (0, 0.4)) if self.dark else c.colour(rng, (0.93, 0.99), (0, 0.6)) if tint else (255, 255, 255))
        self.panel = c.grey(rng, 28, 60) if self.dark else c.grey(rng, 233, 250)
        self.line = c.grey(rng, 55, 85) if self.dark else c.grey(rng, 200, 232)
        self.ink = c.grey(rng, 190, 245) if self.dark else c.grey(rng, 10, 80)
        self.faint = c.grey(rng, 100, 150) if self.dark else c.grey(rng, 120, 180)
        self.accent = c.colour(rng, (0.35, 0.6), (0.4, 1))
        self.size = rng.uniform(9, 15)
        self.bodies = None  # what applications of this theme show; None: anything
        self.files = [c.font(rng, self.size, "sans").path for _ in range(1)]

    def font(self, k=1.0):
        return c.load_font(self.files[0], max(6, int(self.size * k)))


def clip(f, text, w):
    while len(text) > 1 and f.getlength(text) > w:
        text = text[:-1]
    return text


def button(rng, d, t, x, y, quiet=False):
    w, h = t.size * rng.uniform(5, 8), t.size * 2.1
    d.rounded_rectangle((x, y, x + w, y + h), rng.choice([0, 4, h / 2]), fill=None if quiet else t.accent, outline=t.line if quiet else None)
    d.text((x + w / 2, y + h / 2), c.title(rng, 1)[:8], font=t.font(), fill=t.ink if quiet else (255, 255, 255), anchor="mm")


def thumbnail(rng, im, box):
    x, y, w, h = (max(1, int(v)) for v in box)
    im.paste(rng.choice(PHOTOS).resize((w, h)) if PHOTOS and rng.random() < 0.8 else c.texture(rng, max(4, w), max(4, h)).resize((w, h)), (int(box[0]), int(box[1])))


PHOTOS = []  # small photographs for banners, cards and faces; filled by the caller that has some


def bar(rng, im, d, t, x, y, w, title=False, browser=False):
    """A title, tool or navigation bar; returns its height."""
    h = t.size * rng.uniform(1.8, 3.2)
    fill = rng.choice([t.panel, t.panel, t.accent, t.back, c.grey(rng, 20, 50)])
    d.rectangle((x, y, x + w, y + h), fill=fill)
    ink, q = (255, 255, 255) if sum(fill) < 380 else (40, 40, 40), h * 0.22
    if title and rng.random() < 0.5:
        for k, col in enumerate([(255, 95, 86), (255, 189, 46), (39, 201, 63)]):
            d.ellipse((x + 8 + k * q * 2.6, y + h / 2 - q, x + 8 + k * q * 2.6 + 2 * q, y + h / 2 + q), fill=col)
    elif title:
        for k in range(3):
            d.rectangle((x + w - 12 - k * h, y + h * 0.35, x + w - 12 - k * h + h * 0.3, y + h * 0.65), outline=ink)
    if title:
        d.text((x + w * rng.choice([0.03 + 60 / w, 0.45]), y + h * 0.2), c.title(rng, rng.randint(1, 3)), font=t.font(), fill=ink)
    else:
        n, right = rng.randint(2, 8), rng.random() < 0.3
        for k in range(n):
            xx = x + 10 + k * t.size * 5.5 + (w * 0.4 if right else 0)
            if rng.random() < 0.4:
                d.rounded_rectangle((xx, y + h * 0.25, xx + h * 0.5, y + h * 0.75), 3, fill=t.faint)
            else:
                d.text((xx, y + h * 0.2), c.title(rng, 1)[:8], font=t.font(), fill=ink)
        if rng.random() < 0.4:
            d.rounded_rectangle((x + w * 0.65, y + h * 0.2, x + w * 0.95, y + h * 0.8), 5, fill=t.back, outline=t.line)
    if browser:
        d.rectangle((x, y + h, x + w, y + 2 * h), fill=t.panel)
        d.rounded_rectangle((x + w * 0.12, y + h * 1.2, x + w * 0.85, y + h * 1.8), h * 0.3, fill=t.back, outline=t.line)
        d.text((x + w * 0.14, y + h * 1.25), "https://" + c.words(rng, 2).replace(" ", ".") + ".org", font=t.font(0.9), fill=t.ink)
        h *= 2
    d.line((x, y + h, x + w, y + h), fill=t.line)
    return h


def sidebar(rng, im, d, t, box):
    x, y, w, h = box
    fill = rng.choice([t.panel, t.panel, t.accent, c.colour(rng, (0.1, 0.25))])
    d.rectangle((x, y, x + w, y + h), fill=fill)
    ink, f, step = (235, 235, 235) if sum(fill) < 380 else (60, 60, 60), t.font(), t.size * rng.uniform(1.7, 3)
    marks, yy, chosen = rng.random() < 0.6, y + step, rng.randrange(8)
    for k in range(int(h / step) - rng.randint(1, 6)):
        if k == chosen:
            d.rectangle((x, yy - step * 0.2, x + w, yy + step * 0.75), fill=t.accent if fill != t.accent else t.panel)
        if marks:
            d.ellipse((x + 8, yy, x + 8 + t.size, yy + t.size), fill=t.faint)
        if rng.random() < 0.93:
            d.text((x + (14 + t.size if marks else 10), yy), clip(f, c.title(rng, rng.randint(1, 3)), w - 30), font=f, fill=ink)
        yy += step


def list_rows(rng, im, d, t, box):
    """A list with pictures or dots, one or two lines of text, and something at the right."""
    x, y, w, h = box
    step, marks, two, photos = t.size * rng.uniform(2, 5), rng.choice([None, "dot", "icon", "square"]), rng.random() < 0.5, rng.random() < 0.3
    f, small, yy, lines = t.font(), t.font(0.85), y, rng.random() < 0.6
    stop = y + h * (1 if rng.random() < 0.7 else rng.uniform(0.3, 1))
    while yy + step < stop:
        q, xx = step * 0.6, x
        if marks:
            if photos and marks == "square":
                thumbnail(rng, im, (x, yy + step * 0.2, q, q))
            elif marks == "dot":
                d.ellipse((x, yy + step * 0.2, x + q, yy + step * 0.2 + q), fill=c.colour(rng))
            else:
                d.rounded_rectangle((x, yy + step * 0.2, x + q, yy + step * 0.2 + q), 3, fill=rng.choice([t.faint, t.accent]))
            xx += q + 8
        d.text((xx, yy + step * 0.15), clip(f, c.title(rng, rng.randint(1, 5)), w * 0.7), font=f, fill=t.ink)
        if two and step > t.size * 2.8:
            d.text((xx, yy + step * 0.15 + t.size * 1.2), clip(small, c.words(rng, rng.randint(3, 9)), w * 0.75), font=small, fill=t.faint)
        if rng.random() < 0.5:
            d.text((x + w - t.size * 4, yy + step * 0.2), rng.choice([f"{rng.randint(1, 23)}:{rng.randint(10, 59)}", str(rng.randint(1, 99)), "\u203a", "..."]), font=small, fill=t.faint)
        if lines:
            d.line((x, yy + step, x + w, yy + step), fill=t.line)
        yy += step


def card_grid(rng, im, d, t, box):
    x, y, w, h = box
    n = max(1, int(w / (t.size * rng.uniform(9, 16))))
    cw, photos = w / n, rng.random() < 0.6
    ch = cw * rng.uniform(0.7, 1.3)
    for r in range(int(h / ch) + 1):
        for k in range(n):
            x0, y0 = x + k * cw + 4, y + r * ch + 4
            x1, y1 = x0 + cw - 8, min(y0 + ch - 8, y + h)
            if y1 - y0 < 30:
                continue
            d.rounded_rectangle((x0, y0, x1, y1), rng.choice([3, 8]), fill=t.panel, outline=t.line)
            if photos:
                thumbnail(rng, im, (x0, y0, x1 - x0, (y1 - y0) * 0.6))
            d.text((x0 + 6, y0 + (y1 - y0) * 0.64), clip(t.font(), c.title(rng, 3), cw - 20), font=t.font(), fill=t.ink)
            d.text((x0 + 6, y0 + (y1 - y0) * 0.64 + t.size * 1.3), clip(t.font(0.8), c.words(rng, 5), cw - 20), font=t.font(0.8), fill=t.faint)


def settings(rng, im, d, t, box):
    x, y, w, h = box
    step, yy = t.size * rng.uniform(2.4, 3.6), y
    while yy + step < y + h:
        p, s = rng.random(), t.size
        if p < 0.12:
            d.text((x, yy + s * 0.6), c.title(rng, 2), font=t.font(1.2), fill=t.accent if rng.random() < 0.5 else t.ink)
        else:
            d.text((x, yy + s * 0.5), clip(t.font(), c.title(rng, rng.randint(2, 5)), w * 0.7), font=t.font(), fill=t.ink)
            on = rng.random() < 0.5
            if p < 0.5:
                d.rounded_rectangle((x + w - s * 3, yy + s * 0.5, x + w - s * 0.6, yy + s * 1.7), s * 0.6, fill=t.accent if on else t.faint)
                k = x + w - s * (1.9 if on else 3)
                d.ellipse((k, yy + s * 0.5, k + s * 1.2, yy + s * 1.7), fill=(255, 255, 255))
            elif p < 0.7:
                d.rectangle((x + w - s * 2, yy + s * 0.5, x + w - s, yy + s * 1.5), outline=t.ink, fill=t.accent if on else None)
            else:
                d.rounded_rectangle((x + w * 0.6, yy + s * 0.3, x + w, yy + s * 2), 3, fill=t.panel, outline=t.line)
                d.text((x + w * 0.62, yy + s * 0.5), c.title(rng, 1), font=t.font(), fill=t.ink)
            d.line((x, yy + step, x + w, yy + step), fill=t.line)
        yy += step


def field_rows(rng, im, d, t, box):
    """A form on screen: labels, fields, a button."""
    x, y, w, h = box
    s, side, yy = t.size, rng.random() < 0.4, y
    for _ in range(rng.randint(2, 9)):
        if yy + s * 4.5 > y + h:
            break
        d.text((x, yy + (s * 0.4 if side else 0)), clip(t.font(), c.title(rng, rng.randint(1, 3)), w * 0.3 if side else w), font=t.font(), fill=t.ink)
        x0, y0 = (x + w * 0.33, yy) if side else (x, yy + s * 1.4)
        d.rounded_rectangle((x0, y0, x + w, y0 + s * 2), rng.choice([0, 4, 4]), fill=t.panel if rng.random() < 0.4 else t.back, outline=t.line)
        if rng.random() < 0.6:
            d.text((x0 + 6, y0 + s * 0.4), c.words(rng, 2), font=t.font(), fill=t.faint)
        yy += s * (2.8 if side else 4.4)
    button(rng, d, t, x, yy + s * 0.5)


def chat(rng, im, d, t, box):
    x, y, w, h = box
    f, s, bubbles, yy = t.font(), t.size, rng.random() < 0.6, y
    while yy < y + h - s * 4:
        n, mine = rng.randint(1, 4), bubbles and rng.random() < 0.45
        bw = w * rng.uniform(0.3, 0.7)
        x0 = x + w - bw if mine else x + s * 2.6
        if not mine:
            d.ellipse((x, yy, x + s * 2, yy + s * 2), fill=c.colour(rng))
        if bubbles:
            d.rounded_rectangle((x0, yy, x0 + bw, min(y + h, yy + n * s * 1.4 + s * 0.8)), s * 0.8, fill=t.accent if mine else t.panel)
        else:
            d.text((x0, yy - 2), c.title(rng, 2), font=t.font(1.05), fill=t.ink)
            yy += s * 1.2
        for k in range(n):
            if yy + k * s * 1.4 < y + h - s * 2:
                d.text((x0 + 8, yy + s * 0.4 + k * s * 1.4), clip(f, c.words(rng, 9), bw - 14), font=f, fill=(255, 255, 255) if mine else t.ink)
        yy += n * s * 1.4 + s * rng.uniform(1.4, 3)
    d.rounded_rectangle((x, y + h - s * 2, x + w, y + h), s, outline=t.line, fill=t.panel)


def files(rng, im, d, t, box):
    """A file manager or launcher: a grid of icons with names below."""
    x, y, w, h = box
    q = t.size * rng.uniform(2.5, 5)
    step, same = q * rng.uniform(1.6, 2.3), rng.random() < 0.5
    shared = icon.mark(rng, t.back).resize((int(q), int(q)))
    r = 0
    while y + (r + 1) * step < y + h:
        for k in range(int(w / step)):
            x0, y0 = x + k * step + (step - q) / 2, y + r * step
            if rng.random() < 0.95:
                im.paste(shared if same else icon.mark(rng, t.back).resize((int(q), int(q))), (int(x0), int(y0)))
                name = clip(t.font(0.8), c.words(rng, 1), step - 4)
                d.text((x0 + q / 2, y0 + q + 2), name, font=t.font(0.8), fill=t.ink, anchor="ma")
        r += 1
        if rng.random() < 0.1:
            break


def sheet(rng, im, d, t, box):
    x, y, w, h = box
    table(rng, d, x, y, w, max(2, int(h / t.size / 2.5)), t.size, t.ink, light=not t.dark)


def code(rng, im, d, t, box):
    """Source text with colours and line numbers."""
    x, y, w, h = box
    f = c.font(rng, t.size, "mono")
    inks = [t.ink, t.ink] + [c.colour(rng, (0.55, 0.8) if t.dark else (0.25, 0.5), (0.4, 0.9)) for _ in range(4)]
    yy, n, indent = y, 1, 0
    while yy + t.size * 1.4 < y + h:
        d.text((x, yy), str(n), font=f, fill=t.faint)
        xx = x + t.size * 3 + indent * t.size * 1.3
        for _ in range(rng.choice([0, 1, 2, 3, 4, 5])):
            s = rng.choice(["{}", "{}(", "{}) {{", "{}.", "{} = ", "'{}'", "// {}", "{};"]).format(c.words(rng, 1))
            if xx + f.getlength(s) < x + w:
                d.text((xx, yy), s, font=f, fill=rng.choice(inks))
            xx += f.getlength(s + " ")
        indent = max(0, min(6, indent + rng.choice([-1, 0, 0, 1])))
        yy, n = yy + t.size * 1.4, n + 1


def paragraph(rng, im, d, t, box):
    """Running text with headings, links and pictures, as on a documentation page."""
    x, y, w, h = box
    yy, f = y, t.font()
    while yy < y + h - t.size * 2:
        p = rng.random()
        if p < 0.2:
            d.text((x, yy), clip(t.font(1.7), c.title(rng, 4), w), font=t.font(1.7), fill=t.ink)
            yy += t.size * 2.6
        elif p < 0.3 and yy + h * 0.25 < y + h:
            thumbnail(rng, im, (x, yy, w * 0.6, h * 0.22))
            yy += h * 0.22 + t.size
        elif p < 0.4:
            d.rectangle((x, yy, x + w, yy + t.size * 3), fill=t.panel, outline=t.line)
            d.text((x + 6, yy + t.size * 0.8), clip(f, c.words(rng, 6), w - 12), font=f, fill=t.accent)
            yy += t.size * 4
        else:
            for _ in range(rng.randint(1, 5)):
                if yy < y + h - t.size * 1.4:
                    d.text((x, yy), clip(f, c.words(rng, int(w / t.size / 2.4) + 1), w), font=f, fill=t.accent if rng.random() < 0.06 else t.ink)
                yy += t.size * 1.5
            yy += t.size


def calendar(rng, im, d, t, box):
    """A week of columns with coloured appointments, or a month of cells with short ones."""
    x, y, w, h = box
    head, months = t.size * 2, rng.random() < 0.4
    columns, n = rng.choice([5, 7, 7]), (5 if months else rng.randint(8, 16))
    inks = [c.colour(rng, rng.choice([(0.35, 0.85), (0.8, 0.93)]), (0.3, 1)) for _ in range(rng.randint(1, 5))]
    left = x if months else x + t.size * 3
    cw, rh = (x + w - left) / columns, (h - head) / n
    if not months:
        for k in range(n):
            d.text((x, y + head + k * rh), f"{k + 7}:00", font=t.font(0.8), fill=t.faint)
        k = rng.randrange(columns)
        today = t.panel if t.dark or rng.random() < 0.5 else c.colour(rng, (0.93, 0.98), (0.3, 1))
        d.rectangle((left + k * cw, y + head, left + (k + 1) * cw, y + h), fill=today)
    for k in range(columns + 1):
        d.line((left + k * cw, y + head * rng.choice([0, 1]), left + k * cw, y + h), fill=t.line)
    for k in range(n + 1):
        d.line((left, y + head + k * rh, x + w, y + head + k * rh), fill=t.line)
    full = rng.uniform(0.1, 0.7)
    for k in range(columns):
        x0, row = left + k * cw, 0.0
        d.text((x0 + 3, y + 2), clip(t.font(0.9), f"{c.title(rng, 1)[:3]} {k + 1}", cw - 4), font=t.font(0.9), fill=t.ink)
        while row < n:
            long = 0.3 if months else rng.choice([0.5, 1, 1, 2, 3])
            if rng.random() < full and row + long <= n:
                y0, y1 = y + head + row * rh + (t.size if months else 1), y + head + (row + long) * rh + (t.size if months else -1)
                fill = rng.choice(inks)
                d.rectangle((x0 + 1, y0, x0 + cw - 2, max(y0 + 3, y1)), fill=fill)
                d.text((x0 + 3, y0 + 1), clip(t.font(0.8), c.words(rng, 2), cw - 6), font=t.font(0.8), fill=(255, 255, 255) if sum(fill) < 380 else (20, 20, 20))
            if months:
                d.text((x0 + 2, y + head + row * rh), str(int(row) * columns + k + 1), font=t.font(0.8), fill=t.ink)
            row += 1 if months else rng.choice([1, 1, 1.5, 2, 3])


def almost_empty(rng, im, d, t, box):
    """A page of settings or a first start: a heading, a few faint lines, a field or a button, and then nothing."""
    x, y, w, h = box
    x += w * rng.choice([0, 0, 0.1, 0.25])
    ink = rng.choice([t.ink, t.faint, t.faint])
    for _ in range(rng.randint(1, 4)):
        d.text((x, y), c.title(rng, rng.randint(1, 4)), font=t.font(rng.choice([1.0, 1.3, 1.7])), fill=t.ink)
        y += t.size * 2.6
        for _ in range(rng.randint(0, 4)):
            d.text((x, y), clip(t.font(0.95), c.words(rng, rng.randint(3, 16)), w * 0.8), font=t.font(0.95), fill=ink)
            y += t.size * rng.uniform(1.5, 2.4)
        p = rng.random()
        if p < 0.25:
            button(rng, d, t, x, y, quiet=rng.random() < 0.6)
            y += t.size * 3
        elif p < 0.5:
            d.rectangle((x, y, x + w * rng.uniform(0.2, 0.6), y + t.size * 2), outline=t.line)
            y += t.size * 3
        elif p < 0.65:
            for k in range(rng.randint(2, 5)):
                d.line((x, y, x + w * 0.8, y), fill=t.line)
                for q in range(4):
                    d.text((x + q * w * 0.2, y + 3), c.words(rng, 1), font=t.font(0.9), fill=ink)
                y += t.size * 2.2
        y += t.size
        if y > box[1] + h * 0.7:
            break


def year(rng, im, d, t, box):
    """Small calendars of months, of which sometimes only one is there."""
    x, y, w, h = box
    q = t.size * rng.uniform(1.6, 2.4)
    d.text((x, y), c.title(rng, 1), font=t.font(1.7), fill=t.ink)
    y, shown = y + t.size * 4, 1 if rng.random() < 0.25 else 12
    across = max(1, int(w / (q * 8.5)))
    for k in range(shown):
        x0, y0 = x + k % across * q * 8.5, y + k // across * q * 9
        if y0 + q * 4 > box[1] + h:
            break
        d.text((x0 + q * 3.5, y0), c.title(rng, 1), font=t.font(), fill=t.ink, anchor="ma")
        first = rng.randrange(7)
        for day in range(-7, 31):
            place = day + (first if day >= 0 else 0)
            row = 1 if day < 0 else 2 + place // 7
            text = c.title(rng, 1)[:3] if day < 0 else str(day + 1)
            d.text((x0 + (place % 7) * q, y0 + row * q), text, font=t.font(0.8), fill=t.ink)
