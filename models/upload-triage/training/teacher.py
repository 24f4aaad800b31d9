"""The teacher of the first stage: Google's quantised MobileNet v2 (Apache-2.0, a TFLite file) as a torch function.

Its weights are dequantised; only its pooled features are used, as a target for a linear map of ours, so none of them
ends in the product. The TFLite schema's field numbers and operator codes are those of tensorflow/lite/schema/schema.fbs.
"""
import struct

import numpy as np
import torch
from flatbuffers import number_types as N
from flatbuffers.table import Table
from torch.nn import functional as F

ADD, AVERAGE_POOL, CONV, DEPTHWISE_CONV, RESHAPE, SOFTMAX = 0, 1, 3, 4, 22, 25
DTYPES = {3: "u1", 2: "<i4"}


class Fields:
    """A FlatBuffers table, read by field number."""

    def __init__(self, table):
        self.table = table

    def _offset(self, field):
        return self.table.Offset(4 + 2 * field)

    def number(self, field, flags, default=0):
        o = self._offset(field)
        return self.table.Get(flags, o + self.table.Pos) if o else default

    def child(self, field):
        o = self._offset(field)
        return Fields(Table(self.table.Bytes, self.table.Indirect(o + self.table.Pos)))

    def children(self, field):
        o = self._offset(field)
        start = self.table.Vector(o)
        return [Fields(Table(self.table.Bytes, self.table.Indirect(start + 4 * k))) for k in range(self.table.VectorLen(o))]

    def array(self, field, dtype):
        o = self._offset(field)
        return np.frombuffer(self.table.Bytes, dtype, self.table.VectorLen(o), self.table.Vector(o)) if o else np.empty(0, dtype)


class Model:
    """Operators and tensors of the first subgraph."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = bytearray(file.read())
        root = Fields(Table(data, struct.unpack("<I", data[:4])[0]))
        self.codes = [max(c.number(0, N.Int8Flags), c.number(3, N.Int32Flags)) for c in root.children(1)]
        graph, self.buffers = root.children(2)[0], root.children(4)
        self.tensors, self.operators = graph.children(0), graph.children(3)
        self.input = int(graph.array(1, "<i4")[0])

    def scale(self, index):
        """(scale, zero point) of a tensor."""
        q = self.tensors[index].child(4)
        zero = q.array(3, "<i8")
        return float(q.array(2, "<f4")[0]), float(zero[0]) if len(zero) else 0.0

    def constant(self, index):
        """A dequantised weight or bias."""
        t = self.tensors[index]
        raw = self.buffers[t.number(2, N.Uint32Flags)].array(0, np.uint8).tobytes()
        values = np.frombuffer(raw, DTYPES[t.number(1, N.Int8Flags)]).reshape(t.array(0, "<i4"))
        scale, zero = self.scale(index)
        return torch.from_numpy((values.astype(np.float32) - zero) * np.float32(scale))


def same_padding(x, kernel, stride):
    """TensorFlow's SAME: the odd pixel goes behind."""
    size = x.shape[2]
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return F.pad(x, (total // 2, total - total // 2) * 2)


class Teacher:
    """[N, 3, S, S] in [-1, 1] -> pooled features [N, 1280] and logits [N, 1001]."""

    def __init__(self, path):
        model = Model(path)
        self.input, self.steps = model.input, []
        for operator in model.operators:
            code = model.codes[operator.number(0, N.Uint32Flags)]
            inputs, output = [int(k) for k in operator.array(1, "<i4")], int(operator.array(2, "<i4")[0])
            self.steps.append((self._step(model, code, operator, inputs, output), output))

    def _step(self, model, code, operator, inputs, output):
        if code in (CONV, DEPTHWISE_CONV):
            order = (0, 3, 1, 2) if code == CONV else (3, 0, 1, 2)
            w, b = model.constant(inputs[1]).permute(order).contiguous(), model.constant(inputs[2])
            stride, groups = operator.child(4).number(1, N.Int32Flags), 1 if code == CONV else len(w)
            scale, zero = model.scale(output)
            low, high = -zero * scale, (255 - zero) * scale

            def convolve(values):
                x = values[inputs[0]]
                y = F.conv2d(same_padding(x, w.shape[2], stride), w.to(x.dtype), b.to(x.dtype), stride, 0, 1, groups)
                return y.clamp(low, high)  # the output's range holds the activation

            return convolve
        if code == ADD:
            return lambda values: values[inputs[0]] + values[inputs[1]]
        if code == AVERAGE_POOL:
            return lambda values: values[inputs[0]].mean((2, 3), keepdim=True)
        if code in (RESHAPE, SOFTMAX):
            return lambda values: values[inputs[0]]
        raise ValueError(f"expected the operators of MobileNet v2, got code {code}")

    @torch.no_grad()
    def __call__(self, x):
        values, pooled = {self.input: x}, None
        for step, output in self.steps:
            y = values[output] = step(values)
            if y.ndim == 4 and y.shape[2] == 1 and pooled is None:
                pooled = y.flatten(1).float()
        return pooled, y.flatten(1).float()
