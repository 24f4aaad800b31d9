"""Trains the trunk to give the teacher's maps, without labels.

    python distil.py OUT.pt --views VIEWS --maps MAPS --minutes 24 [--start HALF.pt]

VIEWS holds the pixels (views.py), MAPS what the teacher makes of them (maps.ts). --start takes what fits of a checkpoint of a
half-width MobileNet v1. The learning rate warms up and falls along a half cosine by the clock; the saved weights are the
exponential moving average.
"""
import argparse
import copy
import math
import os
import time
from pathlib import Path

import numpy as np
import torch

from average import optimiser_of, update_average
from memory import as_input, maps_of
from model import SIZE, Trunk
from sources import read_index


def pixels_of(folder, source):
    """uint8 [N, SIZE, SIZE, 3]."""
    return np.memmap(Path(folder) / f"{source}.u8", np.uint8, "r").reshape(-1, SIZE, SIZE, 3)


def spread(maps):
    """[1, 384, 1, 1]: how much each channel varies, over some views of every source."""
    some = np.concatenate([m[::max(1, len(m) // 40)][:40] for m in maps.values()])
    return as_input(some).std((0, 2, 3), keepdim=True).clamp(min=0.1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--views", required=True)
    parser.add_argument("--maps", required=True)
    parser.add_argument("--start")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    model = Trunk().to(memory_format=torch.channels_last)
    if args.start:
        own = model.state_dict()
        given = torch.load(args.start)["model"]
        own.update({k: v.float() if v.is_floating_point() else v for k, v in given.items() if k in own and own[k].shape == v.shape})
        model.load_state_dict(own)
    average = copy.deepcopy(model)
    sources = sorted(read_index(args.maps))
    pixels, maps = {s: pixels_of(args.views, s) for s in sources}, {s: maps_of(args.maps, s) for s in sources}
    share = np.sqrt([len(pixels[s]) for s in sources])
    share *= [2.0 if s == "flowers" or "imagenet" in s else 1.0 for s in sources]  # photographs have few sources
    share, scale = share / share.sum(), spread(maps)
    optimiser = optimiser_of(model, args.lr, 0.01)

    def save():
        torch.save({"model": average.state_dict()}, args.out + ".part")
        os.replace(args.out + ".part", args.out)

    begin, shown, step, seen = time.time(), time.time(), 0, 0.0
    while (part := (time.time() - begin) / 60 / args.minutes) < 1:
        for group in optimiser.param_groups:
            group["lr"] = args.lr * min(1, (step + 1) / 50) * (0.01 + 0.99 * (1 + math.cos(math.pi * part)) / 2)
        drawn = [(sources[k], rng.integers(len(pixels[sources[k]]))) for k in rng.choice(len(sources), args.batch, p=share)]
        x = torch.from_numpy(np.stack([pixels[s][k] for s, k in drawn])).permute(0, 3, 1, 2).float() / 127.5 - 1
        wanted = as_input(np.stack([maps[s][k] for s, k in drawn]))
        model.train()
        with torch.autocast("cpu", torch.bfloat16):
            given = model(x)
        loss = (((given.float() - wanted) / scale) ** 2).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        step, seen = step + 1, 0.98 * seen + 0.02 * float(loss) if seen else float(loss)
        update_average(average, model, step)
        if time.time() - shown > 30:
            shown = time.time()
            save()
            print(f"{time.strftime('%H:%M:%S')} step {step}, loss {seen:.4f}, {step * args.batch / (shown - begin):.0f} images/s", flush=True)
    save()
    print(f"done: {step} steps, loss {seen:.4f}")


if __name__ == "__main__":
    main()
