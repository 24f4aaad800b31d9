"""Trains the network by the clock: one call is one stage at one image size.

    python train.py OUT.pt --views VIEWS --stage common --size 128 --minutes 12 --lr 3e-3 --processes 2
    python train.py OUT.pt --views VIEWS --stage all --start COMMON.pt --size 192 --minutes 8 --lr 8e-4 --relu6
    python train.py OUT.pt --views VIEWS --stage fold0 ...    all but the sources of fold 0

The learning rate warms up and then falls along a half cosine to --last of itself at the end of the time. The saved
weights are the exponential moving average; batch-norm statistics are averaged with them. A call whose OUT.pt is already
complete does nothing; one that was interrupted goes on from its last saved step (at most 100 s are lost).
"""
import argparse
import copy
import math
import os
import random
import time

import torch
from torch import distributed
from torch.nn import functional as F

from memory import Views, batch
from model import FEATURES, MobileNetV1
from sources import fold_of, read_index


def sources_of(views, stage):
    """The sources that a stage may see: `common`, `all`, or `fold<k>`: all but those of fold k."""
    index = read_index(views)
    folds = fold_of(index)
    if stage == "common":
        return [s for s in index if s not in folds]
    left_out = int(stage.removeprefix("fold")) if stage != "all" else None
    return [s for s in index if folds.get(s, -1) != left_out]


def share_gradients(parameters, processes):
    flat = torch.cat([p.grad.flatten() for p in parameters])
    distributed.all_reduce(flat)
    for p, g in zip(parameters, flat.div_(processes).split([p.numel() for p in parameters])):
        p.grad.copy_(g.view_as(p))


def loss_of(model, project, x, t, taught, holds, weight):
    """Cross-entropy, and how far the pooled features are, through a linear map, from the teacher's."""
    with torch.autocast("cpu", torch.bfloat16):
        pooled = model.features(x)
        logits = model.head(model.dropout(pooled))
    loss = -(t * F.log_softmax(logits.float(), 1)).sum(1).mean()
    if weight == 0:
        return loss, loss
    target = taught.sqrt()
    distance = 1 - F.cosine_similarity(project(pooled.float()), target - target.mean(0), dim=1)
    return loss, loss + weight * (distance * holds).sum() / holds.sum().clamp(min=1)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--views", required=True)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--start")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--last", type=float, default=0.01)
    parser.add_argument("--teach", type=float, default=1.5)
    parser.add_argument("--relu6", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real-share", type=float, default=0.6)
    parser.add_argument("--port", type=int, default=29500)
    parser.add_argument("--keep", type=float, default=0.998)
    parser.add_argument("--processes", type=int, default=1)
    return parser.parse_args()


def main():
    args = arguments()
    saved = torch.load(args.out) if os.path.exists(args.out) else None
    if saved and saved["part"] >= 1:
        print("done before")
        return
    # Two processes of one thread each, gradients averaged: twice as fast here as one process of two threads, because
    # 32 images' activations stay in the cache and no thread waits for the other inside a layer.
    rank = 1 if args.processes == 2 and os.fork() == 0 else 0
    torch.set_num_threads(1)
    if args.processes == 2:
        distributed.init_process_group("gloo", f"tcp://127.0.0.1:{args.port}", rank=rank, world_size=2)
    torch.manual_seed(args.seed + rank)
    model = MobileNetV1().to(memory_format=torch.channels_last)
    project = torch.nn.Linear(FEATURES, 1280)
    if args.start and not saved:
        state = torch.load(args.start)
        model.load_state_dict(state["model"])
        project.load_state_dict(state["project"])
    if args.relu6:
        model.use_relu6()
    average = copy.deepcopy(model)
    parameters = [*model.parameters(), *project.parameters()]
    decays = [p.ndim > 1 and p.shape[1] > 1 for p in parameters]
    optimiser = torch.optim.AdamW([{"params": [p for p, d in zip(parameters, decays) if d], "weight_decay": 0.05},
                                   {"params": [p for p, d in zip(parameters, decays) if not d], "weight_decay": 0}], args.lr)
    step, before = 0, 0.0
    if saved:
        model.load_state_dict(saved["live"])
        average.load_state_dict(saved["model"])
        project.load_state_dict(saved["project"])
        optimiser.load_state_dict(saved["optimiser"])
        step, before = saved["step"], saved["part"]
    if args.processes == 2:
        for p in parameters:
            distributed.broadcast(p.data, 0)
    views = Views(args.views, sources_of(args.views, args.stage), args.real_share)
    rng = random.Random(f"{args.seed}-{rank}-{step}")
    if rank == 0:
        print(f"{args.stage}: {len(views.pixels)} sources", flush=True)

    def save(part):
        torch.save({"model": average.state_dict(), "live": model.state_dict(), "project": project.state_dict(),
                    "optimiser": optimiser.state_dict(), "step": step, "part": part}, args.out + ".part")
        os.replace(args.out + ".part", args.out)

    begin, seen, shown, clock, first = time.time(), 0.0, time.time(), torch.zeros(1), step
    while True:
        clock[0] = before + (time.time() - begin) / 60 / args.minutes
        if args.processes == 2:
            distributed.broadcast(clock, 0)
        part = float(clock)
        if part >= 1:
            break
        warm = min(1, (step + 1) / 100)
        for group in optimiser.param_groups:
            group["lr"] = args.lr * warm * (args.last + (1 - args.last) * (1 + math.cos(math.pi * part)) / 2)
        model.train()
        loss, total = loss_of(model, project, *batch(views, rng, args.batch, args.size), args.teach)
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        if args.processes == 2:
            share_gradients([p for p in parameters if p.grad is not None], 2)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        step, seen = step + 1, 0.98 * seen + 0.02 * float(loss) if seen else float(loss)
        keep = min(args.keep, (step + 1) / (step + 20))
        with torch.no_grad():
            for a, b in zip(average.state_dict().values(), model.state_dict().values()):
                a.mul_(keep).add_(b, alpha=1 - keep) if a.dtype.is_floating_point else a.copy_(b)
        if rank == 0 and time.time() - shown > 100:
            shown = time.time()
            save(part)
            rate = (step - first) * args.batch * args.processes / (shown - begin)
            print(f"{time.strftime('%H:%M:%S')} {part:.0%} step {step} {rate:.0f}/s loss {seen:.3f} feat {float(total - loss):.3f}", flush=True)
    if rank:
        os._exit(0)
    save(1.0)
    print(f"done: {step} steps, loss {seen:.3f}", flush=True)


if __name__ == "__main__":
    main()
