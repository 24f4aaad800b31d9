"""Draws the generated part of the training images into pools.

    python generate.py POOL [--scale 1.0] [--only KIND ...]

A pool is one flat file of uint8 RGB pixels and a JSON index `[[offset, height, width, label, name], ...]` for each source.
Images have a shorter side of 256 and at most 576 on the longer, cut from the middle.
"""
import argparse
import json
import random
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from PIL import Image

from pictures import barcode, blank, chart, classic, closeup, document, grammar, icon, infographic, other, panel, plot, report, screenshot, webchart

SHORT, LONG = 256, 576
NOISE = "-"  # no class: trained towards equal scores
KINDS = {  # kind: (label, draw, pictures at scale 1)
    "document": ("document", document.draw, 2600), "chart": ("chart", chart.draw, 1300), "plot": ("chart", plot.draw, 800),
    "blank": ("blank", blank.draw, 1500), "noise": (NOISE, blank.noise, 300), "barcode": ("barcode", barcode.draw, 1600),
    "icon": ("icon", icon.draw, 1600), "screenshot": ("screenshot", screenshot.draw, 2400),
    "sparse": ("screenshot", screenshot.sparse, 800), "closeup": ("screenshot", closeup.draw, 1200),
    "report": ("document", report.draw, 1500), "infographic": ("chart", infographic.draw, 1500), "other": (NOISE, other.draw, 500),
    "panel": ("chart", panel.draw, 600), "classic": ("screenshot", classic.draw, 900),
    "grammar": ("chart", grammar.draw, 900), "webchart": ("chart", webchart.draw, 1100),
}


def to_pool_size(im):
    """Shorter side to 256 (Lanczos), longer side cut to the middle 576. Returns uint8 [h, w, 3]."""
    k = SHORT / min(im.size)
    w, h = max(SHORT, round(im.width * k)), max(SHORT, round(im.height * k))
    im = im.convert("RGB").resize((w, h), Image.LANCZOS)
    x, y = max(0, w - LONG) // 2, max(0, h - LONG) // 2
    return np.asarray(im.crop((x, y, x + min(w, LONG), y + min(h, LONG))))


def draw_one(job):
    kind, seed = job
    return to_pool_size(KINDS[kind][1](random.Random(f"{kind}-{seed}")))


def write_pool(folder, name, arrays, labels, names=None):
    """Writes an iterable of uint8 [h, w, 3] arrays, with a label and a name each, as one pool."""
    folder.mkdir(parents=True, exist_ok=True)
    index, offset, part = [], 0, folder / f"{name}.part"
    with open(part, "wb") as out:
        for k, (a, label) in enumerate(zip(arrays, labels)):
            out.write(a.tobytes())
            index.append([offset, a.shape[0], a.shape[1], label, names[k] if names else str(k)])
            offset += a.size
    part.replace(folder / f"{name}.bin")
    (folder / f"{name}.json").write_text(json.dumps(index))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("pool", type=Path)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=list(KINDS))
    args = parser.parse_args()
    with Pool(2) as workers:
        for kind in args.only:
            label, _, n = KINDS[kind]
            n = int(n * args.scale)
            jobs = [(kind, args.seed * 1_000_000 + k) for k in range(n)]
            write_pool(args.pool, f"{kind}-{args.seed}", workers.imap(draw_one, jobs, chunksize=8), [label] * n)
            print(f"{kind}: {n}", flush=True)
