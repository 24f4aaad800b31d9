"""Folds and quantises the distilled trunk.

    python trunk.py TRUNK.pt trunk.onnx --views VIEWS

trunk.onnx: uint8 pixels [1, 192, 192, 3] -> uint8 maps [1, 384, 12, 12] in steps of 6 / 255. Ranges and biases are calibrated on
three views of each source.
"""
import argparse

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper

from distil import pixels_of
from export import ACTIVATION_SCALE, INPUT_SCALE, INPUT_ZERO, Graph, attributes_of
from model import MAP, SIZE, Trunk
from quantize import fill_ranges, fold, quantise
from sources import read_index


def as_quantised(pixels):
    """uint8 [N, S, S, 3] -> what the quantised input holds, [N, 3, S, S]."""
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
    return (x / INPUT_SCALE).round().clamp(-INPUT_ZERO, 255 - INPUT_ZERO) * INPUT_SCALE


def write(path, layers):
    g = Graph()
    x = g.node("Transpose", ["pixel_values"], "nchw", perm=[0, 3, 1, 2])
    x_scale, x_zero = np.float32(INPUT_SCALE), np.uint8(INPUT_ZERO)
    for n, (q, scale, b, stride, groups) in enumerate(layers):
        k = scale.numpy().astype(np.float32)
        bias = np.round(b.numpy().astype(np.float64) / (float(x_scale) * k)).astype(np.int32)
        x = g.node("QLinearConv", [x, g.constant(f"x{n}_scale", x_scale), g.constant(f"x{n}_zero", x_zero),
                                   g.constant(f"w{n}", q.numpy().astype(np.int8)), g.constant(f"w{n}_scale", k), g.constant(f"w{n}_zero", np.zeros(len(k), np.int8)),
                                   g.constant(f"y{n}_scale", np.float32(ACTIVATION_SCALE)), g.constant(f"y{n}_zero", np.uint8(0)), g.constant(f"b{n}", bias)],
                   f"conv{n}", **attributes_of(q, stride, groups))
        x_scale, x_zero = np.float32(ACTIVATION_SCALE), np.uint8(0)
    graph = helper.make_graph(g.nodes, "trunk", [helper.make_tensor_value_info("pixel_values", TensorProto.UINT8, [1, SIZE, SIZE, 3])],
                              [helper.make_tensor_value_info(x, TensorProto.UINT8, [1, *MAP])], g.constants)
    model = helper.make_model(graph, producer_name="upload-triage", opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint")
    parser.add_argument("out")
    parser.add_argument("--views", required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = Trunk().eval()
    model.load_state_dict(torch.load(args.checkpoint)["model"])
    rng = np.random.default_rng(0)
    views = [pixels_of(args.views, source) for source in sorted(read_index(args.views))]
    x = as_quantised(np.concatenate([v[np.sort(rng.integers(0, len(v), 3))] for v in views if len(v)]))
    layers, _ = quantise(fill_ranges(fold(model), None, x)[0], x)
    write(args.out, layers)
