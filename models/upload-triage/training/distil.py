"""Trains the trunk to give the teacher's maps, and to tell the classes of the common sources.

    python distil.py OUT.pt --views VIEWS --maps MAPS --minutes 50 [--start OLD.pt]

VIEWS holds the pixels (views.py), MAPS what the teacher makes of them (maps.ts). The labels of sources that are left out once are
never looked at: for the others a tail behind the trunk, which is thrown away, adds its cross-entropy to the loss. --start takes what
fits of a checkpoint. The learning rate warms up and falls along a half cosine by the clock; the saved weights are the exponential
moving average. Run again to go on after an interruption.

Each worker is a process of one thread with its own batches; every eighth step their weights are averaged. That keeps two cores busy
where one process of two threads does not, least of all beside other work.
"""
import argparse
import copy
import math
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import distributed, multiprocessing
from torch.nn import functional as F

from average import optimiser_of, update_average
from generate import NOISE
from memory import as_input, maps_of
from model import LABELS, SIZE, Tail, Trunk
from sources import fold_of, read_index

LABELLED = 0.4  # weight of the cross-entropy
APART = 8  # steps of a worker between two averagings


def pixels_of(folder, source):
    """uint8 [N, SIZE, SIZE, 3]."""
    return np.memmap(Path(folder) / f"{source}.u8", np.uint8, "r").reshape(-1, SIZE, SIZE, 3)


def spread(maps):
    """[1, 384, 1, 1]: how much each channel varies, over some views of every source."""
    some = np.concatenate([m[::max(1, len(m) // 40)][:40] for m in maps.values()])
    return as_input(some).std((0, 2, 3), keepdim=True).clamp(min=0.1)


class Batches:
    """`draw(n)`: pixels [n, 3, SIZE, SIZE] in [-1, 1], the teacher's maps [n, 384, 12, 12], and classes [n], -1 for none to be told."""

    def __init__(self, views, maps):
        index = read_index(maps)
        folds = fold_of(index)
        self.rng = np.random.default_rng()
        self.sources = [s for s in sorted(index) if index[s]]
        self.pixels, self.maps = {s: pixels_of(views, s) for s in self.sources}, {s: maps_of(maps, s) for s in self.sources}
        self.classes = {s: [-1 if s in folds or label == NOISE else LABELS.index(label) for label in index[s]] for s in self.sources}
        share = np.sqrt([len(self.pixels[s]) for s in self.sources])
        share *= [1.5 if s == "flowers" or "imagenet" in s or "-photo-" in s else 1.0 for s in self.sources]  # photographs have few sources
        self.share = share / share.sum()

    def draw(self, n):
        drawn = [(self.sources[k], self.rng.integers(len(self.pixels[self.sources[k]]))) for k in self.rng.choice(len(self.sources), n, p=self.share)]
        x = torch.from_numpy(np.stack([self.pixels[s][k] for s, k in drawn])).permute(0, 3, 1, 2).float() / 127.5 - 1
        return x, as_input(np.stack([self.maps[s][k] for s, k in drawn])), torch.tensor([self.classes[s][k] for s, k in drawn])


@torch.no_grad()
def average_workers(module, elapsed):
    """The mean of the workers' weights and statistics, in place; returns the largest of their clocks."""
    tensors = [t for t in module.state_dict().values() if t.is_floating_point()]
    flat = torch.cat([t.reshape(-1) for t in tensors])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    for t, part in zip(tensors, flat.split([t.numel() for t in tensors])):
        t.copy_(part.view(t.shape))
    clock = torch.tensor(elapsed)
    distributed.all_reduce(clock, distributed.ReduceOp.MAX)
    return float(clock)


def work(rank, args, meeting):
    distributed.init_process_group("gloo", f"file://{meeting}", rank=rank, world_size=args.workers)
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model, tail = Trunk().to(memory_format=torch.channels_last), Tail().to(memory_format=torch.channels_last)
    if args.start:
        own = model.state_dict()
        given = torch.load(args.start)["model"]
        own.update({k: v.float() if v.is_floating_point() else v for k, v in given.items() if k in own and own[k].shape == v.shape})
        model.load_state_dict(own)
    average = copy.deepcopy(model)
    both = torch.nn.ModuleList([model, tail])
    optimiser = optimiser_of(both, args.lr, 0.01)
    step, before = 0, 0.0
    if os.path.exists(args.out):
        saved = torch.load(args.out)
        both.load_state_dict(saved["live"])
        average.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        step, before = saved["step"], saved["minutes"]
    batches = Batches(args.views, args.maps)
    scale, begin, shown = spread(batches.maps), time.time(), time.time()
    elapsed, first, seen = before, step, np.zeros(2)

    def save():
        torch.save({"model": average.state_dict(), "live": both.state_dict(), "optimiser": optimiser.state_dict(), "step": step, "minutes": elapsed}, args.out + ".part")
        os.replace(args.out + ".part", args.out)

    both.train()
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(batches.draw, args.batch)
        while elapsed < args.minutes:
            for group in optimiser.param_groups:
                group["lr"] = args.lr * min(1, (step + 1) / 100) * (0.01 + 0.99 * (1 + math.cos(math.pi * elapsed / args.minutes)) / 2)
            x, wanted, classes = coming.result()
            coming = reader.submit(batches.draw, args.batch)
            with torch.autocast("cpu", torch.bfloat16):
                given = model(x)
                logits = tail(given)
            losses = (((given.float() - wanted) / scale) ** 2).mean(), F.cross_entropy(logits.float(), classes, ignore_index=-1, label_smoothing=0.05)
            optimiser.zero_grad(set_to_none=True)
            (losses[0] + LABELLED * losses[1]).backward()
            torch.nn.utils.clip_grad_norm_(both.parameters(), 5.0)
            optimiser.step()
            step += 1
            keep = min(0.98, (step - first) / (step - first + 1))
            seen = keep * seen + (1 - keep) * np.array([float(loss) for loss in losses])
            if step % APART:
                continue
            elapsed = average_workers(both, before + (time.time() - begin) / 60)
            if rank == 0:
                update_average(average, model, step, 0.985)
            if rank == 0 and time.time() - shown > 30:
                shown = time.time()
                save()
                rate = (step - first) * args.batch * args.workers / (shown - begin)
                print(f"{time.strftime('%H:%M:%S')} step {step}, {elapsed:.1f} of {args.minutes:.0f} min, maps {seen[0]:.4f}, classes {seen[1]:.3f}, {rate:.0f} images/s", flush=True)
    if rank == 0:
        save()
        print(f"done: {step} steps, maps {seen[0]:.4f}, classes {seen[1]:.3f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--views", required=True)
    parser.add_argument("--maps", required=True)
    parser.add_argument("--start")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.spawn(work, (args, f"{folder}/meeting"), args.workers)


if __name__ == "__main__":
    main()
