"""What is none of the seven classes: maps, photographs of screens, memes, comics, flow diagrams."""
from PIL import ImageFilter

from . import common as c, screenshot


def land(rng, im, d):
    """A map: land and water from noise, roads, borders, names."""
    W, H = im.size
    n = c.smooth_noise(rng, W, H, rng.choice([4, 6, 9]))
    fills = [c.colour(rng, (0.5, 0.92), (0.2, 0.8)) for _ in range(rng.randint(2, 5))]
    step = 1 / len(fills)
    for k, fill in enumerate(fills):
        mask = c.Image.fromarray(((n > 0.15 + k * step * 0.8) * 255).astype("uint8"))
        im.paste(fill, (0, 0), mask)
        if rng.random() < 0.6:
            im.paste(c.grey(rng, 40, 160), (0, 0), mask.filter(ImageFilter.FIND_EDGES))
    for _ in range(rng.randint(0, 14)):
        points = [(rng.uniform(0, W), rng.uniform(0, H))]
        for _ in range(rng.randint(2, 8)):
            points.append((points[-1][0] + rng.gauss(0, 70), points[-1][1] + rng.gauss(0, 70)))
        d.line(points, fill=rng.choice([(255, 255, 255), (250, 210, 90), c.grey(rng, 90, 200)]), width=rng.randint(1, 5))
    for _ in range(rng.randint(0, 16)):
        d.text((rng.uniform(0, W), rng.uniform(0, H)), c.title(rng, 1), font=c.font(rng, rng.uniform(8, 18)), fill=c.grey(rng, 0, 70))


def meme(rng, im, d):
    im.paste(c.texture(rng, *im.size), (0, 0))
    f = c.font(rng, im.height * 0.11, "sans")
    for y in (0.03, 0.84):
        d.text((im.width / 2, im.height * y), c.words(rng, 3).upper(), font=f, fill=(255, 255, 255), stroke_width=3, stroke_fill=(0, 0, 0), anchor="ma")


def comic(rng, im, d):
    """Panels of flat shapes with balloons."""
    W, H = im.size
    nx, ny = rng.randint(1, 3), rng.randint(1, 3)
    for i in range(nx):
        for j in range(ny):
            x, y, w, h = i * W / nx + 4, j * H / ny + 4, W / nx - 8, H / ny - 8
            d.rectangle((x, y, x + w, y + h), fill=c.colour(rng, (0.5, 0.95)), outline=(0, 0, 0), width=3)
            for _ in range(rng.randint(1, 3)):
                cx, cy, r = x + w * rng.uniform(0.2, 0.8), y + h * rng.uniform(0.5, 0.8), min(w, h) * rng.uniform(0.1, 0.2)
                d.ellipse((cx - r, cy - r, cx + r, cy + r), fill=c.colour(rng, (0.5, 0.9)), outline=(0, 0, 0), width=2)
                d.rectangle((cx - r, cy + r, cx + r, y + h), fill=c.colour(rng), outline=(0, 0, 0), width=2)
            d.ellipse((x + w * 0.1, y + h * 0.05, x + w * 0.9, y + h * 0.35), fill=(255, 255, 255), outline=(0, 0, 0), width=2)
            d.text((x + w / 2, y + h * 0.2), c.words(rng, 2), font=c.font(rng, h * 0.07, "hand"), fill=(0, 0, 0), anchor="mm")


def diagram(rng, im, d):
    """Boxes with words, joined by arrows."""
    W, H = im.size
    places = [(rng.uniform(0.05, 0.75) * W, rng.uniform(0.05, 0.85) * H) for _ in range(rng.randint(3, 9))]
    fill, f = rng.choice([None, c.colour(rng, (0.75, 0.95))]), c.font(rng, H * 0.035, "sans")
    for a, b in zip(places, places[1:]):
        d.line((a[0] + 40, a[1] + 15, b[0] + 40, b[1] + 15), fill=c.grey(rng, 0, 120), width=2)
    for x, y in places:
        d.rounded_rectangle((x, y, x + W * 0.2, y + H * 0.1), rng.choice([0, 8]), fill=fill or (255, 255, 255), outline=(0, 0, 0))
        d.text((x + W * 0.1, y + H * 0.05), c.title(rng, 1), font=f, fill=(0, 0, 0), anchor="mm")


def draw(rng):
    if rng.random() < 0.3:
        return c.jpeg(rng, c.photographed(rng, screenshot.draw(rng), fill=rng.uniform(0.8, 1.3), tilt=0.1), 40, 95)
    im, d = c.canvas(*rng.choice([(480, 480), (600, 420), (420, 560)]), (255, 255, 255))
    rng.choice([land, land, meme, comic, diagram])(rng, im, d)
    return c.jpeg(rng, im, 40, 95) if rng.random() < 0.5 else im
