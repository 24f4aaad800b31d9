"""Folds and quantises a trained tail and exports it behind the trunk.

    python quantize.py OUT_FOLDER CHECKPOINT --trunk trunk.onnx --views VIEWS --temperature T

writes OUT_FOLDER/model.onnx (INT8) and OUT_FOLDER/fp32.onnx, both with input pixel_values [1, 3, SIZE, SIZE] in [-1, 1] and
output logits [1, 7], already divided by the temperature (protocol.py prints it). Ranges and biases are calibrated on
training views. The trunk's integer weights are those of trunk.py; fp32.onnx holds what they stand for.

Weights: int8, one scale an output channel, zero point 0. Activations: uint8; every ReLU6 gives exactly [0, 6] with zero
point 0, so that saturation is the clamp. Pair limit: AVX2 without VNNI adds two products of a uint8 and an int8 in
int16, which saturates when two neighbours along the reduction are large and of one sign; 255 * (a + b) stays in int16
when a + b <= 128.
"""
import argparse
import random
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from export import write_onnx
from memory import Views, as_input, batch
from model import LABELS, Tail

ACTIVATION_SCALE = np.float32(6 / 255)
PAIR = 128


def fold(model):
    """Convolutions with their batch norm folded in: [(weight, bias, stride, groups)], float32."""
    out = []
    for layer in model.body:
        k = layer.bn.weight / torch.sqrt(layer.bn.running_var + layer.bn.eps)
        out.append((layer.conv.weight * k[:, None, None, None], layer.bn.bias - layer.bn.running_mean * k, layer.stride, layer.conv.groups))
    return [(w.detach().float(), b.detach().float(), s, g) for w, b, s, g in out]


def limit_pairs(q):
    """Integer weights [O, K] in the order of the reduction -> the same, each pair of neighbours of one sign shrunk to
    a sum of at most 128. Neighbours are taken at even and odd places: whichever way a kernel pairs them, it is safe."""
    q = q.clone()
    for start in (0, 1, 0):
        a, b = q[:, start:-1:2], q[:, start + 1::2]
        n = min(a.shape[1], b.shape[1])
        a, b = a[:, :n], b[:, :n]
        total = a.abs() + b.abs()
        over = (torch.sign(a) == torch.sign(b)) & (total > PAIR)
        cut = torch.where(over, torch.floor(a.abs() * PAIR / total.clamp(min=1)), a.abs())
        rest = torch.where(over, torch.minimum(b.abs(), PAIR - cut), b.abs())
        q[:, start:start + 2 * n:2], q[:, start + 1:start + 1 + 2 * n:2] = cut * torch.sign(a), rest * torch.sign(b)
    return q


def in_reduction_order(w, groups):
    """[O, I, kh, kw] -> [O, K] in the NHWC im2col order (kh, kw, channel) that ORT multiplies in."""
    return w.permute(0, 2, 3, 1).reshape(len(w), -1) if groups == 1 else w.reshape(len(w), -1)


def from_reduction_order(q, like, groups):
    o, i, kh, kw = like.shape
    return q.reshape(o, kh, kw, i).permute(0, 3, 1, 2).contiguous() if groups == 1 else q.reshape(like.shape)


def to_int8(w, scale, groups):
    """Rounded, clipped and (not for depthwise: it has no such kernel) pair-limited integer weights as float."""
    q = torch.clamp(torch.round(w / scale[:, None, None, None]), -127, 127)
    return q if groups > 1 else from_reduction_order(limit_pairs(in_reduction_order(q, groups)), w, groups)


def best_scales(w, groups):
    """Per output channel the scale, between 0.6 and 1 of max/127, with the least squared error after the pair limit."""
    top = w.abs().amax((1, 2, 3)).clamp(min=1e-6) / 127
    best, scale = torch.full_like(top, 1e9), top.clone()
    for k in np.linspace(0.65, 1.0, 8):
        s = top * float(k)
        error = ((to_int8(w, s, groups) * s[:, None, None, None] - w) ** 2).sum((1, 2, 3))
        scale, best = torch.where(error < best, s, scale), torch.minimum(error, best)
    return scale


def conv(x, w, b, stride, groups):
    return F.conv2d(F.pad(x, (0, 1, 0, 1)), w, b, 2, 0, 1, groups) if stride == 2 else F.conv2d(x, w, b, 1, w.shape[2] // 2, 1, groups)


def quantise_activation(x):
    return torch.clamp(torch.round(x / float(ACTIVATION_SCALE)), 0, 255) * float(ACTIVATION_SCALE)


@torch.no_grad()
def quantise(layers, views):
    """Layer by layer: choose scales, then move the bias so that the mean before the clamp stays what it was in float
    (bias correction, Nagel et al. 2019) on the calibration views. Returns [(q, scale, bias, stride, groups)] and the
    scale of the pooled features."""
    x = y = views.contiguous(memory_format=torch.channels_last)
    out = []
    for w, b, stride, groups in layers:
        scale = best_scales(w, groups)
        q = to_int8(w, scale, groups)
        a, z = conv(x, w, b, stride, groups), conv(y, q * scale[:, None, None, None], b, stride, groups)
        b = b + (a.clamp(-1, 7) - z.clamp(-1, 7)).mean((0, 2, 3))
        out.append((q, scale, b, stride, groups))
        x, y = a.clamp(0, 6), quantise_activation(conv(y, q * scale[:, None, None, None], b, stride, groups))
    return out, float(y.mean((2, 3)).max() * 1.1 / 255)


@torch.no_grad()
def simulate(layers, x, quantised=True):
    """Maps of the trunk -> pooled features [N, 512] as the INT8 tail computes them (or the float one)."""
    for layer in layers:
        if quantised:
            q, scale, b, stride, groups = layer
            x = quantise_activation(conv(x, q * scale[:, None, None, None], b, stride, groups))
        else:
            x = conv(x, *layer).clamp(0, 6)
    return x.mean((2, 3))


def training_views(folder, sources, n=192, seed=0):
    """Maps of n views of these sources, as in training."""
    return batch(Views(folder, sources), random.Random(seed), n, mix=0)[0]


@torch.no_grad()
def fill_ranges(layers, head, views, most=8.0):
    """Scales the channels that stay below 6 on the views so that they reach 6, and the weights that read them by the
    inverse: the function stays the same, and the activations use more of their 256 steps. Returns layers and head.
    Without a head the last layer's channels stay as they are."""
    layers, head, x = [list(layer) for layer in layers], head and list(head), views
    for n, layer in enumerate(layers if head else layers[:-1]):
        x = conv(x, *layer).clamp(0, 6)
        k = (6 / x.amax((0, 2, 3)).clamp(min=1e-3)).clamp(1, most)
        k = torch.where(x.amax((0, 2, 3)) > 1e-3, k, torch.ones_like(k))
        x = x * k[:, None, None]
        layer[0], layer[1] = layer[0] * k[:, None, None, None], layer[1] * k
        if n + 1 == len(layers):
            head[0] = head[0] / k
        elif layers[n + 1][3] > 1:  # depthwise: a filter a channel
            layers[n + 1][0] = layers[n + 1][0] / k[:, None, None, None]
        else:
            layers[n + 1][0] = layers[n + 1][0] / k[None, :, None, None]
    return [tuple(layer) for layer in layers], head and tuple(head)


def all_features(layers, maps, quantised=True):
    """Maps uint8 [N, 384, 12, 12] -> pooled features [N, 512]."""
    return torch.cat([simulate(layers, as_input(maps[k:k + 128]), quantised) for k in range(0, len(maps), 128)])


def best_temperature(logits, y):
    """The divisor of the logits, 0.3 to 3, with the least cross-entropy (Guo et al. 2017). Classes count alike."""
    share = 1 / torch.bincount(y, minlength=len(LABELS)).clamp(min=1).float()[y]
    grid = np.geomspace(0.3, 3, 80)
    return min(grid, key=lambda t: float((F.cross_entropy(logits / float(t), y, reduction="none") * share).sum()))


def calibration_error(logits, y, bins=15):
    score, guess = logits.softmax(1).max(1)
    place = (score * bins).ceil().long()
    return sum(float(((guess == y).float()[place == b] - score[place == b]).sum().abs()) for b in place.unique()) / len(y)


def quantised(path, views):
    """A checkpoint as (INT8 layers, float layers, head, scale of the pooled features)."""
    model = Tail().eval()
    model.load_state_dict(torch.load(path)["model"])
    floats, head = fill_ranges(fold(model), (model.head.weight.detach(), model.head.bias.detach()), views)
    layers, pooled = quantise(floats, views)
    return layers, floats, head, pooled


if __name__ == "__main__":
    from train import sources_of

    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("checkpoint")
    parser.add_argument("--trunk", required=True)
    parser.add_argument("--views", required=True)
    parser.add_argument("--temperature", type=float, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)  # two wait for each other where the cores are shared
    torch.manual_seed(0)
    layers, floats, head, pooled = quantised(args.checkpoint, training_views(args.views, sources_of(args.views, "all")))
    head = tuple(h / args.temperature for h in head)
    args.out.mkdir(parents=True, exist_ok=True)
    write_onnx(args.out / "fp32.onnx", args.trunk, [(w.numpy(), b.numpy(), s, g) for w, b, s, g in floats], head)
    write_onnx(args.out / "model.onnx", args.trunk, [(q.numpy(), b.numpy(), s, g, k.numpy()) for q, k, b, s, g in layers], head, pooled)
