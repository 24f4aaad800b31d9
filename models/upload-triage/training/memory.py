"""Batches out of rendered views (see views.py) in memory."""
import json
import math
import random
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from dataset import WEIGHTS, colours, cutmix, soft_targets
from generate import NOISE
from sources import is_generated
from views import RENDERED

MIRRORED = ("photo", "icon", "barcode", "blank", NOISE)  # text is never mirrored


class Views:
    """`draw(rng)` gives a place: a label by its weight, generated or real by `real_share`, a source by the root of its
    size (so that large sources do not drown the others), then one of its views."""

    def __init__(self, folder, sources, real_share=0.6, generated_weight=0.5):
        self.pixels, self.features, self.groups, self.real_share = {}, {}, {}, real_share
        for source in sources:
            base = Path(folder) / source
            rows = json.loads(base.with_name(f"{source}.json").read_text())
            if not rows:
                continue
            self.pixels[source] = np.memmap(base.with_name(f"{source}.u8"), np.uint8, "r").reshape(-1, RENDERED, RENDERED, 3)
            self.features[source] = np.memmap(base.with_name(f"{source}.features"), np.uint8, "r").reshape(-1, 1280)
            by_label = {}
            for k, row in enumerate(rows):
                by_label.setdefault(row[3], []).append(k)
            for label, places in by_label.items():
                self.groups.setdefault((label, not is_generated(source)), []).append((source, places, math.sqrt(len(places))))
        self.labels, self.weights = zip(*((k, w) for k, w in WEIGHTS.items() if (k, True) in self.groups or (k, False) in self.groups))

    def draw(self, rng):
        label = rng.choices(self.labels, self.weights)[0]
        real, made = self.groups.get((label, True)), self.groups.get((label, False))
        group = real if real and (not made or rng.random() < self.real_share) else made
        source, places, _ = rng.choices(group, [g[2] for g in group])[0]
        return source, rng.choice(places), label


def batch(views, rng, n, size, mix=0.12):
    """x [n, 3, size, size] in [-1, 1], targets [n, 7], the teacher's features [n, 1280] in [0, 1], and [n]: how much those
    still hold (not for views whose colours were turned round, nor for mixtures)."""
    drawn = [views.draw(rng) for _ in range(n)]
    x = np.stack([views.pixels[s][k] for s, k, _ in drawn])
    for k, (_, _, label) in enumerate(drawn):
        if label in MIRRORED and rng.random() < 0.5:
            x[k] = x[k, :, ::-1]
    taught = torch.from_numpy(np.stack([views.features[s][k] for s, k, _ in drawn])).float() / 255
    labels = [label for _, _, label in drawn]
    x = torch.from_numpy(x).permute(0, 3, 1, 2).float() / 255
    side = rng.randint(int(RENDERED * 0.88), RENDERED)  # a crop, near the views' own
    i, j = rng.randint(0, RENDERED - side), rng.randint(0, RENDERED - side)
    x = x[:, :, i:i + side, j:j + side]
    if side != size:
        x = F.interpolate(x, (size, size), mode="bilinear", align_corners=False)
    plain = x
    x, t = colours(x, labels, rng) * 2 - 1, soft_targets(labels)
    holds = ((x * 0.5 + 0.5 - plain).abs().mean((1, 2, 3)) < 0.12).float()
    if rng.random() < mix:
        x, t = cutmix(rng, x, t)
        holds = torch.zeros(n)
    return x.contiguous(memory_format=torch.channels_last), t, taught, holds
