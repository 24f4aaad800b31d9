"""Icons and logos: one flat, simple figure (shapes, strokes, letters, glyphs) on a plain ground, drawn at four times the size."""
import math

from PIL import Image, ImageDraw, ImageFilter

from . import common as c

S = 512
GLYPHS = ("\u2605\u2606\u260e\u2602\u2660\u2663\u2665\u2666\u266a\u266b\u2691\u2693\u2699\u26a1\u2708\u2709\u270e\u2714\u2716"
          "\u2744\u2764\u27a4\u2600\u2601\u263a\u2620\u2622\u262f\u2690\u2694\u2696\u269b\u26bd\u2702\u2706\u270c\u2720\u273f\u25b6\u2302\u231a\u21bb\u21e7\u2190\u2192")


def polygon(rng, cx, cy, r):
    n, spin = rng.randint(3, 8), rng.uniform(0, 6.28) if rng.random() < 0.4 else -math.pi / 2
    inner = rng.choice([1, 1, rng.uniform(0.35, 0.7)])
    return [(cx + r * (inner if k % 2 else 1) * math.cos(spin + math.pi * k / n), cy + r * (inner if k % 2 else 1) * math.sin(spin + math.pi * k / n))
            for k in range(2 * n)]


def figure(rng, d, ink, second, hole):
    """One part of the mark: a shape, filled or stroked, near the middle."""
    r = S * rng.uniform(0.12, 0.36)
    cx, cy = S / 2 + rng.choice([0, 0, rng.uniform(-0.15, 0.15) * S]), S / 2 + rng.choice([0, 0, rng.uniform(-0.15, 0.15) * S])
    box, t = (cx - r, cy - r, cx + r, cy + r), int(S * rng.uniform(0.03, 0.1))
    kind, full = rng.randrange(9), rng.random() < 0.6
    if kind == 0:
        d.ellipse(box, fill=ink if full else None, outline=ink, width=t)
    elif kind == 1:
        d.rounded_rectangle(box, r * rng.uniform(0, 0.6), fill=ink if full else None, outline=ink, width=t)
    elif kind == 2:
        d.polygon(polygon(rng, cx, cy, r), fill=ink)
    elif kind == 3:
        a = rng.uniform(0, 360)
        d.arc(box, a, a + rng.uniform(90, 330), fill=ink, width=t)
    elif kind == 4:
        pts = [(cx + rng.uniform(-r, r), cy + rng.uniform(-r, r)) for _ in range(rng.randint(2, 5))]
        d.line(pts, fill=ink, width=t, joint="curve")
        for x, y in pts:
            d.ellipse((x - t / 2, y - t / 2, x + t / 2, y + t / 2), fill=ink)
    elif kind == 5:
        for k in range(rng.randint(2, 4)):
            y = cy - r + 2 * r * k / 3
            d.rounded_rectangle((cx - r, y, cx + r * rng.choice([1, 1, 0.4]), y + t), t / 2, fill=ink)
    elif kind == 6:
        a = rng.uniform(0, 360)
        d.pieslice(box, a, a + rng.uniform(60, 300), fill=ink)
    elif kind == 7:
        n = rng.randint(3, 12)
        for k in range(n):
            a = 2 * math.pi * k / n
            x, y, q = cx + r * math.cos(a), cy + r * math.sin(a), t * 0.7
            d.ellipse((x - q, y - q, x + q, y + q), fill=rng.choice([ink, second]))
    else:
        d.chord(box, rng.uniform(0, 180), rng.uniform(181, 360), fill=ink)
    if rng.random() < 0.35:
        q = r * rng.uniform(0.2, 0.6)
        d.ellipse((cx - q, cy - q, cx + q, cy + q), fill=hole)


def letters(rng, im, d, ink):
    """A letter, a short word, or a glyph, as a logo sets it."""
    p = rng.random()
    text = (rng.choice(GLYPHS) if p < 0.35 else "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghkmnqrst&?!#@$") for _ in range(rng.choice([1, 1, 1, 2, 2, 3])))
            if p < 0.8 else c.words(rng, 1)[:8])
    f = ImageFont_symbol(rng) if p < 0.35 else c.font(rng, S * 0.5, rng.choice(["sans", "sans", "serif", "hand"]))
    w = max(1, f.getlength(text))
    f = f.font_variant(size=max(12, int(f.size * min(0.9, S * rng.uniform(0.4, 0.8) / w)))) if hasattr(f, "font_variant") else f
    d.text((S / 2, S / 2), text, font=f, fill=ink, anchor="mm", stroke_width=rng.choice([0, 0, 0, 6]), stroke_fill=ink)


def ImageFont_symbol(rng):
    """A face that has the symbols: DejaVu Sans, part of every Debian desktop."""
    return c.load_font("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", S // 2)


def gradient(rng, a, b):
    ramp = Image.linear_gradient("L").resize((S, S)).rotate(rng.choice([0, 45, 90, 135, 180]))
    return Image.composite(Image.new("RGB", (S, S), a), Image.new("RGB", (S, S), b), ramp)


def mark(rng, ground):
    """The figure alone, on `ground`, S by S."""
    im = Image.new("RGB", (S, S), ground)
    d = ImageDraw.Draw(im)
    mono = rng.random() < 0.35
    dark_ground = sum(ground) < 330
    ink = ((255, 255, 255) if dark_ground else (0, 0, 0)) if mono else c.colour(rng, (0.5, 0.8) if dark_ground else (0.2, 0.6), (0.5, 1))
    second = ink if mono else c.colour(rng, (0.3, 0.7), (0.5, 1))
    hole = ground
    if rng.random() < 0.5:  # a badge behind it: an app icon, a disc, a shield
        m, badge = S * rng.uniform(0.02, 0.16), Image.new("L", (S, S))
        b = ImageDraw.Draw(badge)
        shape = rng.randrange(4)
        if shape == 0:
            b.ellipse((m, m, S - m, S - m), fill=255)
        elif shape == 3:
            b.polygon(polygon(rng, S / 2, S / 2, S / 2 - m), fill=255)
        else:
            b.rounded_rectangle((m, m, S - m, S - m), S * rng.choice([0, 0.08, 0.2, 0.25]), fill=255)
        fill = ink if mono else c.colour(rng, (0.2, 0.75), (0.4, 1))
        if rng.random() < 0.25:
            im.paste(Image.new("RGB", (S, S), c.grey(rng, 100, 200)), (0, 10), badge.filter(ImageFilter.GaussianBlur(12)))
        im.paste(gradient(rng, fill, c.colour(rng)) if rng.random() < 0.4 and not mono else Image.new("RGB", (S, S), fill), (0, 0), badge)
        hole, ink = fill, (255, 255, 255) if rng.random() < 0.75 else ground
    if rng.random() < 0.45:
        letters(rng, im, d, ink)
    else:
        for k in range(rng.choice([1, 2, 2, 3, 4, 5])):
            figure(rng, d, ink if k % 2 == 0 or rng.random() < 0.5 else second, second, hole)
    if rng.random() < 0.25:
        im = im.transpose(Image.FLIP_LEFT_RIGHT)
    return im


def on_ground(rng, im, ground):
    """More or less empty ground around the mark, sometimes as a wide logo with its name."""
    k = rng.choice([1, 1, rng.uniform(1, 1.8)])
    w = h = int(im.width * k)
    name = rng.random() < 0.15
    if name:
        w = int(w * rng.uniform(1.3, 2.2))
    out, d = c.canvas(w, h, ground)
    out.paste(im, ((h - im.width) // 2 if name else (w - im.width) // 2, (h - im.height) // 2))
    if name:
        f = c.font(rng, h * rng.uniform(0.15, 0.35), "sans")
        d.text((h * 0.95, h / 2), c.title(rng, 1), font=f, fill=c.grey(rng, 0, 80) if sum(ground) > 330 else (255, 255, 255), anchor="lm")
    return out


def ground_colour(rng):
    p = rng.random()
    return ((255, 255, 255) if p < 0.5 else (0, 0, 0) if p < 0.62 else c.grey(rng, 20, 60) if p < 0.7
            else c.grey(rng, 225, 252) if p < 0.82 else c.colour(rng, (0.15, 0.9), (0.2, 1)))


def draw(rng, real=()):
    """An invented icon, or with `real` (RGBA pictures of icon themes) one of those on a random ground."""
    ground = ground_colour(rng)
    im = on_ground(rng, mark(rng, ground), ground).resize((256, 256), Image.LANCZOS) if False else on_ground(rng, mark(rng, ground), ground)
    k = rng.choice([1, 1, 0.5, rng.uniform(0.06, 0.5)])  # small icons arrive enlarged
    small = im.resize((max(16, int(im.width * k)), max(16, int(im.height * k))), Image.LANCZOS)
    return c.jpeg(rng, small, 40, 95) if rng.random() < 0.3 else small


def place(rng, rgba):
    """A finished icon with transparency on a random plain ground."""
    ground = ground_colour(rng)
    m = rng.choice([0, rng.uniform(0, 0.5)])
    w, h = int(rgba.width * (1 + m)), int(rgba.height * (1 + m))
    im = Image.new("RGB", (w, h), ground)
    im.paste(rgba, ((w - rgba.width) // 2, (h - rgba.height) // 2), rgba)
    return c.jpeg(rng, im, 40, 95) if rng.random() < 0.3 else im
