import { CommandError } from "../errors.ts";
import { countOf, isConstant, realsOf } from "../tflite/constants.ts";
import type { TfliteMetadata } from "../tflite/metadata.ts";
import type { TfliteModel, TfliteOperator, TfliteTensor } from "../tflite/reader.ts";
import { type Quantization, quantizationOf } from "./activations.ts";
import { producerOf } from "./needed.ts";

/** `scale[c] · x + offset[c]` in each channel. */
export interface Affine {
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** The file's input and what it does to it before anything else. */
export interface GraphInput {
  readonly index: number;
  readonly tensor: TfliteTensor;
  /** Side of the square in pixels. */
  readonly size: number;
  readonly channels: 1 | 3;
  /** Shape [1, channels, S, S], as exports from PyTorch have it; else [1, S, S, channels]. */
  readonly isPlanar: boolean;
  /** Where the graph begins: behind Rescaling and Normalization layers, CAST and QUANTIZE. */
  readonly start: number;
  /** From the real values of the input to those of `start`. */
  readonly head: Affine;
  /** The file itself brings pixels of 0 to 255 into its range. */
  readonly takesBytes: boolean;
}

/** @throws CommandError MODEL_UNSUPPORTED when the input is no square image */
export function readInput(model: TfliteModel): GraphInput {
  const [index = -1, ...others] = model.inputs;
  const tensor = model.tensors[index];
  if (tensor === undefined || others.length > 0) {
    throw new CommandError("MODEL_UNSUPPORTED", `expected one input, the graph has ${model.inputs.length}`);
  }
  const [batch = 0, a = 0, b = 0, c = 0] = tensor.shape;
  const isPlanar = (a === 3 || a === 1) && b > a && c !== 3 && c !== 1;
  const [size, width, channels] = isPlanar ? [b, c, a] : [a, b, c];
  const isImage = tensor.shape.length === 4 && batch === 1 && size === width && size > 0;
  if (!isImage || (channels !== 1 && channels !== 3)) {
    throw new CommandError(
      "MODEL_UNSUPPORTED",
      `expected an input [1, S, S, 3], a square RGB or gray image, got [${tensor.shape}]`,
    );
  }
  return { index, tensor, size, channels, isPlanar, ...followHead(model, index, channels) };
}

/** Below it a factor can only be meant for pixels of 0 to 255. */
const BYTES_FACTOR = 1 / 32;

function followHead(
  model: TfliteModel,
  input: number,
  channels: number,
): Pick<GraphInput, "start" | "head" | "takesBytes"> {
  let start = input;
  let head = identity(channels);
  let isCast = false;
  let seen = rangeAt(model, start, channels);
  for (let next = onlyConsumer(model, start); next !== undefined; next = onlyConsumer(model, start)) {
    const { name } = next.options;
    const step =
      name === "QUANTIZE" || name === "DEQUANTIZE" || name === "CAST"
        ? identity(channels)
        : affineOf(model, next, start, channels);
    if (step === undefined) break;
    const needed = seen?.map((range, channel) => stepped(range, step, channel));
    const held = rangeAt(model, next.outputs[0] ?? -1, channels);
    // What an integer in between cuts off, the whole would not.
    if (needed !== undefined && held !== undefined && !isWithin(needed, held)) break;
    seen = needed ?? held;
    isCast ||= name === "CAST";
    head = compose(step, head);
    start = next.outputs[0] ?? -1;
  }
  return { start, head, takesBytes: isCast || Math.max(...head.scale.map(Math.abs)) < BYTES_FACTOR };
}

type Range = readonly [low: number, high: number];

/** What a quantised tensor can hold, per channel; `undefined` for another. */
function rangeAt({ tensors }: TfliteModel, index: number, channels: number): Range[] | undefined {
  const tensor = tensors[index];
  const isQuantized = tensor !== undefined && tensor.quantization.scales.length > 0;
  const quantization = isQuantized ? quantizationOf(tensor) : undefined;
  return quantization && new Array<Range>(channels).fill(rangeOf(quantization));
}

function stepped([low, high]: Range, { scale, offset }: Affine, channel: number): Range {
  const ends = [low, high].map((end) => end * (scale[channel] ?? 0) + (offset[channel] ?? 0));
  return [Math.min(...ends), Math.max(...ends)];
}

function isWithin(needed: readonly Range[], held: readonly Range[]): boolean {
  return needed.every(([low, high], channel) => {
    const [lowest, highest] = held[channel] ?? [0, 0];
    const slack = TOLERANCE * (high - low);
    return low >= lowest - slack && high <= highest + slack;
  });
}

/** The one operator that takes a tensor's values; SHAPE takes none. */
function onlyConsumer({ operators }: TfliteModel, index: number): TfliteOperator | undefined {
  const consumers = operators.filter(
    ({ inputs, options }) =>
      inputs.includes(index) && !(options.name === "UNSUPPORTED" && options.operator === "SHAPE"),
  );
  return consumers.length === 1 ? consumers[0] : undefined;
}

/** MUL, ADD, SUB or DIV by constants, one or one per channel. */
function affineOf(
  model: TfliteModel,
  { options, inputs }: TfliteOperator,
  value: number,
  channels: number,
): Affine | undefined {
  if (options.name !== "MUL" && options.name !== "ADD" && options.name !== "SUB" && options.name !== "DIV")
    return undefined;
  const isFirst = inputs[0] === value;
  if (options.activation !== "NONE" || (!isFirst && (options.name === "SUB" || options.name === "DIV")))
    return undefined;
  const constant = constantAt(model, inputs[isFirst ? 1 : 0]);
  const count = constant && countOf(constant.shape);
  if (constant === undefined || (count !== 1 && count !== channels)) return undefined;
  const reals = realsOf(constant);
  const numbers = Array.from({ length: channels }, (_, channel) => reals[count === 1 ? 0 : channel] ?? 0);
  const { scale, offset } = identity(channels);
  switch (options.name) {
    case "MUL":
      return { scale: numbers, offset };
    case "DIV":
      return { scale: numbers.map((number) => 1 / number), offset };
    case "ADD":
      return { scale, offset: numbers };
    case "SUB":
      return { scale, offset: numbers.map((number) => -number) };
  }
}

function constantAt(model: TfliteModel, index = -1): TfliteTensor | undefined {
  const producer = producerOf(model, index);
  const tensor = model.tensors[producer?.options.name === "DEQUANTIZE" ? (producer.inputs[0] ?? -1) : index];
  return tensor && isConstant(tensor) ? tensor : undefined;
}

/** Mean and deviation of pixels of 0 to 1, one or one per channel, as `image_mean` and `image_std` are. */
export interface MeanAndStd {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Ranges of real values that pixels of 0 to 255 are commonly brought to. */
const KNOWN_RANGES = [
  [-1, 1],
  [0, 1],
  [0, 255],
  [-128, 127],
] as const;
/** Of a range's width: calibration and 127 for 127.5 move the ends so far. */
const TOLERANCE = 0.02;

/**
 * What the file's input holds for a pixel of 0 to 255: as the user says, or as the file's own arithmetic, its metadata or
 * its input's range do.
 *
 * @throws CommandError PREPROCESSING_UNKNOWN where nothing does
 */
export function readPixels(
  { tensor, channels, takesBytes }: GraphInput,
  given: MeanAndStd | undefined,
  metadata: TfliteMetadata["normalization"],
): Affine {
  if (given !== undefined) {
    const std = spread(given.std, channels);
    const mean = spread(given.mean, channels);
    return {
      scale: std.map((value) => 1 / (255 * value)),
      offset: std.map((value, channel) => -(mean[channel] ?? 0) / value),
    };
  }
  // Bytes without a scale are what a CAST makes floats of.
  const quantization = tensor.quantization.scales.length > 0 ? quantizationOf(tensor) : undefined;
  const bytes = quantization && bytesOf(quantization, channels);
  if (metadata !== undefined && metadata.std.length > 0) {
    const std = spread(metadata.std, channels);
    const mean = spread(metadata.mean, channels);
    const said = {
      scale: std.map((value) => 1 / value),
      offset: std.map((value, channel) => -(mean[channel] ?? 0) / value),
    };
    // Half a step of difference would only round every pixel to and fro.
    return bytes && quantization && isSame(said, bytes, quantization.scale) ? bytes : said;
  }
  if (quantization !== undefined && bytes !== undefined) {
    const [low, high] = rangeOf(quantization);
    const isKnown = KNOWN_RANGES.some(([lowest, highest]) => {
      const slack = TOLERANCE * (highest - lowest);
      return Math.abs(low - lowest) <= slack && Math.abs(high - highest) <= slack;
    });
    if (isKnown) return bytes;
    if (!takesBytes) throw unknownRange(`its input's range is ${low.toFixed(3)} to ${high.toFixed(3)}`);
  }
  if (takesBytes) return identity(channels);
  throw unknownRange("nothing in the file says how its float32 input is normalised");
}

function unknownRange(found: string): CommandError {
  return new CommandError(
    "PREPROCESSING_UNKNOWN",
    `${found}. Say it with --mean and --std, of pixels from 0 to 1: \`--mean 0.5 --std 0.5\` where the training code brought them to -1…1 (MobileNet, Inception, EfficientNet-Lite, Teachable Machine), \`--mean 0 --std 1\` for 0…1, \`--mean 0 --std 0.00392157\` for 0…255, \`--mean 0.485,0.456,0.406 --std 0.229,0.224,0.225\` for ImageNet's as in PyTorch`,
  );
}

/** The quantised value is the pixel itself. */
export function bytesOf({ scale, zeroPoint }: Quantization, channels: number): Affine {
  return {
    scale: new Array<number>(channels).fill(scale),
    offset: new Array<number>(channels).fill(-scale * zeroPoint),
  };
}

/** Whether two differ by less than `most` for every pixel. */
export function isSame(a: Affine, b: Affine, most: number): boolean {
  return a.scale.every((scale, channel) =>
    [0, 255].every((pixel) => {
      const difference =
        (scale - (b.scale[channel] ?? 0)) * pixel + (a.offset[channel] ?? 0) - (b.offset[channel] ?? 0);
      return Math.abs(difference) < most;
    }),
  );
}

/** `outer` of `inner`. */
export function compose(outer: Affine, inner: Affine): Affine {
  return {
    scale: outer.scale.map((scale, channel) => scale * (inner.scale[channel] ?? 0)),
    offset: outer.scale.map(
      (scale, channel) => scale * (inner.offset[channel] ?? 0) + (outer.offset[channel] ?? 0),
    ),
  };
}

function identity(channels: number): Affine {
  return { scale: new Array<number>(channels).fill(1), offset: new Array<number>(channels).fill(0) };
}

function rangeOf({ scale, zeroPoint }: Quantization): Range {
  return [-scale * zeroPoint, scale * (255 - zeroPoint)];
}

function spread(values: readonly number[], channels: number): number[] {
  return Array.from({ length: channels }, (_, channel) => values[values.length === 1 ? 0 : channel] ?? 0);
}
