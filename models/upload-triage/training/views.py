"""Renders the pools (see generate.py) as views, once, so that training only reads memory.

    python views.py train POOL VIEWS [--only PREFIX ...]    augmented views, several per image
    python views.py exact POOL VIEWS                        one view per image, as the function sees it, of the sources that are left out once
    python views.py middle POOL VIEWS                       the same with the middle square of the image alone

For each source: `<source>.u8`, uint8 [N, SIZE, SIZE, 3], and `<source>.json`, rows of [image, height, width, label, name].
maps.ts makes `<source>.maps` of them, uint8 [N, 384, 12, 12].
"""
import argparse
import json
import random
import zlib
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import torch
from PIL import Image


from dataset import augment, colours
from model import SIZE
from sources import fold_of, is_generated, read_index


PHOTOGRAPHS = ("flowers", "triage-EliSchwartz_imagenet-sample-images")  # few sources: more views


def exact(a):
    """The function's view: the whole image, stretched to SIZE x SIZE (Lanczos)."""
    return np.asarray(Image.fromarray(a).resize((SIZE, SIZE), Image.LANCZOS))


def middle(a):
    """What it could be instead: shorter side to SIZE / 0.875, the middle SIZE x SIZE of that."""
    k = round(SIZE / 0.875) / min(a.shape[:2])
    h, w = round(a.shape[0] * k), round(a.shape[1] * k)
    x, y = (w - SIZE) // 2, (h - SIZE) // 2
    return np.asarray(Image.fromarray(a).resize((w, h), Image.LANCZOS).crop((x, y, x + SIZE, y + SIZE)))


def varied(rng, a, label):
    """One training view."""
    x = torch.from_numpy(augment(rng, a, label, SIZE).copy()).permute(2, 0, 1)[None].float() / 255
    return (colours(x, [label])[0] * 255).round().byte().permute(1, 2, 0).numpy()


def render(job):
    """All views of one pool."""
    pool, out, source, times, kind = job
    rows, pixels = json.loads((pool / f"{source}.json").read_text()), np.memmap(pool / f"{source}.bin", np.uint8, "r")
    rng, index = random.Random(source), []
    torch.set_num_threads(1)
    torch.manual_seed(zlib.crc32(source.encode()))
    with open(out / f"{source}.part", "wb") as file:
        for k, (offset, h, w, label, name) in enumerate(rows):
            a = pixels[offset:offset + h * w * 3].reshape(h, w, 3)
            for _ in range(times):
                file.write((varied(rng, a, label) if kind == "train" else exact(a) if kind == "exact" else middle(a)).tobytes())
                index.append([k, h, w, label, name])
    (out / f"{source}.part").replace(out / f"{source}.u8")
    (out / f"{source}.json").write_text(json.dumps(index))
    return f"{source}: {len(index)}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["train", "exact", "middle"])
    parser.add_argument("pool", type=Path)
    parser.add_argument("views", type=Path)
    parser.add_argument("--only", nargs="*", default=[""])
    args = parser.parse_args()
    args.views.mkdir(parents=True, exist_ok=True)
    index = read_index(args.pool)
    folds = fold_of(index)
    jobs = []
    for source in sorted(index, key=lambda s: -len(index[s])):
        if index[source] and not (args.views / f"{source}.json").exists() and source.startswith(tuple(args.only)):
            times = 2 if is_generated(source) else 16 if source in PHOTOGRAPHS or "-photo-" in source else 6
            jobs.append((args.pool, args.views, source, times if args.kind == "train" else 1, args.kind))
    if args.kind != "train":
        jobs = [job for job in jobs if job[2] in folds]
    with Pool(2) as workers:
        for line in workers.imap_unordered(render, jobs):
            print(line, flush=True)


if __name__ == "__main__":
    main()
