import { type Layer, type Network, product } from "./network.ts";
import type { TensorSpec } from "./tflite-file.ts";

/**
 * Evaluates a small network as TensorFlow Lite's reference kernels do: NHWC, integer accumulators, rescaled in
 * fixed point (a 31-bit multiplier and a shift, both steps rounding half away from zero); float32 tensors in real
 * numbers. It shares no code with the importer.
 *
 * @param pixels the input, values as the file's input tensor holds them
 * @returns the values of the last tensor before the scores
 */
export function evaluate(
  network: Network,
  pixels: ArrayLike<number>,
): { values: number[]; tensor: TensorSpec } {
  const values = new Map<number, number[]>([[network.inputIndex, Array.from(pixels)]]);
  for (const [index, tensor] of network.tensors.entries()) {
    if (tensor.data !== undefined) values.set(index, dataOf(tensor));
  }
  let last = network.inputIndex;
  for (const layer of network.layers) {
    if (layer.op === "SOFTMAX" || (layer.op === "DEQUANTIZE" && layer.output === network.outputIndex))
      continue;
    values.set(layer.output, evaluateLayer(network, layer, values));
    last = layer.output;
  }
  return { values: values.get(last) ?? [], tensor: network.at(last) };
}

const BINARY: Partial<Record<Layer["op"], (a: number, b: number) => number>> = {
  ADD: (a, b) => a + b,
  SUB: (a, b) => a - b,
  MUL: (a, b) => a * b,
  DIV: (a, b) => a / b,
  MAXIMUM: Math.max,
  MINIMUM: Math.min,
  PRELU: (x, slope) => (x < 0 ? x * slope : x),
};

function unary({ op, alpha = 0 }: Layer): ((x: number) => number) | undefined {
  const functions: Partial<Record<Layer["op"], (x: number) => number>> = {
    LEAKY_RELU: (x) => (x < 0 ? alpha * x : x),
    HARD_SWISH: (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6,
    LOGISTIC: (x) => 1 / (1 + Math.exp(-x)),
    TANH: Math.tanh,
    RELU: (x) => Math.max(0, x),
    RELU6: (x) => Math.min(6, Math.max(0, x)),
    RELU_N1_TO_1: (x) => Math.min(1, Math.max(-1, x)),
  };
  return functions[op];
}

function evaluateLayer(network: Network, layer: Layer, values: ReadonlyMap<number, number[]>): number[] {
  const [first = 0, second = 0, third] = layer.inputs;
  const x = values.get(first) ?? [];
  const [input, output] = [network.at(first), network.at(layer.output)];
  /** Also what was computed from constants. */
  const constantAt = (index: number): TensorSpec => ({
    ...network.at(index),
    data: network.at(index).data ?? Float32Array.from(values.get(index) ?? []),
  });
  const bias = third === undefined || third < 0 ? [] : dataOf(constantAt(third));
  const binary = BINARY[layer.op];
  if (binary !== undefined) {
    const [left, right] = [first, second].map((index) =>
      broadcast(values.get(index) ?? [], network.at(index), output.shape),
    );
    return (left ?? []).map((value, index) => store(binary(value, right?.[index] ?? 0), output, layer));
  }
  const fn = unary(layer);
  if (fn !== undefined) return x.map((value) => store(fn(real(value, input)), output));
  switch (layer.op) {
    case "CONV_2D":
    case "DEPTHWISE_CONV_2D":
      return convolve(layer, x, input, constantAt(second), bias, output);
    case "FULLY_CONNECTED":
      return fullyConnect(x, input, constantAt(second), bias, output, layer);
    case "AVERAGE_POOL_2D":
      return pool(layer, x, input, output, (window) => window.reduce((a, b) => a + b, 0) / window.length);
    case "MAX_POOL_2D":
      return pool(layer, x, input, output, (window) => Math.max(...window));
    case "MEAN":
    case "SUM":
    case "REDUCE_MAX":
      return reduce(layer, x, input, dataOf(network.at(second)), output);
    case "CONCATENATION":
      return concatenate(
        layer,
        layer.inputs.map((index) => ({ x: values.get(index) ?? [], tensor: network.at(index) })),
        output,
      );
    case "TRANSPOSE":
      return transpose(x, input, dataOf(network.at(second)), output);
    case "PAD":
      return pad(x, input, dataOf(network.at(second)), output);
    case "QUANTIZE":
      return input.type === "FLOAT32" && input.data === undefined && layer.inputs[0] === network.inputIndex
        ? x
        : x.map((value) => store(real(value, input), output));
    case "DEQUANTIZE":
    case "CAST":
      return x.map((value) => real(value, input));
    default:
      return x;
  }
}

/** Real values, repeated along the axes of length 1 that `shape` has longer. */
function broadcast(x: readonly number[], tensor: TensorSpec, shape: readonly number[]): number[] {
  const own = [...new Array<number>(shape.length - tensor.shape.length).fill(1), ...tensor.shape];
  return Array.from({ length: product(shape) }, (_, flat) => {
    const position = coordinates(flat, shape).map((at, axis) => (own[axis] === 1 ? 0 : at));
    return real(x[flatIndex(position, own)] ?? 0, tensor);
  });
}

function coordinates(flat: number, shape: readonly number[]): number[] {
  const position: number[] = [];
  for (const size of shape.toReversed()) {
    position.unshift(flat % size);
    flat = Math.floor(flat / size);
  }
  return position;
}

function flatIndex(position: readonly number[], shape: readonly number[]): number {
  return position.reduce((flat, at, axis) => flat * (shape[axis] ?? 1) + at, 0);
}

function concatenate(
  { axis = 0 }: Layer,
  parts: readonly { x: readonly number[]; tensor: TensorSpec }[],
  output: TensorSpec,
): number[] {
  const along = axis < 0 ? axis + output.shape.length : axis;
  return Array.from({ length: product(output.shape) }, (_, flat) => {
    const position = coordinates(flat, output.shape);
    for (const { x, tensor } of parts) {
      const length = tensor.shape[along] ?? 0;
      if ((position[along] ?? 0) < length)
        return store(real(x[flatIndex(position, tensor.shape)] ?? 0, tensor), output);
      position[along] = (position[along] ?? 0) - length;
    }
    return Number.NaN;
  });
}

function transpose(
  x: readonly number[],
  input: TensorSpec,
  order: readonly number[],
  output: TensorSpec,
): number[] {
  return Array.from({ length: product(output.shape) }, (_, flat) => {
    const position: number[] = [];
    for (const [axis, at] of coordinates(flat, output.shape).entries()) position[order[axis] ?? 0] = at;
    return x[flatIndex(position, input.shape)] ?? 0;
  });
}

function reduce(
  { op }: Layer,
  x: readonly number[],
  input: TensorSpec,
  axes: readonly number[],
  output: TensorSpec,
): number[] {
  const reduced = axes.map((axis) => (axis < 0 ? axis + input.shape.length : axis));
  const groups = new Map<string, number[]>();
  for (const [flat, value] of x.entries()) {
    const key = coordinates(flat, input.shape)
      .filter((_, axis) => !reduced.includes(axis))
      .join();
    groups.set(key, [...(groups.get(key) ?? []), real(value, input)]);
  }
  return [...groups.values()].map((group) => {
    const sum = group.reduce((a, b) => a + b, 0);
    if (op === "REDUCE_MAX") return store(Math.max(...group), output);
    return store(op === "SUM" ? sum : sum / group.length, output);
  });
}

function convolve(
  layer: Layer,
  x: readonly number[],
  input: TensorSpec,
  weights: TensorSpec,
  bias: readonly number[],
  output: TensorSpec,
): number[] {
  const [, height = 0, width = 0, channels = 0] = input.shape;
  const [, outHeight = 0, outWidth = 0, outChannels = 0] = output.shape;
  const isDepthwise = layer.op === "DEPTHWISE_CONV_2D";
  const [, kernelH = 0, kernelW = 0, depth = 0] = weights.shape;
  const filterDepth = isDepthwise ? 1 : depth;
  const groups = channels / filterDepth;
  const { stride = 1, dilation = 1 } = layer;
  const top = padBefore(layer, height, outHeight, kernelH);
  const left = padBefore(layer, width, outWidth, kernelW);
  const w = dataOf(weights);
  const result: number[] = [];
  for (let oy = 0; oy < outHeight; oy++) {
    for (let ox = 0; ox < outWidth; ox++) {
      for (let oc = 0; oc < outChannels; oc++) {
        let sum = bias[oc] ?? 0;
        for (let ky = 0; ky < kernelH; ky++) {
          for (let kx = 0; kx < kernelW; kx++) {
            const [iy, ix] = [oy * stride - top + ky * dilation, ox * stride - left + kx * dilation];
            if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
            for (let d = 0; d < filterDepth; d++) {
              const ic = Math.floor(oc / (outChannels / groups)) * filterDepth + d;
              const wi = isDepthwise
                ? (ky * kernelW + kx) * depth + oc
                : ((oc * kernelH + ky) * kernelW + kx) * depth + d;
              const value = (x[(iy * width + ix) * channels + ic] ?? 0) - zeroPointOf(input);
              const weight = (w[wi] ?? 0) - zeroPointOf(weights);
              sum += value * (output.type === "FLOAT32" ? weight * scaleOf(weights, oc) : weight);
            }
          }
        }
        result.push(requantize(sum, scaleOf(input) * scaleOf(weights, oc), output, layer));
      }
    }
  }
  return result;
}

function fullyConnect(
  x: readonly number[],
  input: TensorSpec,
  weights: TensorSpec,
  bias: readonly number[],
  output: TensorSpec,
  layer: Layer,
): number[] {
  const w = dataOf(weights);
  const [outChannels = 0, inChannels = 0] = weights.shape;
  return Array.from({ length: product(output.shape) }, (_, flat) => {
    const oc = flat % outChannels;
    const row = Math.floor(flat / outChannels) * inChannels;
    let sum = bias[oc] ?? 0;
    for (let i = 0; i < inChannels; i++) {
      const weight = (w[oc * inChannels + i] ?? 0) - zeroPointOf(weights);
      const value = (x[row + i] ?? 0) - zeroPointOf(input);
      sum += value * (output.type === "FLOAT32" ? weight * scaleOf(weights, oc) : weight);
    }
    return requantize(sum, scaleOf(input) * scaleOf(weights, oc), output, layer);
  });
}

function pool(
  layer: Layer,
  x: readonly number[],
  input: TensorSpec,
  output: TensorSpec,
  combine: (window: readonly number[]) => number,
): number[] {
  const [, height = 0, width = 0, channels = 0] = input.shape;
  const [, outHeight = 0, outWidth = 0] = output.shape;
  const { stride = 1, filter = 1 } = layer;
  const top = padBefore(layer, height, outHeight, filter);
  const left = padBefore(layer, width, outWidth, filter);
  const result: number[] = [];
  for (let oy = 0; oy < outHeight; oy++) {
    for (let ox = 0; ox < outWidth; ox++) {
      for (let channel = 0; channel < channels; channel++) {
        const window: number[] = [];
        for (
          let iy = Math.max(0, oy * stride - top);
          iy < Math.min(height, oy * stride - top + filter);
          iy++
        ) {
          for (
            let ix = Math.max(0, ox * stride - left);
            ix < Math.min(width, ox * stride - left + filter);
            ix++
          ) {
            window.push(real(x[(iy * width + ix) * channels + channel] ?? 0, input));
          }
        }
        result.push(store(combine(window), output, layer));
      }
    }
  }
  return result;
}

function pad(
  x: readonly number[],
  input: TensorSpec,
  paddings: readonly number[],
  output: TensorSpec,
): number[] {
  const [, height = 0, width = 0, channels = 0] = input.shape;
  const [, outHeight = 0, outWidth = 0, outChannels = 0] = output.shape;
  const [top = 0, left = 0, front = 0] = [paddings[2], paddings[4], paddings[6]];
  const result: number[] = [];
  for (let y = 0; y < outHeight; y++) {
    for (let z = 0; z < outWidth; z++) {
      for (let c = 0; c < outChannels; c++) {
        const [iy, ix, ic] = [y - top, z - left, c - front];
        const inside = iy >= 0 && iy < height && ix >= 0 && ix < width && ic >= 0 && ic < channels;
        result.push(inside ? (x[(iy * width + ix) * channels + ic] ?? 0) : zeroPointOf(input));
      }
    }
  }
  return result;
}

function padBefore(layer: Layer, size: number, outSize: number, kernel: number): number {
  if (layer.padding === "VALID") return 0;
  const reach = (outSize - 1) * (layer.stride ?? 1) + (kernel - 1) * (layer.dilation ?? 1) + 1;
  return Math.floor(Math.max(0, reach - size) / 2);
}

/** Fixed point: `sum · multiplier · 2^(shift - 31)`, then the zero point and the range of the activation. */
function requantize(sum: number, accumulatorScale: number, output: TensorSpec, layer: Layer): number {
  if (output.type === "FLOAT32") return store(sum, output, layer);
  const factor = accumulatorScale / scaleOf(output);
  const shift = Math.ceil(Math.log2(factor));
  const multiplier = BigInt(Math.round((factor / 2 ** shift) * 2 ** 31));
  const high = roundShift(BigInt(sum) * multiplier, 31n - BigInt(Math.max(shift, 0)));
  const scaled = Number(shift < 0 ? roundShift(high, BigInt(-shift)) : high);
  const [lowest, highest] = LIMITS[layer.activation ?? "NONE"];
  const steps = (limit: number) => zeroPointOf(output) + Math.round(limit / scaleOf(output));
  return clampTo(output, Math.min(steps(highest), Math.max(steps(lowest), scaled + zeroPointOf(output))));
}

const LIMITS: Record<NonNullable<Layer["activation"]>, readonly [number, number]> = {
  NONE: [-Infinity, Infinity],
  RELU: [0, Infinity],
  RELU6: [0, 6],
  RELU_N1_TO_1: [-1, 1],
  TANH: [Number.NaN, Number.NaN],
};

/** A real value, activated, as a tensor holds it. */
function store(
  value: number,
  output: TensorSpec,
  { activation = "NONE" }: Pick<Layer, "activation"> = {},
): number {
  const [lowest, highest] = LIMITS[activation];
  const activated = Math.min(highest, Math.max(lowest, value));
  return output.type === "FLOAT32" ? activated : requantizeReal(activated, output);
}

function roundShift(value: bigint, bits: bigint): bigint {
  const half = 1n << (bits - 1n);
  return value >= 0n ? (value + half) >> bits : -((-value + half) >> bits);
}

function requantizeReal(value: number, output: TensorSpec): number {
  return clampTo(output, Math.round(value / scaleOf(output)) + zeroPointOf(output));
}

function clampTo({ type }: TensorSpec, value: number): number {
  return type === "INT8" ? Math.min(127, Math.max(-128, value)) : Math.min(255, Math.max(0, value));
}

export function real(value: number, tensor: TensorSpec): number {
  return scaleOf(tensor) * (value - zeroPointOf(tensor));
}

function scaleOf({ scales = [] }: TensorSpec, channel = 0): number {
  return scales[scales.length > 1 ? channel : 0] ?? 1;
}

function zeroPointOf({ zeroPoints = [] }: TensorSpec): number {
  return zeroPoints[0] ?? 0;
}

function dataOf({ data }: TensorSpec): number[] {
  return Array.from(data ?? []);
}
