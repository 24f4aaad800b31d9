"""Finds images of left-out sources that are nearly the same as one of another source: they must not be counted.

    python duplicates.py POOL OUT.json    writes {source: [image, ...]}

Two images are near duplicates when at most 12 of 256 bits of their difference hashes (16 x 16, grey, of the middle square)
differ and their 32 x 32 grey versions differ by less than 8 levels in the mean. Images with nearly nothing on them are
compared by the second rule only in part of their frame: they are left in.
"""
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from sources import fold_of, is_generated, read_index


def fingerprints(pool, source):
    rows, pixels = json.loads((pool / f"{source}.json").read_text()), np.memmap(pool / f"{source}.bin", np.uint8, "r")
    bits, small = [], []
    for offset, h, w, *_ in rows:
        im = Image.fromarray(pixels[offset:offset + h * w * 3].reshape(h, w, 3)).convert("L")
        side = min(w, h)
        im = im.crop(((w - side) // 2, (h - side) // 2, (w + side) // 2, (h + side) // 2))
        a = np.asarray(im.resize((17, 16), Image.BOX), np.float32)
        bits.append(np.where(a[:, 1:] > a[:, :-1], 1, -1).ravel())
        small.append(np.asarray(im.resize((32, 32), Image.BOX), np.float32).ravel())
    return np.array(bits, np.float32), np.array(small, np.float32)


def main(pool, out):
    index = read_index(pool)
    folds = fold_of(index)
    prints = {s: fingerprints(pool, s) for s in index if index[s] and not is_generated(s)}
    found = {}
    for source in folds:
        bits, small = prints[source]
        for other, (bits2, small2) in prints.items():
            if folds.get(other) == folds[source]:
                continue  # never trained on together with this one's fold left out
            for i, j in zip(*np.nonzero((256 - bits @ bits2.T) / 2 <= 12)):
                if small[i].std() > 12 and np.abs(small[i] - small2[j]).mean() < 8:
                    found.setdefault(source, {})[int(i)] = f"{other}:{j}"
    out.write_text(json.dumps({s: sorted(v) for s, v in found.items()}))
    for source, pairs in found.items():
        print(source, len(pairs), list(pairs.items())[:4])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
