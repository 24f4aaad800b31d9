"""Writes the ONNX graphs, trunk and tail: fp32, and INT8 in the QDQ format."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from model import LABELS, SIZE

ACTIVATION_SCALE, INPUT_SCALE, INPUT_ZERO = 6 / 255, 1 / 128, 128


def read_trunk(path):
    """The trunk's convolutions: [(integer weight [O, I, kh, kw], bias, stride, groups, scale of each output channel)]."""
    graph = onnx.load(path).graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    out, scale, zero = [], INPUT_SCALE, INPUT_ZERO
    for node in graph.node:
        if node.op_type != "QLinearConv":
            continue
        x_scale, x_zero, q, w_scale, w_zero, y_scale, y_zero, bias = (values[name] for name in node.input[1:])
        given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        assert np.isclose(x_scale, scale, 1e-4) and x_zero == zero and np.isclose(y_scale, ACTIVATION_SCALE, 1e-4) and y_zero == 0 and not w_zero.any()
        out.append((q, bias * (x_scale * w_scale).astype(np.float64), given["strides"][0], given["group"], w_scale))
        scale, zero = ACTIVATION_SCALE, 0
    return out


class Graph:
    """Nodes and initialisers, with names given by the caller."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output


def attributes_of(w, stride, groups):
    k = w.shape[2]
    pads = [0, 0, 1, 1] if stride == 2 else [k // 2] * 4  # stride 2: TensorFlow's SAME on even sizes
    return {"kernel_shape": [k, k], "strides": [stride, stride], "pads": pads, "group": groups}


def float_layers(g, layers):
    x, low, high = "pixel_values", g.constant("zero", np.float32(0)), g.constant("six", np.float32(6))
    for n, (w, b, stride, groups) in enumerate(layers):
        y = g.node("Conv", [x, g.constant(f"w{n}", w), g.constant(f"b{n}", b)], f"conv{n}", **attributes_of(w, stride, groups))
        x = g.node("Clip", [y, low, high], f"relu6_{n}")
    return g.node("GlobalAveragePool", [x], "pooled")


def int8_layers(g, layers, pooled_scale):
    scale, zero = g.constant("activation_scale", np.float32(ACTIVATION_SCALE)), g.constant("activation_zero", np.uint8(0))
    x_scale, ends = INPUT_SCALE, [g.constant("input_scale", np.float32(INPUT_SCALE)), g.constant("input_zero", np.uint8(INPUT_ZERO))]
    x = g.node("DequantizeLinear", [g.node("QuantizeLinear", ["pixel_values", *ends], "pixels_q"), *ends], "pixels")
    for n, (q, b, stride, groups, k) in enumerate(layers):
        ws = g.constant(f"w{n}_scale", k.astype(np.float32))
        w = g.node("DequantizeLinear", [g.constant(f"w{n}_q", q.astype(np.int8)), ws, g.constant(f"w{n}_zero", np.zeros(len(k), np.int8))], f"w{n}", axis=0)
        bs = np.float32(x_scale) * k.astype(np.float32)
        bias = g.node("DequantizeLinear", [g.constant(f"b{n}_q", np.round(b / bs).astype(np.int32)), g.constant(f"b{n}_scale", bs),
                                           g.constant(f"b{n}_zero", np.zeros(len(k), np.int32))], f"b{n}", axis=0)
        y = g.node("Conv", [x, w, bias], f"conv{n}", **attributes_of(q, stride, groups))
        # No ReLU6 node: the range of the quantised output is exactly [0, 6].
        x = g.node("DequantizeLinear", [g.node("QuantizeLinear", [y, scale, zero], f"act{n}_q"), scale, zero], f"act{n}")
        x_scale = ACTIVATION_SCALE
    ends = [g.constant("pooled_scale", np.float32(pooled_scale)), zero]
    y = g.node("GlobalAveragePool", [x], "average")
    return g.node("DequantizeLinear", [g.node("QuantizeLinear", [y, *ends], "pooled_q"), *ends], "pooled")


def write_onnx(path, trunk, tail, head, pooled_scale=None):
    """`tail`: (weight, bias, stride, groups), for INT8 with the scales of the weights after that. INT8 when there is
    a scale for the pooled features. The last, matrix of the classes stays in float32: it is 0.004% of the arithmetic."""
    g, layers = Graph(), read_trunk(trunk)
    if pooled_scale:
        pooled = int8_layers(g, layers + tail, pooled_scale)
    else:
        pooled = float_layers(g, [((q * k[:, None, None, None]).astype(np.float32), b.astype(np.float32), s, n) for q, b, s, n, k in layers] + tail)
    flat = g.node("Flatten", [pooled], "features", axis=1)
    weight, bias = (np.asarray(h, np.float32) for h in head)
    g.node("Gemm", [flat, g.constant("head_weight", weight), g.constant("head_bias", bias)], "logits", transB=1)
    graph = helper.make_graph(g.nodes, "upload-triage", [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, len(LABELS)])], g.constants)
    model = helper.make_model(graph, producer_name="upload-triage", opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
