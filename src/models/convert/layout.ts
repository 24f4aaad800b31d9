import { CommandError } from "../errors.ts";
import type { OnnxGraph } from "../onnx/writer.ts";
import type { TfliteTensor } from "../tflite/reader.ts";
import type { Backend, Value } from "./backend.ts";

interface Reshape {
  /** TFLite shapes, NHWC where they have four dimensions. */
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly name: string;
}

/**
 * RESHAPE and SQUEEZE. They count elements in NHWC order while pictures are NCHW here, so a picture of more than
 * one pixel is transposed first (and a resulting one back).
 */
export function convertReshape(graph: OnnxGraph, value: Value, { from, to, name }: Reshape): Value {
  if (`${from}` === `${to}`) return value;
  let current = value.name;
  if (isManyPixels(from)) current = permute(graph, current, [0, 2, 3, 1], `${name}/nhwc`);
  if (isManyPixels(to)) {
    const nhwc = reshape(graph, current, to, `${name}/reshaped`);
    return { ...value, name: permute(graph, nhwc, [0, 3, 1, 2], name) };
  }
  const [batch = 1, height = 1, width = 1, channels = 1] = to;
  const shape = to.length === 4 ? [batch, channels, height, width] : to;
  return { ...value, name: reshape(graph, current, shape, name) };
}

/** What FULLY_CONNECTED multiplies: its input as one pixel of `channels` values, NCHW [1, channels, 1, 1]. */
export function toRows(
  graph: OnnxGraph,
  value: Value,
  shape: readonly number[],
  channels: number,
  name: string,
): Value {
  const count = shape.reduce((product, size) => product * size, 1);
  if (count !== channels) {
    throw new CommandError(
      "MODEL_UNSUPPORTED",
      `expected FULLY_CONNECTED on one row of ${channels} values, got [${shape}]`,
    );
  }
  return convertReshape(graph, value, { from: shape, to: [1, 1, 1, channels], name: `${name}/row` });
}

/** PAD with real zeros. @param paddings constant [4, 2]: before and after, NHWC. */
export function convertPad(
  graph: OnnxGraph,
  backend: Backend,
  { value, paddings, name }: { value: Value; paddings: TfliteTensor; name: string },
): Value {
  const flat =
    paddings.type === "INT64"
      ? Array.from(new BigInt64Array(paddings.data.slice().buffer), Number)
      : [...new Int32Array(paddings.data.slice().buffer)];
  const pairs = [0, 3, 1, 2].map((axis) => [flat[2 * axis] ?? 0, flat[2 * axis + 1] ?? 0] as const);
  if (flat.length !== 8 || flat.some((size) => size < 0)) {
    throw new CommandError("MODEL_UNSUPPORTED", `expected PAD sizes of 4 dimensions, got [${flat}]`);
  }
  const pads = [...pairs.map(([before]) => before), ...pairs.map(([, after]) => after)];
  const padded = graph.node({
    opType: "Pad",
    inputs: [
      value.name,
      graph.constant(`${name}/pads`, BigInt64Array.from(pads, BigInt), [8]),
      backend.zero(value),
    ],
    output: name,
  });
  return { ...value, name: padded };
}

function isManyPixels(shape: readonly number[]): boolean {
  return shape.length === 4 && (shape[1] ?? 0) * (shape[2] ?? 0) > 1;
}

function permute(graph: OnnxGraph, input: string, perm: readonly number[], output: string): string {
  return graph.node({ opType: "Transpose", inputs: [input], output, attributes: { perm } });
}

function reshape(graph: OnnxGraph, input: string, shape: readonly number[], output: string): string {
  const dims = graph.constant(`${output}/shape`, BigInt64Array.from(shape, BigInt), [shape.length]);
  return graph.node({ opType: "Reshape", inputs: [input, dims], output });
}
