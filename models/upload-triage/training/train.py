"""Trains the network by the clock: one call is one stage at one picture size.

    python train.py OUT.pt --pool POOL --size 128 --minutes 30 --lr 2e-3 --teacher mobilenet_v2_1.0_224_quant.tflite
    python train.py OUT2.pt --start OUT.pt --size 224 --minutes 10 --lr 3e-4 --relu6

The learning rate warms up and then falls along a half cosine to --last of itself at the end of the time. The saved
weights are the exponential moving average; batch-norm statistics are averaged with them.
"""
import argparse
import copy
import math
import os
import time

import numpy as np
import torch
from torch import distributed
from torch.nn import functional as F

from dataset import Batches, Pools
from model import LABELS, MobileNetV1


def evaluate(model, path, size):
    """Recall per class on an .npz of 224 x 224 views, averaged down to `size`."""
    data = np.load(path)
    model.eval()
    hits = []
    with torch.no_grad():
        for k in range(0, len(data["x"]), 64):
            x = torch.from_numpy(data["x"][k:k + 64]).permute(0, 3, 1, 2).float() / 127.5 - 1
            if size != 224:
                x = F.interpolate(x, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
            with torch.autocast("cpu", torch.bfloat16):
                hits.append(model(x.contiguous(memory_format=torch.channels_last)).float().argmax(1).numpy())
    hits, y = np.concatenate(hits), data["y"]
    recall = {LABELS[c][:5]: round(float((hits[y == c] == c).mean()), 3) for c in range(len(LABELS)) if (y == c).any()}
    return recall, round(float(np.mean(list(recall.values()))), 4)


def load_teacher(path):
    from teacher import Teacher  # needs the flatbuffers package, which the later stages do without

    return Teacher(path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--pool", default="pool")
    parser.add_argument("--validation", nargs="*", default=[])
    parser.add_argument("--start")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--last", type=float, default=0.01)
    parser.add_argument("--teacher")
    parser.add_argument("--relu6", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real-share", type=float, default=0.6)
    parser.add_argument("--port", type=int, default=29500)
    parser.add_argument("--keep", type=float, default=0.998)
    args = parser.parse_args()
    # Two processes of one thread each, gradients averaged: twice as fast here as one process of two threads, because
    # 32 pictures' activations stay in the cache and no thread waits for the other inside a layer.
    child = os.fork() == 0
    rank = int(child)
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", f"tcp://127.0.0.1:{args.port}", rank=rank, world_size=2)
    torch.manual_seed(args.seed + rank)
    model = MobileNetV1().to(memory_format=torch.channels_last)
    project = torch.nn.Linear(1024, 1280)
    if args.start:
        state = torch.load(args.start)
        model.load_state_dict(state["model"])
        project.load_state_dict(state["project"])
    if args.relu6:
        model.use_relu6()
    average = copy.deepcopy(model)
    teacher = load_teacher(args.teacher) if args.teacher else None
    decay = [p for p in list(model.parameters()) + list(project.parameters()) if p.ndim > 1 and p.shape[1] > 1]
    rest = [p for p in list(model.parameters()) + list(project.parameters()) if not (p.ndim > 1 and p.shape[1] > 1)]
    optimiser = torch.optim.AdamW([{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0}], args.lr)
    batches = Batches(Pools(args.pool, real_share=args.real_share), args.size, args.batch, args.seed * 2 + rank)
    begin, step, seen, shown = time.time(), 0, 0.0, time.time()
    for p in list(model.parameters()) + list(project.parameters()):
        distributed.broadcast(p.data, 0)
    parameters = list(model.parameters()) + (list(project.parameters()) if teacher else [])
    clock = torch.zeros(1)
    while True:
        clock[0] = (time.time() - begin) / 60 / args.minutes
        distributed.broadcast(clock, 0)
        part = float(clock)
        if part >= 1:
            break
        warm = min(1, (step + 1) / 150)
        for group in optimiser.param_groups:
            group["lr"] = args.lr * warm * (args.last + (1 - args.last) * (1 + math.cos(math.pi * part)) / 2)
        x, t = batches.next()
        model.train()
        with torch.autocast("cpu", torch.bfloat16):
            pooled = model.features(x)
            logits = model.head(model.dropout(pooled))
        loss = -(t * F.log_softmax(logits.float(), 1)).sum(1).mean()
        total = loss
        if teacher:
            half = args.batch // 2
            target = teacher(x[:half].to(torch.bfloat16))[0].sqrt()
            guess = project(pooled[:half].float())
            total = loss + 1.5 * (1 - F.cosine_similarity(guess, target - target.mean(0), dim=1).mean())
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        flat = torch.cat([p.grad.flatten() for p in parameters])
        distributed.all_reduce(flat)
        for p, g in zip(parameters, flat.div_(2).split([p.numel() for p in parameters])):
            p.grad.copy_(g.view_as(p))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        step, seen = step + 1, 0.98 * seen + 0.02 * float(loss) if seen else float(loss)
        keep = min(args.keep, (step + 1) / (step + 20))
        with torch.no_grad():
            for a, b in zip(average.state_dict().values(), model.state_dict().values()):
                a.mul_(keep).add_(b, alpha=1 - keep) if a.dtype.is_floating_point else a.copy_(b)
        if rank == 0 and time.time() - shown > 100:
            shown = time.time()
            torch.save({"model": average.state_dict(), "project": project.state_dict()}, args.out + ".part")
            os.replace(args.out + ".part", args.out)
            size = 160 if args.size == 128 else 224
            print(f"{time.strftime('%H:%M:%S')} step {step} {2 * step * args.batch / (shown - begin):.0f}/s loss {seen:.3f} "
                  f"feat {float(total - loss):.3f} queue {batches.queue.qsize()}", *(evaluate(average, v, size) for v in args.validation), flush=True)
    if rank:
        os._exit(0)
    torch.save({"model": average.state_dict(), "project": project.state_dict()}, args.out)
    print("done", *(evaluate(average, v, 224) for v in args.validation), flush=True)


if __name__ == "__main__":
    main()
