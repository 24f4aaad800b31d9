"""Evaluates a TensorFlow Lite classifier with NumPy, by an own reader of the file: `evaluate.py MODEL PIXELS OUT`.

PIXELS holds uint8 RGB images [N, S, S, 3], as the file's own input would take them: uint8 as they are, int8 less 128,
float32 as (x - 127.5) / 127.5. OUT becomes float64 [N, classes]: the real values in front of a final SOFTMAX.
Integers are accumulated exactly; results are rescaled in real numbers and rounded half away from zero.
"""
import struct
import sys

import numpy as np


class Table:
    def __init__(self, data, at):
        self.data, self.at = data, at
        self.vtable = at - struct.unpack_from("<i", data, at)[0]
        self.size = struct.unpack_from("<H", data, self.vtable)[0]

    def field(self, index):
        slot = 4 + 2 * index
        offset = struct.unpack_from("<H", self.data, self.vtable + slot)[0] if slot < self.size else 0
        return self.at + offset if offset else None

    def scalar(self, index, fmt, default=0):
        at = self.field(index)
        return default if at is None else struct.unpack_from("<" + fmt, self.data, at)[0]

    def follow(self, at):
        return at + struct.unpack_from("<I", self.data, at)[0]

    def table(self, index):
        at = self.field(index)
        return None if at is None else Table(self.data, self.follow(at))

    def vector(self, index, dtype):
        at = self.field(index)
        if at is None:
            return np.zeros(0, dtype)
        at = self.follow(at)
        return np.frombuffer(self.data, dtype, struct.unpack_from("<I", self.data, at)[0], at + 4)

    def tables(self, index):
        at = self.field(index)
        if at is None:
            return []
        at = self.follow(at)
        count = struct.unpack_from("<I", self.data, at)[0]
        return [Table(self.data, self.follow(at + 4 + 4 * i)) for i in range(count)]


TYPES = {0: "<f4", 2: "<i4", 3: "u1", 4: "<i8", 9: "i1"}
NAMES = {0: "ADD", 1: "AVERAGE_POOL_2D", 3: "CONV_2D", 4: "DEPTHWISE_CONV_2D", 9: "FULLY_CONNECTED", 22: "RESHAPE",
         25: "SOFTMAX", 34: "PAD", 40: "MEAN", 43: "SQUEEZE", 114: "QUANTIZE", 6: "DEQUANTIZE"}


class Tensor:
    def __init__(self, table, buffers):
        self.shape = tuple(table.vector(0, "<i4"))
        self.dtype = TYPES[table.scalar(1, "b")]
        quantization = table.table(4)
        self.scale = quantization.vector(2, "<f4").astype(float) if quantization else np.zeros(0)
        self.zero = quantization.vector(3, "<i8") if quantization else np.zeros(0)
        data = buffers[table.scalar(2, "I")].vector(0, "u1")
        self.constant = np.frombuffer(data.tobytes(), self.dtype).reshape(self.shape) if len(data) else None

    def numbers(self, values):
        """Integers without their zero point, or floats."""
        return values.astype(float) - (self.zero[0] if len(self.zero) else 0)

    def store(self, real):
        if self.dtype == "<f4":
            return real
        steps = real / self.scale[0]
        steps = np.sign(steps) * np.floor(np.abs(steps) + 0.5) + self.zero[0]
        low, high = (-128, 127) if self.dtype == "i1" else (0, 255)
        return np.clip(steps, low, high)


def windows(x, kernel, stride, dilation, same, fill):
    (kh, kw), (sh, sw), (dh, dw) = kernel, stride, dilation
    _, h, w, _ = x.shape
    reach = ((kh - 1) * dh + 1, (kw - 1) * dw + 1)
    if same:
        out = (-(-h // sh), -(-w // sw))
        total = [max(0, (o - 1) * s + r - n) for o, s, r, n in zip(out, (sh, sw), reach, (h, w))]
        x = np.pad(x, ((0, 0), (total[0] // 2, -(-total[0] // 2)), (total[1] // 2, -(-total[1] // 2)), (0, 0)),
                   constant_values=fill)
    else:
        out = ((h - reach[0]) // sh + 1, (w - reach[1]) // sw + 1)
    parts = [x[:, i * dh:i * dh + (out[0] - 1) * sh + 1:sh, j * dw:j * dw + (out[1] - 1) * sw + 1:sw]
             for i in range(kh) for j in range(kw)]
    return np.stack(parts, 3)  # [N, OH, OW, KH·KW, C]


ACTIVATIONS = {0: (-np.inf, np.inf), 1: (0, np.inf), 2: (-1, 1), 3: (0, 6)}


def run(model_path, pixels):
    data = open(model_path, "rb").read()
    root = Table(data, struct.unpack_from("<I", data, 0)[0])
    buffers = root.tables(4)
    graph = root.tables(2)[0]
    tensors = [Tensor(table, buffers) for table in graph.tables(0)]
    codes = [max(code.scalar(0, "b"), code.scalar(3, "i")) for code in root.tables(1)]
    values = {index: tensor.constant for index, tensor in enumerate(tensors) if tensor.constant is not None}
    first = graph.vector(1, "<i4")[0]
    source = pixels.astype(float)
    values[first] = {"u1": source, "i1": source - 128, "<f4": (source - 127.5) / 127.5}[tensors[first].dtype]
    last = first
    for op in graph.tables(3):
        name = NAMES[codes[op.scalar(0, "I")]]
        inputs, output = op.vector(1, "<i4"), op.vector(2, "<i4")[0]
        options, target = op.table(4), tensors[output]
        if name == "SOFTMAX":
            break
        x_tensor = tensors[inputs[0]]
        x = x_tensor.numbers(values[inputs[0]])
        x_scale = x_tensor.scale[0] if len(x_tensor.scale) else 1.0
        count = len(pixels)
        if name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            w_tensor = tensors[inputs[1]]
            w = w_tensor.numbers(values[inputs[1]])
            w_scale = w_tensor.scale if len(w_tensor.scale) else np.ones(1)
            bias = values[inputs[2]].astype(float) if len(inputs) > 2 and inputs[2] >= 0 else 0
            if name == "FULLY_CONNECTED":
                total, activation = x.reshape(count, -1) @ w.T + bias, options.scalar(0, "b")
            else:
                deep = name == "DEPTHWISE_CONV_2D"
                stride = options.scalar(2, "i"), options.scalar(1, "i")
                dilation = (options.scalar(6 if deep else 5, "i", 1), options.scalar(5 if deep else 4, "i", 1))
                activation = options.scalar(4 if deep else 3, "b")
                seen = windows(x, w.shape[1:3], stride, dilation, options.scalar(0, "b") == 0, 0)
                if deep:
                    times = w.shape[3] // x.shape[3]
                    total = (np.repeat(seen, times, 4) * w.reshape(-1, w.shape[3])).sum(3) + bias
                else:
                    total = np.tensordot(seen, w.reshape(w.shape[0], -1, w.shape[3]), ((3, 4), (1, 2))) + bias
            real = np.clip(total * (x_scale * w_scale), *ACTIVATIONS[activation])
        elif name == "ADD":
            other = tensors[inputs[1]]
            real = x * x_scale + other.numbers(values[inputs[1]]) * (other.scale[0] if len(other.scale) else 1)
            real = np.clip(real, *ACTIVATIONS[options.scalar(0, "b")])
        elif name == "AVERAGE_POOL_2D":
            kernel = options.scalar(4, "i"), options.scalar(3, "i")
            stride = options.scalar(2, "i"), options.scalar(1, "i")
            real = np.nanmean(windows(x, kernel, stride, (1, 1), options.scalar(0, "b") == 0, np.nan), 3) * x_scale
        elif name == "MEAN":
            real = x.mean(tuple(values[inputs[1]].ravel()), keepdims=len(target.shape) == x.ndim) * x_scale
        elif name == "PAD":
            real = np.pad(x, values[inputs[1]]) * x_scale
        else:  # RESHAPE, SQUEEZE, QUANTIZE, DEQUANTIZE
            real = x.reshape((count,) + target.shape[1:]) * x_scale
        values[output], last = target.store(real), output
    tensor = tensors[last]
    return tensor.numbers(values[last]).reshape(len(pixels), -1) * (tensor.scale[0] if len(tensor.scale) else 1)


model, pixel_file, out, side = sys.argv[1:]
images = np.fromfile(pixel_file, np.uint8).reshape(-1, int(side), int(side), 3)
run(model, images).astype("<f8").tofile(out)
