"""Windows of the classic desktop: menu, tool bar with icons, tabs, tables and trees, forms in grey dialogs, status bar."""
from . import common as c, icon

MENUS = "File Edit View Insert Format Tools Window Help Actions Reports Search Options Layer Colors Project Bookmarks Go".split()


class Look:
    """Colours, font and bevels of one toolkit."""

    def __init__(self, rng):
        dark = rng.random() < 0.12
        base = c.colour(rng, (0.86, 0.94), (0, 0.25)) if rng.random() < 0.5 else c.grey(rng, 212, 242)
        self.face = c.grey(rng, 45, 75) if dark else base
        self.base = c.grey(rng, 30, 50) if dark else (255, 255, 255)
        self.ink = c.grey(rng, 200, 235) if dark else c.grey(rng, 0, 50)
        self.light, self.shade = (tuple(min(255, v + 22) for v in self.face), tuple(int(v * 0.72) for v in self.face))
        self.pick = c.colour(rng, (0.35, 0.65), (0.3, 0.9))
        self.stripe = rng.choice([self.base, self.base, c.colour(rng, (0.9, 0.97), (0.2, 0.9)) if not dark else self.face])
        self.size = rng.uniform(10, 14)
        self.f = c.font(rng, self.size, "sans")
        self.row = self.size * rng.uniform(1.4, 1.9)

    def bevel(self, d, box, sunken=False, fill=None):
        x, y, u, v = box
        a, b = (self.shade, self.light) if sunken else (self.light, self.shade)
        d.rectangle(box, fill=fill or (self.base if sunken else self.face), outline=b)
        d.line((x, v, x, y, u, y), fill=a)

    def text(self, d, x, y, text, w=9999, fill=None):
        while len(text) > 1 and self.f.getlength(text) > w:
            text = text[:-1]
        d.text((x, y), text, font=self.f, fill=fill or self.ink)


def button(rng, d, k, x, y, w):
    k.bevel(d, (x, y, x + w, y + k.row * 1.3))
    k.text(d, x + w * 0.25, y + k.row * 0.25, c.title(rng, 1)[:9], w * 0.7)


def table(rng, im, d, k, x, y, w, h):
    """A list or tree with a header; numbers at the right."""
    k.bevel(d, (x, y, x + w, y + h), sunken=True)
    cuts, t = [0.0], rng.randint(1, 6)
    cuts += sorted(rng.random() for _ in range(t - 1)) + [1.0]
    if rng.random() < 0.8:
        for a, b in zip(cuts, cuts[1:]):
            k.bevel(d, (x + a * w, y, x + b * w, y + k.row))
            k.text(d, x + a * w + 4, y + 2, c.title(rng, 1), (b - a) * w - 6)
    tree, chosen, lined, full = rng.random() < 0.4, rng.randint(0, 12), rng.random() < 0.4, rng.choice([0.4, 0.8, 1])
    for n in range(1, int(h * full / k.row)):
        top = y + n * k.row
        fill = k.pick if n == chosen else k.stripe if n % 2 else None
        if fill:
            d.rectangle((x + 1, top, x + w - 1, min(y + h, top + k.row) - 1), fill=fill)
        if lined:
            d.line((x, top, x + w, top), fill=k.shade)
        for i, (a, b) in enumerate(zip(cuts, cuts[1:])):
            left = x + a * w + 4
            if i == 0 and tree:
                left += rng.randint(0, 2) * k.size
                d.rectangle((left, top + 3, left + k.size * 0.7, top + k.row - 4), outline=k.shade, fill=rng.choice([k.base, k.pick]))
                left += k.size
            label = c.title(rng, rng.randint(1, 3)) if i == 0 or rng.random() < 0.4 else f"{rng.uniform(0, 9999):.2f}" if rng.random() < 0.8 else ""
            k.text(d, left, top + 1, label, x + b * w - left - 3, (255, 255, 255) if n == chosen else None)
        if lined and t > 1:
            for a in cuts[1:-1]:
                d.line((x + a * w, top, x + a * w, top + k.row), fill=k.shade)


def form(rng, im, d, k, x, y, w, h):
    """Labels with fields, lists to choose from, boxes to tick, sliders; some in frames."""
    top, label = y + 4, w * rng.uniform(0.2, 0.45)
    while top + k.row * 1.5 < y + h:
        p = rng.random()
        if p < 0.12:
            k.text(d, x, top, c.title(rng, 2))
            d.line((x, top + k.row, x + w, top + k.row), fill=k.shade)
        elif p < 0.5:
            k.text(d, x + 8, top + 2, c.title(rng, rng.randint(1, 2)) + ":", label)
            u = x + label + (w - label) * rng.choice([0.4, 0.7, 1])
            k.bevel(d, (x + label + 10, top, u, top + k.row * 1.2), sunken=rng.random() < 0.7)
            k.text(d, x + label + 16, top + 2, c.words(rng, rng.randint(0, 3)), u - x - label - 30)
            d.polygon([(u - 14, top + k.row * 0.45), (u - 6, top + k.row * 0.45), (u - 10, top + k.row * 0.8)], fill=k.ink)
        elif p < 0.8:
            s = k.size
            (d.ellipse if rng.random() < 0.4 else d.rectangle)((x + 10, top + 2, x + 10 + s, top + 2 + s), fill=k.base, outline=k.shade)
            if rng.random() < 0.5:
                d.line((x + 12, top + s * 0.6, x + 8 + s * 0.7, top + s, x + 9 + s, top + 3), fill=k.ink, width=2)
            k.text(d, x + 16 + s, top + 1, c.words(rng, rng.randint(2, 5)).capitalize(), w - 40)
        elif p < 0.9:
            d.rectangle((x + label, top + k.row * 0.4, x + w - 20, top + k.row * 0.6), fill=k.shade)
            q = x + label + (w - label - 30) * rng.random()
            k.bevel(d, (q, top, q + 10, top + k.row))
            k.text(d, x + 8, top + 1, c.title(rng, 1), label)
        else:
            for n in range(rng.randint(1, 3)):
                button(rng, d, k, x + 8 + n * k.size * 8, top, k.size * 7)
            top += k.row * 0.4
        top += k.row * 1.4


def text(rng, im, d, k, x, y, w, h):
    """A wizard's or an editor's words in a white area."""
    k.bevel(d, (x, y, x + w, y + h), sunken=True)
    for n in range(int(h * rng.choice([0.2, 0.5, 0.9]) / k.row)):
        if rng.random() < 0.8:
            k.text(d, x + 8, y + 4 + n * k.row, c.words(rng, rng.randint(1, 12)), w - 16)


def picture(rng, im, d, k, x, y, w, h):
    """A canvas, a histogram or a colour field."""
    k.bevel(d, (x, y, x + w, y + h), sunken=True)
    if rng.random() < 0.5:
        im.paste(c.texture(rng, max(8, int(w) - 4), max(8, int(h) - 4)), (int(x) + 2, int(y) + 2))
    else:
        v = 0.5
        for q in range(int(w) - 4):
            v = min(1, max(0, v + rng.gauss(0, 0.05)))
            d.line((x + 2 + q, y + h - 2, x + 2 + q, y + h - 2 - v * (h - 6)), fill=k.ink)


def draw(rng):
    W, H = rng.choice([(800, 600), (640, 480), (520, 420), (420, 500), (360, 300), (900, 560), (300, 420), (700, 260)])
    k = Look(rng)
    im, d = c.canvas(W, H, k.face)
    y = 0
    if rng.random() < 0.75:
        h = k.row * 1.4
        d.rectangle((0, 0, W, h), fill=rng.choice([k.pick, k.face, k.shade]))
        k.text(d, W * rng.choice([0.03, 0.4]), h * 0.2, c.title(rng, rng.randint(1, 4)))
        for n in range(3):
            d.rectangle((W - (n + 1) * h * 0.8, h * 0.3, W - (n + 1) * h * 0.8 + h * 0.4, h * 0.7), outline=k.ink)
        y += h
    full = rng.random() < 0.55
    if full:
        x = 8
        for name in rng.sample(MENUS, rng.randint(3, 8)):
            k.text(d, x, y + 3, name)
            x += k.f.getlength(name) + 14
        y += k.row * 1.2
        if rng.random() < 0.8:
            s, x, named = int(k.size * rng.uniform(1.3, 2.4)), 8, rng.random() < 0.5
            while x + s < W * rng.uniform(0.5, 1):
                im.paste(icon.mark(rng, k.face).resize((s, s)), (int(x), int(y) + 3))
                if named:
                    k.text(d, x - 2, y + s + 4, c.title(rng, 1), s * 2)
                x += s * (2.1 if named else 1.4)
            y += s + 8 + named * k.row
            d.line((0, y, W, y), fill=k.shade)
    if rng.random() < 0.4:
        x = 6
        for n in range(rng.randint(1, 5)):
            w = k.size * rng.uniform(5, 9)
            k.bevel(d, (x, y + 4 - (n == 0) * 2, x + w, y + 4 + k.row * 1.3), fill=k.light if n == 0 else k.face)
            k.text(d, x + 6, y + 7, c.title(rng, 1), w - 10)
            x += w
        y += k.row * 1.5
    foot = 0 if full else k.row * 2
    bodies = [table, table, form, text, picture] if full else [form, form, form, table, text, picture]
    x, w = 8, W - 16
    if rng.random() < 0.35 and W > 400:
        cut = W * rng.uniform(0.2, 0.5)
        rng.choice(bodies)(rng, im, d, k, 8, y + 6, cut - 14, H - y - foot - 14)
        x, w = cut, W - cut - 8
    rng.choice(bodies)(rng, im, d, k, x, y + 6, w, H - y - foot - 14)
    if foot:
        for n in range(rng.randint(1, 3)):
            button(rng, d, k, W - (n + 1) * k.size * 8.5, H - k.row * 1.7, k.size * 8)
    elif rng.random() < 0.6:
        k.bevel(d, (0, H - k.row, W, H))
        k.text(d, 6, H - k.row + 1, c.words(rng, 4), W * 0.6)
    if rng.random() < 0.3:  # a part, as manuals show it
        z = rng.uniform(0.35, 0.8)
        x, y = int(W * (1 - z) * rng.random()), int(H * (1 - z) * rng.random())
        im = im.crop((x, y, x + int(W * z), y + int(H * z)))
    if rng.random() < 0.12:
        big, _ = c.canvas(int(im.width * 1.4), int(im.height * 1.4), c.colour(rng, (0.1, 0.5)))
        big.paste(im, (int(im.width * 0.2), int(im.height * 0.2)))
        im = big
    return c.jpeg(rng, im, 35, 95) if rng.random() < 0.2 else im
