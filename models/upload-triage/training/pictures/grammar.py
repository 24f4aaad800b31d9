"""Statistical charts as grammar-of-graphics libraries set them: themes, facets with strips, guides; many marks, few, or none."""
import io

import matplotlib
import numpy as np
from PIL import Image

from . import common as c

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.patches import Polygon, Rectangle  # noqa: E402

HUES = ["#F8766D", "#00BA38", "#619CFF", "#B79F00", "#00BFC4", "#F564E3"]
SETS = [HUES, ["#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00"], ["#66C2A5", "#FC8D62", "#8DA0CB", "#E78AC3", "#A6D854", "#FFD92F"],
        ["black"] * 6, ["grey35"] * 6, ["#440154", "#414487", "#2A788E", "#22A884", "#7AD151", "#FDE725"]]
RAMPS = ["Blues_r", "viridis", "magma", "RdBu", "Greys", "Spectral", "terrain", "YlOrRd"]
# ground of the panel, its grid, its border, lines at the axes
THEMES = {"grey": ("#EBEBEB", "white", None, False), "lines": ("white", "#E5E5E5", "#333333", False), "minimal": ("white", "#EBEBEB", None, False),
          "classic": ("white", None, None, True), "void": ("white", None, None, False), "dark": ("#7F7F7F", "#888888", None, False),
          "night": ("#222222", "#3A3A3A", None, False), "boxed": ("white", None, "#333333", False)}


def bump(g, n=120):
    x = np.linspace(-3, 3, n)
    y = sum(np.exp(-((x - g.uniform(-2, 2)) ** 2) / g.uniform(0.1, 1.5)) * g.uniform(0.3, 1) for _ in range(g.integers(1, 4)))
    return x, y


def points(rng, g, ax, inks):
    for ink in inks:
        n = rng.choice([1, 2, 3, 5, 10, 40, 150])
        ax.scatter(g.normal(0, 1, n), g.normal(0, 1, n), s=rng.choice([4, 12, 25, 60, 200]), c=ink, alpha=rng.choice([1, 1, 0.5]), marker=rng.choice("ooooo^s+x"))


def smooth(rng, g, ax, inks):
    for ink in inks[:3]:
        x, y = np.linspace(0, 10, 60), g.normal(0, 0.4, 60).cumsum()
        y = np.convolve(y, np.ones(15) / 15, "same")
        ax.fill_between(x, y - g.uniform(0.2, 0.8), y + g.uniform(0.2, 0.8), color="#999999" if rng.random() < 0.6 else ink, alpha=0.35, lw=0)
        ax.plot(x, y, c=ink, lw=rng.uniform(1, 2.5))


def lines(rng, g, ax, inks):
    for ink in inks:
        n = rng.choice([2, 3, 6, 20, 120])
        ax.plot(np.arange(n), g.normal(0, 1, n).cumsum(), c=ink, lw=rng.choice([0.7, 1, 1.5, 4]), ls=rng.choice(["-", "-", "-", "--", ":"]),
                drawstyle=rng.choice(["default", "default", "steps-post"]))


def columns(rng, g, ax, inks):
    n, flat = rng.randint(1, 9), rng.random() < 0.3
    w, base = rng.choice([0.3, 0.6, 0.9, 1]), np.zeros(n)
    for ink in inks[:rng.choice([1, 1, 2, 3])]:
        v = g.random(n) * rng.choice([1, 1, 2]) - (0.5 if rng.random() < 0.2 else 0)
        (ax.barh if flat else ax.bar)(np.arange(n), v, w, base, **{"color": ink, "edgecolor": rng.choice([None, "white", "black"])})
        base = base + v


def histogram(rng, g, ax, inks):
    for ink in inks[:2]:
        ax.hist(g.normal(rng.random(), 1, 400), rng.choice([8, 30, 60]), color=ink, edgecolor=rng.choice([None, "white"]), alpha=rng.choice([1, 0.6]))


def density(rng, g, ax, inks):
    filled, ridge = rng.random() < 0.6, rng.choice([0, 0, 0.5])
    for k, ink in enumerate(inks[:4]):
        x, y = bump(g)
        if filled:
            ax.fill_between(x, k * ridge, y + k * ridge, color=ink, alpha=rng.choice([0.3, 0.6, 1]), zorder=-k)
        ax.plot(x, y + k * ridge, c=rng.choice([ink, "black"]), lw=1, zorder=-k)


def violins(rng, g, ax, inks):
    for k in range(rng.randint(1, 6)):
        y, w = bump(g, 60)
        w = w / w.max() * 0.4
        ink = inks[k % len(inks)]
        ax.add_patch(Polygon(np.r_[np.c_[k - w, y], np.c_[k + w, y][::-1]], facecolor=rng.choice(["white", ink, ink]), edgecolor=rng.choice(["black", ink])))
        if rng.random() < 0.5:
            ax.add_patch(Rectangle((k - 0.05, -0.5), 0.1, 1, facecolor="white", edgecolor="black"))
    ax.set_xlim(-0.7, 5.7 if rng.random() < 0.3 else k + 0.7), ax.set_ylim(-3.2, 3.2)


def boxes(rng, g, ax, inks):
    n = rng.randint(1, 8)
    drawn = ax.boxplot([g.normal(g.normal(), g.uniform(0.3, 1), rng.choice([4, 30])) for _ in range(n)], patch_artist=True, vert=rng.random() < 0.75,
                       widths=rng.choice([0.3, 0.75]), medianprops={"color": "black", "lw": 1.5}, showcaps=False)
    for k, box in enumerate(drawn["boxes"]):
        box.set_facecolor(rng.choice(["white", inks[k % len(inks)]]))


def ranges(rng, g, ax, inks):
    n, style = rng.randint(1, 9), rng.choice(["bar", "point", "cross", "line"])
    for k in range(n):
        m, s, ink = g.random(), g.uniform(0.05, 0.4), inks[k % len(inks)]
        if style == "cross":
            ax.add_patch(Rectangle((k - 0.4, m - s), 0.8, 2 * s, facecolor=rng.choice(["white", ink]), edgecolor="black"))
            ax.plot([k - 0.4, k + 0.4], [m, m], c="black", lw=2)
        else:
            ax.errorbar([k], [m], s, c=ink, capsize=rng.choice([3, 8]) if style == "bar" else 0, marker="o" if style == "point" else None)
    ax.set_xlim(-0.8, n - 0.2)


def tiles(rng, g, ax, inks):
    ny, nx = rng.randint(2, 14), rng.randint(2, 14)
    m = g.random((ny, nx)) if rng.random() < 0.5 else c.smooth_noise(rng, 60, 60, 5)
    drawn = ax.pcolormesh(m, cmap=rng.choice(RAMPS), edgecolors=rng.choice(["none", "none", "white"]), lw=0.5)
    if rng.random() < 0.5:
        ax.figure.colorbar(drawn, ax=ax, shrink=rng.uniform(0.25, 0.6), aspect=8).outline.set_visible(False)


def contours(rng, g, ax, inks):
    m = c.smooth_noise(rng, 80, 80, 5)
    (ax.contourf if rng.random() < 0.5 else ax.contour)(m, rng.randint(4, 12), cmap=rng.choice(RAMPS))


def shapes(rng, g, ax, inks):
    """A few polygons, rectangles, segments or letters on an otherwise empty panel."""
    kind = rng.choice(["polygon", "rectangle", "segment", "text", "text"])
    for _ in range(rng.randint(1, 9)):
        x, y, ink = g.random(), g.random(), rng.choice(inks)
        if kind == "polygon":
            ax.add_patch(Polygon(np.c_[x, y] + g.normal(0, 0.15, (rng.randint(3, 6), 2)), facecolor=ink, alpha=rng.choice([1, 0.5])))
        elif kind == "rectangle":
            ax.add_patch(Rectangle((x, y), g.uniform(0.02, 0.4), g.uniform(0.02, 0.3), facecolor=ink, edgecolor=rng.choice([None, "black"])))
        elif kind == "segment":
            ax.annotate("", (x, y), (g.random(), g.random()), arrowprops={"arrowstyle": rng.choice(["-", "->"]), "color": ink})
        else:
            ax.text(x, y, c.words(rng, 1)[:rng.choice([1, 2, 8])], color=ink, fontsize=rng.uniform(7, 16), ha="center")
    ax.set_xlim(-0.05, 1.05), ax.set_ylim(-0.05, 1.05)


def steps(rng, g, ax, inks):
    for ink in inks[:3]:
        x = np.sort(g.normal(0, 1, rng.choice([5, 20, 100])))
        ax.step(x, np.arange(len(x)) / len(x), c=ink, lw=rng.uniform(0.8, 2))


def nothing(rng, g, ax, inks):
    ax.set_xlim(0, rng.choice([1, 10, 100])), ax.set_ylim(0, rng.choice([1, 10, 100]))


KINDS = [points] * 4 + [smooth, lines, lines, columns, columns, columns, histogram, density, density, violins, boxes, ranges, ranges, tiles, tiles,
                        contours, shapes, shapes, steps, nothing]


def draw(rng):
    g = c.generator(rng)
    theme = rng.choice(list(THEMES) + ["grey"] * 4 + ["lines", "minimal"] * 2)
    ground, grid, border, axis = THEMES[theme]
    text = "#BBBBBB" if theme == "night" else "#4D4D4D"
    few = rng.random() < 0.6
    nx, ny = (1, 1) if few else rng.choice([(2, 1), (3, 1), (1, 2), (2, 2), (3, 2), (3, 3)])
    inks = [ink if ink != "grey35" else "#595959" for ink in rng.choice(SETS)]
    start, n = rng.randrange(6), rng.choice([1, 1, 2, 3, 4])
    inks = (inks[start:] + inks[:start])[:n]
    outer = "#111111" if theme == "night" else "white"
    with plt.rc_context({"font.size": rng.uniform(6, 12), "font.family": rng.choice(["Liberation Sans", "DejaVu Sans"]), "text.color": text,
                         "axes.labelcolor": text, "xtick.color": text, "ytick.color": text}):
        fig, axes = plt.subplots(ny, nx, figsize=(rng.uniform(4, 8), rng.uniform(3.2, 6)), dpi=rng.randint(60, 90), squeeze=False,
                                 sharex=rng.random() < 0.5, sharey=rng.random() < 0.5, facecolor=outer)
        kind, bare = rng.choice(KINDS), theme == "void" or rng.random() < 0.12
        strip = nx * ny > 1 and rng.random() < 0.85
        for ax in axes.ravel():
            ax.set_facecolor(ground), ax.set_axisbelow(True)
            kind(rng, g, ax, inks)
            if few and rng.random() < 0.2:
                rng.choice(KINDS[:8])(rng, g, ax, inks)
            if grid and rng.random() < 0.9:
                ax.grid(True, c=grid, lw=1)
            for side, spine in ax.spines.items():
                spine.set_visible(bool(border) or axis and side in ("left", "bottom"))
                spine.set_color(border or "black")
            if bare:
                ax.set_xticks([]), ax.set_yticks([])
            if strip:
                ax.set_title(c.words(rng, 1)[:9], fontsize=8, pad=4, backgroundcolor=rng.choice(["#D9D9D9", "#D9D9D9", "white"]))
        if rng.random() < 0.8 and not bare:
            fig.supxlabel(c.words(rng, 1), fontsize=9), fig.supylabel(c.words(rng, 1), fontsize=9)
        if rng.random() < 0.55:
            fig.suptitle(c.words(rng, rng.randint(1, 6)), x=rng.choice([0.06, 0.5]), ha="left" if rng.random() < 0.5 else "center", fontsize=rng.uniform(9, 14))
        if n > 1 and rng.random() < 0.75:
            handles = [Rectangle((0, 0), 1, 1, fc=ink) for ink in inks]
            place = rng.choice(["right"] * 3 + ["bottom", "top"])
            fig.legend(handles, [c.words(rng, 1)[:8] for _ in inks], title=c.words(rng, 1)[:6], frameon=False, fontsize=8, loc={"right": "center right", "bottom": "lower center", "top": "upper center"}[place],
                       ncol=1 if place == "right" else n)
            fig.subplots_adjust(right=0.83 if place == "right" else 0.95, bottom=0.2 if place == "bottom" else 0.12, wspace=0.1, hspace=0.25)
        buffer = io.BytesIO()
        fig.savefig(buffer, facecolor=outer)
        plt.close(fig)
    im = Image.open(buffer).convert("RGB")
    return c.jpeg(rng, im, 40, 95) if rng.random() < 0.15 else im
