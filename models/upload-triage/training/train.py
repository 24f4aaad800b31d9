"""Trains the tail on the trunk's maps (VIEWS: a folder of maps.ts): one call is one stage.

    python train.py COMMON.pt --views VIEWS --stage common --steps 3000
    python train.py OUT.pt --views VIEWS --stage all --start COMMON.pt --steps 1500
    python train.py OUT.pt --views VIEWS --stage fold0 ...    all but the sources of fold 0

The learning rate warms up and then falls along a half cosine to --last of itself. The saved weights are the exponential
moving average; batch-norm statistics are averaged with them. A call whose OUT.pt is already complete does nothing; one that
was interrupted goes on from its last saved step (at most 100 s are lost).
"""
import argparse
import copy
import math
import os
import random
import time

import torch
from torch.nn import functional as F

from average import optimiser_of, update_average
from memory import Views, batch
from model import Tail
from sources import fold_of, read_index


def sources_of(views, stage):
    """The sources that a stage may see: `common`, `all`, or `fold<k>`: all but those of fold k."""
    index = read_index(views)
    folds = fold_of(index)
    if stage == "common":
        return [s for s in index if s not in folds]
    left_out = int(stage.removeprefix("fold")) if stage != "all" else None
    return [s for s in index if folds.get(s, -1) != left_out]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--views", required=True)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--start")
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--last", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=float, default=0.995)
    return parser.parse_args()


def main():
    args = arguments()
    saved = torch.load(args.out) if os.path.exists(args.out) else None
    if saved and saved["step"] >= args.steps:
        print("done before")
        return
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    model = Tail().to(memory_format=torch.channels_last)
    if args.start and not saved:
        model.load_state_dict(torch.load(args.start)["model"])
    average = copy.deepcopy(model)
    parameters = list(model.parameters())
    optimiser = optimiser_of(model, args.lr, 0.05)
    step = 0
    if saved:
        model.load_state_dict(saved["live"])
        average.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        step = saved["step"]
    views = Views(args.views, sources_of(args.views, args.stage))
    rng = random.Random(f"{args.seed}-{step}")
    print(f"{args.stage}: {len(views.maps)} sources, {sum(map(len, views.maps.values()))} views", flush=True)

    def save():
        torch.save({"model": average.state_dict(), "live": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step}, args.out + ".part")
        os.replace(args.out + ".part", args.out)

    seen, shown = 0.0, time.time()
    while step < args.steps:
        rate = args.lr * min(1, (step + 1) / 100) * (args.last + (1 - args.last) * (1 + math.cos(math.pi * step / args.steps)) / 2)
        for group in optimiser.param_groups:
            group["lr"] = rate
        model.train()
        x, t = batch(views, rng, args.batch)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(x)
        loss = -(t * F.log_softmax(logits.float(), 1)).sum(1).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimiser.step()
        step, seen = step + 1, 0.98 * seen + 0.02 * float(loss) if seen else float(loss)
        update_average(average, model, step, args.keep)
        if time.time() - shown > 100:
            shown = time.time()
            save()
            print(f"{time.strftime('%H:%M:%S')} step {step} of {args.steps}, loss {seen:.3f}, {time.process_time():.0f} s of CPU", flush=True)
    save()
    print(f"{args.stage} done: {step} steps, loss {seen:.3f}, {time.process_time():.0f} s of CPU", flush=True)


if __name__ == "__main__":
    main()
