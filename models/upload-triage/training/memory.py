"""Batches out of the trunk's maps (see maps.ts) in memory."""
import json
import math
from pathlib import Path

import numpy as np
import torch

from generate import NOISE
from model import LABELS, MAP
from sources import is_generated

# How often each class is drawn; the confusable ones more.
WEIGHTS = {"barcode": 1.0, "blank": 0.55, "chart": 1.4, "document": 1.2, "icon": 1.0, "photo": 1.2, "screenshot": 2.0, NOISE: 0.7}
MAP_SCALE = 6 / 255


def maps_of(folder, source):
    """uint8 [N, 384, 12, 12]."""
    return np.memmap(Path(folder) / f"{source}.maps", np.uint8, "r").reshape(-1, *MAP)


def as_input(maps):
    return (torch.from_numpy(maps).float() * MAP_SCALE).contiguous(memory_format=torch.channels_last)


class Views:
    """`draw(rng)` gives a place: a label by its weight, generated or real by `real_share`, a source by the root of its
    size (so that large sources do not drown the others), then one of its views."""

    def __init__(self, folder, sources, real_share=0.7):
        self.maps, self.groups, self.real_share = {}, {}, real_share
        for source in sources:
            rows = json.loads((Path(folder) / f"{source}.json").read_text())
            if not rows:
                continue
            self.maps[source] = maps_of(folder, source)
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


def soft_targets(labels, smoothing=0.04):
    """[N, 7]: smoothed one-hot; uniform for noise."""
    t = torch.full((len(labels), len(LABELS)), smoothing / len(LABELS))
    for k, label in enumerate(labels):
        if label == NOISE:
            t[k] = 1 / len(LABELS)
        else:
            t[k, LABELS.index(label)] += 1 - smoothing
    return t


def cutmix(rng, x, t):
    """A window of another image's maps. Something on nothing is not a bit of nothing: a blank side of a pair does not count."""
    n, _, s, _ = x.shape
    order, w = torch.randperm(n), rng.randint(3, 7)
    i, j, x = rng.randint(0, s - w), rng.randint(0, s - w), x.clone()
    x[:, :, i:i + w, j:j + w] = x[order][:, :, i:i + w, j:j + w]
    blank = t[:, LABELS.index("blank")] > 0.5
    share = torch.where(blank, 1.0, torch.where(blank[order], 0.0, w * w / s / s))[:, None]
    return x, t * (1 - share) + t[order] * share


def batch(views, rng, n, mix=0.15):
    """x [n, 384, 12, 12] in [0, 6] and targets [n, 7]."""
    drawn = [views.draw(rng) for _ in range(n)]
    x = as_input(np.stack([views.maps[source][k] for source, k, _ in drawn]))
    t = soft_targets([label for _, _, label in drawn])
    return cutmix(rng, x, t) if rng.random() < mix else (x, t)
