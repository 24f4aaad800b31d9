"""Folds, quantises and exports a trained network.

    python quantize.py CHECKPOINT OUT_FOLDER --calibration views.npz [--temperature 1.0]

writes OUT_FOLDER/model.onnx (INT8) and OUT_FOLDER/fp32.onnx, both with input pixel_values [1, 3, 224, 224] in [-1, 1]
and output logits [1, 7], already divided by the temperature.

Weights: int8, one scale an output channel, zero point 0. Activations: uint8; every ReLU6 gives exactly [0, 6] with zero
point 0, so that saturation is the clamp. Pair limit: AVX2 without VNNI adds two products of a uint8 and an int8 in
int16, which saturates when two neighbours along the reduction are large and of one sign; 255 * (a + b) stays in int16
when a + b <= 128.
"""
import argparse
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from export import write_onnx
from model import MobileNetV1

ACTIVATION_SCALE = np.float32(6 / 255)
INPUT_SCALE, INPUT_ZERO = np.float32(1 / 128), 128  # as in Google's TFLite files: [-1, 0.992]
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


def quantise_input(x):
    return (torch.clamp(torch.round(x / float(INPUT_SCALE)) + INPUT_ZERO, 0, 255) - INPUT_ZERO) * float(INPUT_SCALE)


@torch.no_grad()
def quantise(layers, views):
    """Layer by layer: choose scales, then move the bias so that the mean before the clamp stays what it was in float
    (bias correction, Nagel et al. 2019) on the calibration views. Returns [(q, scale, bias, stride, groups)] and the
    scale of the pooled features."""
    x = y = views.contiguous(memory_format=torch.channels_last)
    y = quantise_input(y)
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
def simulate(layers, head, x, quantised=True):
    """Logits [N, 7] as the INT8 graph computes them (or the float one)."""
    x = quantise_input(x) if quantised else x
    for layer in layers:
        if quantised:
            q, scale, b, stride, groups = layer
            x = quantise_activation(conv(x, q * scale[:, None, None, None], b, stride, groups))
        else:
            x = conv(x, *layer).clamp(0, 6)
    return x.mean((2, 3)) @ head[0].T + head[1]


def views(path, n=None, seed=0):
    data = np.load(path)
    keep = np.random.default_rng(seed).permutation(len(data["x"]))[:n] if n else np.arange(len(data["x"]))
    return torch.from_numpy(data["x"][keep]).permute(0, 3, 1, 2).float() / 127.5 - 1, data["y"][keep]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint")
    parser.add_argument("out", type=Path)
    parser.add_argument("--calibration", required=True)
    parser.add_argument("--temperature", type=float, default=1.0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    state = torch.load(args.checkpoint)
    if "layers" in state:  # from qat.py: folded already, with its scales
        floats, ints, pooled, head = state["floats"], state["layers"], state["pooled_scale"], state["head"]
    else:
        model = MobileNetV1().eval()
        model.load_state_dict(state["model"])
        floats, head = fold(model), (model.head.weight.detach(), model.head.bias.detach())
        ints, pooled = quantise(floats, views(args.calibration, 64)[0])
    head = tuple(h / args.temperature for h in head)
    args.out.mkdir(parents=True, exist_ok=True)
    write_onnx(args.out / "fp32.onnx", [(w.numpy(), b.numpy(), s, g) for w, b, s, g in floats], head)
    write_onnx(args.out / "model.onnx", [(q.numpy(), b.numpy(), s, g, k.numpy()) for q, k, b, s, g in ints], head, pooled)
