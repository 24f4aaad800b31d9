"""Shared drawing helpers: fonts, words, colours, and the ways a picture gets worse on its way to us.

Everything takes a `random.Random` first, so that a seed repeats a picture (given the same fonts and Pillow).
"""
import colorsys
import functools
import io
import subprocess

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

WORDS = """the of and to in is you that it for on are as with his they at be this from have or by one had not but what
all were when we there can an your which their said if do will each about how up out them then she many some so these
would other into has more her two like him see time could no make than first been its who now people my made over did
down only way find use may water long little very after words called just where most know get through back much before
go good new write our used me man too any day same right look think also around another came come work three word must
because does part even place well such here take why things help put years different away again off went old number
great tell men say small every found still between name should home big give air line set own under read last never us
left end along while might next sound below saw something thought both few those always looked show large often
together asked house world going want school important until form food keep children feet land side without boy once
animals life enough took four head above kind began almost live page got earth need far hand high year mother light
country father let night picture being study second soon story since white ever paper hard near sentence better best
across during today however sure knew try told young sun thing whole hear example heard several change answer room sea
against top turned learn point city play toward five himself usually money seen car morning account invoice total
amount customer report section settings payment service delivery address contract agreement project meeting summary
analysis result method figure table price quantity order date reference signature department policy""".split()
SCRIPTS = [(0x0410, 0x044F), (0x0391, 0x03C9), (0x4E00, 0x6FFF), (0x3041, 0x3096)]
SANS = ("sans", "roboto", "lato", "inter", "carlito", "ubuntu", "cantarell", "plex")
MONO = ("mono", "code", "hack", "inconsolata", "courier", "typewriter")
HAND = ("dancing", "breip", "rufscript", "femke", "humor", "lobster", "isabella", "script")


@functools.lru_cache(None)
def fonts():
    """All scalable Latin fonts of this machine: {'sans'|'serif'|'mono'|'hand': [file]}."""
    out = {"sans": [], "serif": [], "mono": [], "hand": []}
    lines = subprocess.run(["fc-list", ":scalable=true:lang=en", "file", "family"], capture_output=True, text=True).stdout
    for line in sorted(lines.splitlines()):
        file, _, family = line.partition(": ")
        low = family.lower()
        if not file.endswith(("ttf", "otf")) or any(w in low for w in ("symbol", "icon", "awesome", "emoji", "math")):
            continue
        kind = ("mono" if any(w in low for w in MONO) else "hand" if any(w in low for w in HAND)
                else "sans" if any(w in low for w in SANS) else "serif")
        out[kind].append(file)
    return {k: v or out["sans"] for k, v in out.items()}


@functools.lru_cache(4000)
def load_font(file, size):
    return ImageFont.truetype(file, size)


def font(rng, size, kind=None):
    """A random font of a kind at a pixel size."""
    return load_font(rng.choice(fonts()[kind or rng.choice(["sans", "sans", "serif", "mono"])]), max(6, int(size)))


def words(rng, n):
    """n words: mostly English, sometimes numbers or invented words."""
    out = []
    for _ in range(n):
        p = rng.random()
        out.append(rng.choice(WORDS) if p < 0.85 else str(rng.randint(1, 9999)) if p < 0.93
                   else "".join(rng.choice("abcdefghijklmnoprstuvwz") for _ in range(rng.randint(3, 11))))
    return " ".join(out)


def title(rng, n):
    return words(rng, n).title()


def colour(rng, lightness=(0.3, 0.7), saturation=(0.3, 1.0)):
    """A random RGB triple of any hue, within the given lightness and saturation."""
    r, g, b = colorsys.hls_to_rgb(rng.random(), rng.uniform(*lightness), rng.uniform(*saturation))
    return int(r * 255), int(g * 255), int(b * 255)


def grey(rng, lo, hi):
    v = rng.randint(lo, hi)
    return v, v, v


def generator(rng):
    """A NumPy generator seeded from `rng`."""
    return np.random.default_rng(rng.getrandbits(32))


def smooth_noise(rng, w, h, cells=4):
    """Low-frequency noise in [0, 1], [h, w]: a coarse random grid, enlarged."""
    small = (generator(rng).random((cells, cells)) * 255).astype(np.uint8)
    return np.asarray(Image.fromarray(small).resize((w, h), Image.BICUBIC), np.float32) / 255


def texture(rng, w, h):
    """A background as of a table, cloth, wall or floor: colour, several octaves of noise, sometimes stripes."""
    base = np.array(colour(rng, (0.1, 0.9), (0.0, 0.6)), np.float32)
    n = sum(smooth_noise(rng, w, h, k) * a for k, a in ((3, 60), (12, 30), (60, rng.uniform(0, 40))))
    if rng.random() < 0.4:
        stretched = smooth_noise(rng, w, h, 40)
        n = n + (stretched[:1] if rng.random() < 0.5 else stretched[:, :1]) * rng.uniform(20, 80)
    g = generator(rng).normal(0, rng.uniform(0, 8), (h, w, 1))
    return Image.fromarray((base + n[..., None] - 60 + g).clip(0, 255).astype(np.uint8))


def perspective_coefficients(source, target):
    """Eight coefficients for Image.transform(PERSPECTIVE) that map the target quad back onto the source quad."""
    rows = []
    for (x, y), (u, v) in zip(target, source):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return np.linalg.solve(np.array(rows, float), np.array(source, float).reshape(8))


def photographed(rng, im, background=None, tilt=0.12, fill=None):
    """The picture as a flat thing in the world: in perspective on a background, unevenly lit, a little blurred."""
    w, h = rng.choice([(480, 360), (360, 480), (400, 400), (480, 320)])
    bg = (background or texture(rng, w, h)).resize((w, h))
    k = (fill or rng.uniform(0.55, 1.25)) * min(w / im.width, h / im.height)
    if k < 0.5:  # shrink first: the transform below does not average
        im = im.resize((int(im.width * k * 1.5), int(im.height * k * 1.5)), Image.LANCZOS)
        k = 1 / 1.5
    a, cw, ch = np.deg2rad(rng.gauss(0, 10)), im.width * k / 2, im.height * k / 2
    if rng.random() < 0.12:
        a += np.pi / 2 * rng.choice([1, 2, 3])
    quad = []
    for x, y in ((-cw, -ch), (cw, -ch), (cw, ch), (-cw, ch)):
        x, y = x * (1 + rng.uniform(-tilt, tilt)), y * (1 + rng.uniform(-tilt, tilt))
        quad.append((w / 2 + x * np.cos(a) - y * np.sin(a), h / 2 + x * np.sin(a) + y * np.cos(a)))
    co = perspective_coefficients([(0, 0), (im.width, 0), (im.width, im.height), (0, im.height)], quad)
    mask = Image.new("L", im.size, 255).transform((w, h), Image.PERSPECTIVE, co, Image.BILINEAR)
    if rng.random() < 0.6:
        soft = mask.filter(ImageFilter.GaussianBlur(6)).point(lambda v: v // 2)
        bg.paste(Image.new("RGB", (w, h)), (rng.randint(-8, 8), rng.randint(-8, 8)), soft)
    bg.paste(im.transform((w, h), Image.PERSPECTIVE, co, Image.BICUBIC), (0, 0), mask)
    light = 1 + (smooth_noise(rng, w, h, rng.choice([2, 3, 4])) - rng.uniform(0.4, 0.8)) * rng.uniform(0.1, 0.9)
    tint = np.array([rng.uniform(0.85, 1.1), 1, rng.uniform(0.75, 1.1)])
    x = np.asarray(bg, np.float32) * light[..., None] * tint * rng.uniform(0.6, 1.1)
    x += generator(rng).normal(0, rng.uniform(0, 9), x.shape)
    out = Image.fromarray(x.clip(0, 255).astype(np.uint8))
    if rng.random() < 0.4:
        out = out.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.6)))
    return out.convert("L").convert("RGB") if rng.random() < 0.15 else out


def scanned(rng, im):
    """The picture as a scanner or a fax gives it: turned a little, noisy, greyish, sometimes only black and white."""
    im = im.rotate(rng.gauss(0, 1.5), Image.BICUBIC, fillcolor=grey(rng, 225, 255))
    x = np.asarray(im.convert("L") if rng.random() < 0.5 else im, np.float32)
    x = x.reshape(im.height, im.width, -1) * rng.uniform(0.8, 1.0) + rng.uniform(0, 40)
    x = x + generator(rng).normal(0, rng.uniform(0, 14), x.shape)
    if rng.random() < 0.4:
        x = x * (1 - rng.uniform(0.1, 0.6) * smooth_noise(rng, im.width, im.height, 3)[..., None] ** 2)
    if rng.random() < 0.25:
        x = np.where(x > rng.uniform(120, 190), 255, 0)
    x = np.broadcast_to(x, (im.height, im.width, 3)).clip(0, 255).astype(np.uint8).copy()
    if rng.random() < 0.3:
        x[:, :rng.randint(2, 20)] = rng.randint(0, 120)
    return Image.fromarray(x)


def jpeg(rng, im, lo=15, hi=90):
    """The picture after a JPEG round trip of random quality."""
    buffer = io.BytesIO()
    im.save(buffer, "JPEG", quality=rng.randint(lo, hi))
    return Image.open(buffer).convert("RGB")


def canvas(w, h, fill):
    im = Image.new("RGB", (int(w), int(h)), fill)
    return im, ImageDraw.Draw(im)
