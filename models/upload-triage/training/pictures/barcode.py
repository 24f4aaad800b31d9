"""Barcodes: real Code 128, Code 39, EAN and ITF patterns, and QR-, Data-Matrix-, Aztec- and PDF417-like matrices, on labels and things."""
import numpy as np
from PIL import Image, ImageFilter, ImageOps

from . import common as c

# ISO/IEC 15417, table 1: bar and space widths of the 107 Code 128 symbols.
CODE128 = """212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222
123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 232121
111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331
231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421
141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212
124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131
311141 411131 211412 211214 211232 2331112""".split()
EAN_LEFT = "3211 2221 2122 1411 1132 1231 1114 1312 1213 3112".split()  # GS1 General Specifications 5.2, set A
PARITY = "AAAAAA AABABB AABBAB AABBBA ABAABB ABBAAB ABBBAA ABABAB ABABBA ABBABA".split()
ITF = "nnwwn wnnnw nwnnw wwnnn nnwnw wnwnn nwwnn nnnww wnnwn nwnwn".split()  # ISO/IEC 16390


def code128(rng):
    values = [104] + [rng.randint(0, 94) for _ in range(rng.randint(4, 16))]
    values.append(sum(v * max(1, k) for k, v in enumerate(values)) % 103)
    return [int(w) for v in values + [106] for w in CODE128[v]]


def ean13(rng):
    digits = [rng.randint(0, 9) for _ in range(12)]
    digits.append(-sum(v * (3 if k % 2 else 1) for k, v in enumerate(digits)) % 10)
    left = "".join(EAN_LEFT[v] if p == "A" else EAN_LEFT[v][::-1] for v, p in zip(digits[1:7], PARITY[digits[0]]))
    return [int(w) for w in "111" + left + "11111" + "".join(EAN_LEFT[v] for v in digits[7:]) + "111"]


def itf(rng):
    out = "1111"
    for _ in range(rng.randint(3, 8)):
        a, b = rng.choice(ITF), rng.choice(ITF)
        out += "".join(("3" if p == "w" else "1") + ("3" if q == "w" else "1") for p, q in zip(a, b))
    return [int(w) for w in out + "311"]


def code39_like(rng):
    out = []
    for _ in range(rng.randint(6, 14)):
        wide = set(rng.sample(range(9), 3))
        out += [3 if k in wide else 1 for k in range(9)] + [1]
    return out[:-1]


def linear(rng):
    """A 1-D code with its quiet zone, often with digits below."""
    widths, unit = rng.choice([code128, ean13, ean13, itf, code39_like])(rng), rng.randint(2, 4)
    total, height = sum(widths) * unit, 0
    height = int(total * rng.choice([rng.uniform(0.15, 0.4), rng.uniform(0.4, 0.9)]))
    quiet, text = rng.randint(2, 12) * unit, rng.random() < 0.7
    size = max(10, int(total * rng.uniform(0.05, 0.1)))
    im, d = c.canvas(total + 2 * quiet, height + 2 * quiet + (size * 1.3 if text else 0), (255, 255, 255))
    x = quiet
    for k, w in enumerate(widths):
        if k % 2 == 0:
            d.rectangle((x, quiet, x + w * unit - 1, quiet + height), fill=(0, 0, 0))
        x += w * unit
    if text:
        f = c.font(rng, size, rng.choice(["sans", "mono"]))
        s = "".join(rng.choice("0123456789") for _ in range(rng.randint(6, 13)))
        s = " ".join(s) if rng.random() < 0.4 else s
        d.text((quiet + (total - f.getlength(s)) / 2, quiet + height + 2), s, font=f, fill=(0, 0, 0))
    return im


def stacked(rng):
    """PDF417- or stacked-GS1-like: rows of bars between guards."""
    rows, n = rng.randint(2, 40), rng.randint(40, 110)
    g = np.random.default_rng(rng.getrandbits(32))
    m = np.repeat(g.random((rows, n)) < 0.5, rng.randint(2, 4) if rows > 6 else n // rows + 4, 0)
    if rows > 6 and rng.random() < 0.8:
        m[:, :16] = np.array([1] * 8 + [0, 1, 0, 1, 0, 1, 0, 0], bool)
        m[:, -18:] = np.array([1] * 7 + [0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1], bool)
    return matrix_image(rng, m)


def finder(m, y, x):
    m[max(0, y - 1):y + 8, max(0, x - 1):x + 8] = False
    m[y:y + 7, x:x + 7] = True
    m[y + 1:y + 6, x + 1:x + 6] = False
    m[y + 2:y + 5, x + 2:x + 5] = True


def square(rng):
    """QR-, Data-Matrix- or Aztec-like: finder patterns of the standard shape, random modules elsewhere."""
    kind = rng.choice(["qr"] * 5 + ["matrix"] * 2 + ["aztec"])
    n = rng.choice([21, 25, 29, 33, 37, 45, 57]) if kind == "qr" else rng.choice([12, 16, 20, 24, 32])
    m = np.random.default_rng(rng.getrandbits(32)).random((n, n)) < 0.5
    if kind == "qr":
        for y, x in ((0, 0), (0, n - 7), (n - 7, 0)):
            finder(m, y, x)
        m[6, 8:n - 8] = m[8:n - 8, 6] = np.arange(n - 16) % 2 == 0
        if n > 21:
            k = n - 9
            m[k:k + 5, k:k + 5] = True
            m[k + 1:k + 4, k + 1:k + 4] = False
            m[k + 2, k + 2] = True
    elif kind == "matrix":
        if rng.random() < 0.2:
            m = m[: n // 2]
        m[:, 0] = m[-1] = True
        m[0] = np.arange(m.shape[1]) % 2 == 0
        m[:, -1] = np.arange(m.shape[0]) % 2 == m.shape[0] % 2
    else:
        yy, xx = np.mgrid[0:n, 0:n]
        r = np.maximum(abs(yy - n // 2), abs(xx - n // 2))
        m[r < 6] = (r % 2 == 0)[r < 6]
    return matrix_image(rng, m)


def matrix_image(rng, m):
    m = np.pad(m, rng.randint(1, 5))
    k = max(2, rng.randint(240, 480) // max(m.shape))
    return Image.fromarray(((1 - np.kron(m, np.ones((k, k)))) * 255).astype(np.uint8)).convert("RGB")


def recolour(rng, im):
    """Dark modules in another ink, or the whole code inverted."""
    p = rng.random()
    if p < 0.1:
        return ImageOps.invert(im)
    if p < 0.25:
        return ImageOps.colorize(im.convert("L"), c.colour(rng, (0.05, 0.4)), c.colour(rng, (0.75, 0.98)))
    return im


def label(rng, code):
    """The code on a larger label with some text, as on parcels, shelves and packaging."""
    w, h = code.width * rng.uniform(1.05, 1.8), code.height * rng.uniform(1.1, 2.2)
    im, d = c.canvas(w, h, (255, 255, 255) if rng.random() < 0.6 else c.colour(rng, (0.5, 0.95)))
    f = c.font(rng, max(12, w * rng.uniform(0.03, 0.07)))
    if rng.random() < 0.3:
        d.rectangle((2, 2, w - 3, h - 3), outline=(0, 0, 0), width=3)
    for k in range(rng.randint(0, int(h / f.size / 1.3))):
        d.text((w * 0.04, k * f.size * 1.3 + 4), c.words(rng, rng.randint(1, 4)).upper() if rng.random() < 0.5 else c.title(rng, 3), font=f, fill=(0, 0, 0))
    im.paste(code, (int((w - code.width) * rng.random()), int((h - code.height) * rng.uniform(0.5, 1))))
    return im


def alone(rng, im):
    """A small code, turned, on a large plain ground."""
    ground = c.grey(rng, 0, 60) if rng.random() < 0.6 else c.colour(rng, (0.05, 0.98), (0, 0.8))
    side = int(max(im.size) * rng.uniform(1.8, 5))
    out = Image.new("RGB", (side, side), ground)
    turned = im.convert("RGBA").rotate(rng.uniform(0, 360), Image.BICUBIC, expand=True)
    reach = side * 0.12
    out.paste(turned, (int((side - turned.width) / 2 + rng.uniform(-reach, reach)), int((side - turned.height) / 2 + rng.uniform(-reach, reach))), turned)
    return out


def around_can(rng, im):
    """As on a can or a bottle: narrower towards both sides, and darker."""
    x = np.asarray(im.convert("L"), np.float32)
    n, reach = x.shape[1], rng.uniform(0.8, 1.45)
    a = np.linspace(-reach, reach, n)  # the eye sees the sine of the angle
    columns = np.interp(np.linspace(-np.sin(reach), np.sin(reach), n), np.sin(a), np.arange(n)).astype(int)
    x = x[:, columns] * (1 - rng.uniform(0.2, 0.7) * np.linspace(-1, 1, n)[None] ** 2) + rng.uniform(0, 60)
    return Image.fromarray(x.clip(0, 255).astype(np.uint8)).convert("RGB")


def draw(rng, photos=()):
    im = recolour(rng, rng.choice([linear, linear, linear, square, square, stacked])(rng))
    if rng.random() < 0.45:
        im = label(rng, im)
    if rng.random() < 0.12:
        im = around_can(rng, im)
    p = rng.random()
    if p < 0.5:
        back = rng.choice(photos) if photos and rng.random() < 0.4 else None
        im = c.photographed(rng, im, background=back and back.copy(), fill=rng.uniform(0.4, 1.3), tilt=0.14)
        if rng.random() < 0.3:
            im = im.convert("L").convert("RGB")
    elif p < 0.6:
        w, h = int(im.width * rng.uniform(1, 2)), int(im.height * rng.uniform(1, 2))
        bg, _ = c.canvas(w, h, c.colour(rng, (0.1, 0.98), (0, 0.8)))
        bg.paste(im, (int((w - im.width) * rng.random()), int((h - im.height) * rng.random())))
        im = bg
    elif p < 0.66:
        im = alone(rng, im)
    elif p < 0.74:
        im = c.scanned(rng, im)
    if rng.random() < 0.08:
        im = im.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2)))
    return c.jpeg(rng, im, 20, 90) if rng.random() < 0.4 else im
