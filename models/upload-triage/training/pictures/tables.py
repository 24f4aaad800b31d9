"""A ruled or striped table, as in documents and on screens."""
from . import common as c


def table(rng, d, x, y, w, rows, size, ink, light=True):
    """Draws `rows` rows of words and numbers, `w` pixels wide; returns the y below it."""
    n, f, rh = rng.randint(3, 8), c.font(rng, size), size * rng.uniform(1.4, 2.4)
    edges = [x]
    for k in range(n):
        edges.append(edges[-1] + rng.uniform(0.5, 1.6 if k else 2.5))
    edges = [x + (e - x) * w / (edges[-1] - x) for e in edges]
    head, stripes, grid = c.colour(rng, (0.7, 0.95) if light else (0.1, 0.3)), rng.random() < 0.4, rng.random() < 0.5
    shade = c.grey(rng, 233, 246) if light else c.grey(rng, 30, 60)
    for r in range(rows):
        if r == 0 and rng.random() < 0.6:
            d.rectangle((x, y, x + w, y + rh), fill=head)
        elif stripes and r % 2:
            d.rectangle((x, y, x + w, y + rh), fill=shade)
        for k in range(n):
            text = c.words(rng, 2) if k == 0 or r == 0 else f"{rng.uniform(0, 5000):.2f}"
            while len(text) > 1 and f.getlength(text) > edges[k + 1] - edges[k] - 4:
                text = text[:-1]
            d.text((edges[k] + 2, y + rh * 0.15), text, font=f, fill=ink)
            if grid:
                d.rectangle((edges[k], y, edges[k + 1], y + rh), outline=(130, 130, 130))
        if not grid:
            d.line((x, y + rh, x + w, y + rh), fill=c.grey(rng, 120, 200))
        y += rh
    return y
