import { CommandError } from "../errors.ts";
import type { OnnxGraph } from "../onnx/writer.ts";
import { countOf, integersOf, isConstant, realsOf } from "../tflite/constants.ts";
import type { TfliteTensor } from "../tflite/reader.ts";
import { quantizationOf } from "./activations.ts";
import type { Value } from "./backend.ts";
import type { Quantizer } from "./quantizer.ts";

const TO_NCHW = [0, 3, 1, 2];
const TO_NHWC = [0, 2, 3, 1];

/** Where an axis of TFLite's stands in the ONNX graph: 3, the channels, at 1 of four. */
export function onnxAxis(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  return rank === 4 ? TO_NCHW.indexOf(positive) : positive;
}

/**
 * RESHAPE and its kin. They count elements in NHWC order while images are NCHW here, so an image of more than one pixel
 * is transposed first (and a resulting one back).
 */
export function convertReshape(graph: OnnxGraph, value: Value, to: readonly number[], name: string): Value {
  const from = value.shape;
  if (`${from}` === `${to}`) return value;
  if (countOf(from) !== countOf(to)) {
    throw new CommandError("MODEL_UNSUPPORTED", `cannot reshape [${from}] to [${to}] at ${name}`);
  }
  let current = value.name;
  if (isManyPixels(from)) current = permute(graph, current, TO_NHWC, `${name}/nhwc`);
  if (isManyPixels(to)) {
    const nhwc = reshape(graph, current, to, `${name}/reshaped`);
    return { ...value, shape: to, name: permute(graph, nhwc, TO_NCHW, name) };
  }
  const [batch = 1, height = 1, width = 1, channels = 1] = to;
  const shape = to.length === 4 ? [batch, channels, height, width] : to;
  return { ...value, shape: to, name: reshape(graph, current, shape, name) };
}

/** TRANSPOSE. @param order of TFLite's axes */
export function convertTranspose(
  graph: OnnxGraph,
  value: Value,
  order: readonly number[],
  name: string,
): Value {
  const rank = value.shape.length;
  const outputs = rank === 4 ? TO_NCHW : order.map((_, axis) => axis);
  const perm = outputs.map((axis) => onnxAxis(order[axis] ?? axis, rank));
  const shape = order.map((axis) => value.shape[axis] ?? 1);
  return { ...value, shape, name: permute(graph, value.name, perm, name) };
}

/** A value for arithmetic with one of more dimensions: TFLite broadcasts along the last ones. */
export function alignRank(graph: OnnxGraph, value: Value, rank: number): Value {
  const missing = rank - value.shape.length;
  if (missing <= 0) return value;
  const shape = [...new Array<number>(missing).fill(1), ...value.shape];
  return convertReshape(graph, value, shape, `${value.name}/aligned`);
}

/** A constant as a value: uint8 where the file quantises it and `keepsBytes`, else float32. */
export function constantValue(
  graph: OnnxGraph,
  tensor: TfliteTensor,
  rank: number,
  keepsBytes: boolean,
): Value {
  const missing = Math.max(0, rank - tensor.shape.length);
  const shape = [...new Array<number>(missing).fill(1), ...tensor.shape];
  const quantization = keepsBytes && tensor.type !== "FLOAT16" ? quantizationOf(tensor) : undefined;
  const shift = tensor.type === "INT8" ? 128 : 0;
  const data = quantization ? Uint8Array.from(tensor.data, (byte) => byte + shift) : realsOf(tensor);
  const [batch = 1, height = 1, width = 1, channels = 1] = shape;
  if (isManyPixels(shape)) {
    const nhwc = graph.constant(`${tensor.name}/nhwc`, data, shape);
    return { name: permute(graph, nhwc, TO_NCHW, tensor.name), shape, quantization };
  }
  const dims = shape.length === 4 ? [batch, channels, height, width] : shape;
  return { name: graph.constant(tensor.name, data, dims), shape, quantization };
}

/**
 * The smallest normal float32. ONNX Runtime 1.30 merges a Pad of 0 into a pooling behind it, which then leaves the zeros
 * out of its maximum or mean, or does not open; a Pad of anything else stays.
 */
const NEXT_TO_ZERO = 2 ** -126;

/**
 * PAD with real zeros.
 *
 * @param paddings constant [4, 2]: before and after, NHWC
 * @param isPooled a pooling takes the result
 */
export function convertPad(
  graph: OnnxGraph,
  quantizer: Quantizer,
  {
    value,
    paddings,
    name,
    isPooled,
  }: { value: Value; paddings: TfliteTensor; name: string; isPooled: boolean },
): Value {
  const flat = isConstant(paddings) ? integersOf(paddings) : [];
  if (flat.length !== 8 || flat.some((size) => size < 0)) {
    throw new CommandError("MODEL_UNSUPPORTED", `expected PAD sizes of 4 dimensions, got [${flat}]`);
  }
  const pairs = TO_NCHW.map((axis) => [flat[2 * axis] ?? 0, flat[2 * axis + 1] ?? 0] as const);
  const pads = [...pairs.map(([before]) => before), ...pairs.map(([, after]) => after)];
  const inputs = [
    value.name,
    graph.constant(`${name}/pads`, BigInt64Array.from(pads, BigInt), [8]),
    isPooled && value.quantization === undefined ? quantizer.scalar(NEXT_TO_ZERO) : quantizer.zero(value),
  ];
  const shape = value.shape.map((size, axis) => size + (flat[2 * axis] ?? 0) + (flat[2 * axis + 1] ?? 0));
  return { ...value, shape, name: graph.node({ opType: "Pad", inputs, output: name }) };
}

function isManyPixels(shape: readonly number[]): boolean {
  return shape.length === 4 && (shape[1] ?? 0) * (shape[2] ?? 0) > 1;
}

export function permute(graph: OnnxGraph, input: string, perm: readonly number[], output: string): string {
  return graph.node({ opType: "Transpose", inputs: [input], output, attributes: { perm } });
}

function reshape(graph: OnnxGraph, input: string, shape: readonly number[], output: string): string {
  const dims = graph.constant(`${output}/shape`, BigInt64Array.from(shape, BigInt), [shape.length]);
  return graph.node({ opType: "Reshape", inputs: [input, dims], output });
}
