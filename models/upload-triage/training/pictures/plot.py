"""Charts drawn by Matplotlib in its many styles: what most charts made by programs look like."""
import io

import matplotlib
import numpy as np
from PIL import Image

from . import chart, common as c

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

MAPS = ["viridis", "plasma", "coolwarm", "Blues", "RdBu", "magma", "jet", "gray", "Greens", "Spectral", "hot", "inferno"]


def surface(rng, ax, kw):
    X, Y = np.meshgrid(np.linspace(-3, 3, 25), np.linspace(-3, 3, 25))
    Z = np.sin(X * rng.uniform(0.3, 2)) * np.cos(Y * rng.uniform(0.3, 2))
    rng.choice([lambda: ax.plot_surface(X, Y, Z, cmap=rng.choice(MAPS)), lambda: ax.plot_wireframe(X, Y, Z, **kw),
                lambda: ax.scatter(*c.generator(rng).normal(size=(3, 80)), **kw)])()


def one(rng, ax, polar):
    """One plot of a random kind on the given axes."""
    g, n, cmap = c.generator(rng), rng.randint(2, 12), rng.choice(MAPS)
    t = np.linspace(0, 2 * np.pi if polar else rng.choice([1, 10, 100, 2024]), rng.choice([8, 30, 200]))
    kw = {"color": tuple(v / 255 for v in c.colour(rng))} if rng.random() < 0.35 else {}
    names = [c.words(rng, 1)[:9] + str(i) for i in range(n)]
    m = g.random((rng.randint(3, 20), rng.randint(3, 20))) if rng.random() < 0.5 else c.smooth_noise(rng, 30, 30, 4)

    def y():
        return chart.series(rng, len(t)) * rng.choice([1, 10, 1e3, 1e5])

    kinds = [lambda: [ax.plot(t, y(), rng.choice(["-", "--", ":", "o-", ".", "s-", "x"]), lw=rng.uniform(0.5, 4), label=c.words(rng, 1))
                      for _ in range(rng.randint(1, 6))]] * 4
    if not polar:
        kinds += [
            lambda: ax.bar(names, g.random(n), width=rng.uniform(0.4, 1), edgecolor=rng.choice([None, "k", "w"]), **kw),
            lambda: ax.scatter(*g.normal(size=(2, rng.randint(20, 500))), s=rng.uniform(3, 80), alpha=rng.uniform(0.3, 1), marker=rng.choice("ox^s+."), **kw),
            lambda: ax.hist(g.normal(size=rng.randint(100, 900)), bins=rng.randint(5, 60), **kw),
            lambda: ax.barh(names, g.random(n), **kw), lambda: [ax.bar(names, g.random(n), bottom=k) for k in range(3)],
            lambda: ax.pie(g.random(n) + 0.1, labels=names if rng.random() < 0.6 else None, autopct=rng.choice([None, "%1.0f%%"])),
            lambda: ax.imshow(m, cmap=cmap, aspect="auto"), lambda: ax.pcolormesh(m, cmap=cmap),
            lambda: ax.contourf(c.smooth_noise(rng, 40, 40, 5), rng.randint(4, 20), cmap=cmap),
            lambda: ax.contour(c.smooth_noise(rng, 40, 40, 5), rng.randint(4, 20), cmap=cmap),
            lambda: ax.boxplot([g.normal(k, 1, 50) for k in range(n)], patch_artist=rng.random() < 0.5),
            lambda: ax.violinplot([g.normal(k, 1, 50) for k in range(n)]), lambda: ax.fill_between(t, y(), alpha=0.5, **kw),
            lambda: ax.stackplot(t, y(), y(), y()), lambda: ax.stem(t[:30], y()[:30]), lambda: ax.step(t, y(), **kw),
            lambda: ax.errorbar(t[:12], y()[:12], yerr=0.1, fmt="o-", capsize=3),
            lambda: ax.hexbin(*g.normal(size=(2, 500)), gridsize=15, cmap=cmap),
            lambda: ax.quiver(*np.meshgrid(np.arange(8), np.arange(8)), *g.normal(size=(2, 8, 8)), **kw)]
    rng.choice(kinds)()


def draw(rng):
    with plt.style.context(rng.choice(plt.style.available + ["default"] * 12)):
        plt.rcParams["font.size"] = rng.uniform(7, 13)
        plt.rcParams["font.family"] = rng.choice(["DejaVu Sans", "DejaVu Sans", "Liberation Sans", "DejaVu Serif"])
        nx, ny = (rng.randint(1, 3), rng.randint(1, 2)) if rng.random() < 0.2 else (1, 1)
        fig = plt.figure(figsize=(rng.uniform(4, 8), rng.uniform(3, 6)), dpi=rng.randint(60, 90))
        for k in range(nx * ny):
            p = rng.random()
            ax = fig.add_subplot(ny, nx, k + 1, projection="3d" if p < 0.06 else "polar" if p < 0.11 else None)
            surface(rng, ax, {}) if p < 0.06 else one(rng, ax, p < 0.11)
            if rng.random() < 0.6:
                ax.set_title(c.title(rng, rng.randint(1, 5)))
            if rng.random() < 0.5:
                ax.set_xlabel(c.words(rng, 2)), ax.set_ylabel(c.words(rng, 2))
            if rng.random() < 0.3:
                ax.grid(True)
            if ax.get_legend_handles_labels()[0] and rng.random() < 0.5:
                ax.legend()
        buffer = io.BytesIO()
        fig.savefig(buffer, bbox_inches=rng.choice([None, "tight"]))
        plt.close(fig)
    im = Image.open(buffer).convert("RGB")
    return c.jpeg(rng, im, 30, 95) if rng.random() < 0.25 else im
