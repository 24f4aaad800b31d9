import { CommandError } from "../errors.ts";
import { realsOf } from "../tflite/constants.ts";
import type { TfliteTensor } from "../tflite/reader.ts";

interface FilterShape {
  readonly outChannels: number;
  readonly kernelH: number;
  readonly kernelW: number;
  /** Input channels that one filter sees: 1 in a depthwise convolution. */
  readonly inChannels: number;
}

/**
 * The weights of one convolution as integers without their zero point, one filter an output channel, each in
 * the order in which the kernels that matter reduce it: row, column, input channel (`[O, kH, kW, I]`).
 */
export interface FilterBank extends FilterShape {
  /** `q - zeroPoint`, -255 to 255. */
  readonly values: Int16Array;
  /** Real value of 1, one an output channel. */
  readonly scales: Float32Array;
  /** Zero point that brings `values` back into int8: `values + zeroPoint` is the file's byte, shifted to int8. */
  readonly zeroPoint: number;
  readonly perChannel: boolean;
}

/**
 * @param tensor weights `[O, kH, kW, I]` of CONV_2D, `[1, kH, kW, O]` of DEPTHWISE_CONV_2D, `[O, I]` of
 *   FULLY_CONNECTED, uint8 or int8.
 */
export function readFilters(tensor: TfliteTensor, depthwise: boolean): FilterBank {
  const { outChannels, kernelH, kernelW, inChannels } = filterShape(tensor, depthwise);
  const isSigned = tensor.type === "INT8";
  if (!isSigned && tensor.type !== "UINT8") {
    throw new CommandError(
      "MODEL_UNSUPPORTED",
      `expected uint8 or int8 weights in ${tensor.name}, got ${tensor.type}`,
    );
  }
  const count = outChannels * kernelH * kernelW * inChannels;
  if (tensor.data.length !== count) {
    throw new CommandError(
      "FILE_UNREADABLE",
      `expected ${count} weights in ${tensor.name}, the file has ${tensor.data.length}`,
    );
  }
  const { scales, zeroPoint, perChannel } = readScales(tensor, outChannels);
  const bytes = isSigned ? new Int8Array(tensor.data) : tensor.data;
  const values = Int16Array.from(bytes, (byte) => byte - zeroPoint);
  const zeroPointInt8 = isSigned ? zeroPoint : zeroPoint - 128;
  return {
    ...{ outChannels, kernelH, kernelW, inChannels, scales, perChannel, zeroPoint: zeroPointInt8 },
    values: depthwise ? transpose(values, kernelH * kernelW, outChannels) : values,
  };
}

/** Real values of weights of any kind, `[O, kH, kW, I]`. */
export function readRealFilters(
  tensor: TfliteTensor,
  depthwise: boolean,
): FilterShape & { readonly values: Float32Array } {
  const shape = filterShape(tensor, depthwise);
  const values = realsOf(tensor);
  const { outChannels, kernelH, kernelW } = shape;
  return { ...shape, values: depthwise ? transpose(values, kernelH * kernelW, outChannels) : values };
}

/** Real values of a bias, float or in accumulator units. */
export function readRealBias(
  tensor: TfliteTensor | undefined,
  weights: TfliteTensor,
  inputScale: number | undefined,
  outChannels: number,
): Float32Array {
  if (tensor === undefined) return new Float32Array(outChannels);
  if (tensor.type.startsWith("FLOAT")) return realsOf(tensor);
  const { scales } = weights.quantization;
  const scaleOf = (channel: number) => (inputScale ?? 1) * (scales[scales.length > 1 ? channel : 0] ?? 0);
  return Float32Array.from(readBias(tensor, outChannels), (value, channel) => value * scaleOf(channel));
}

/** Bias in accumulator units: real value = bias · input scale · weight scale of its channel. */
export function readBias(tensor: TfliteTensor | undefined, outChannels: number): Int32Array {
  if (tensor === undefined) return new Int32Array(outChannels);
  if (tensor.type !== "INT32" || tensor.data.length !== outChannels * 4) {
    throw new CommandError(
      "MODEL_UNSUPPORTED",
      `expected ${outChannels} int32 biases in ${tensor.name}, got ${tensor.data.length} bytes of ${tensor.type}`,
    );
  }
  return new Int32Array(tensor.data.slice().buffer);
}

/** `[rows, columns]` to `[columns, rows]`; also `[O, kH·kW, I]` to `[O, I, kH·kW]`, one filter at a time. */
export function transpose<T extends Int16Array | Int8Array | Float32Array>(
  values: T,
  rows: number,
  columns: number,
): T {
  const transposed = values.slice() as T;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      transposed[column * rows + row] = values[row * columns + column] ?? 0;
    }
  }
  return transposed;
}

export function filterShape(tensor: TfliteTensor, depthwise: boolean): FilterShape {
  const [a = 0, b = 0, c = 0, d = 0] = tensor.shape;
  if (tensor.shape.length === 2 && !depthwise)
    return { outChannels: a, kernelH: 1, kernelW: 1, inChannels: b };
  if (tensor.shape.length === 4) {
    return depthwise
      ? { outChannels: d, kernelH: b, kernelW: c, inChannels: 1 }
      : { outChannels: a, kernelH: b, kernelW: c, inChannels: d };
  }
  throw new CommandError(
    "MODEL_UNSUPPORTED",
    `expected weights of 2 or 4 dimensions in ${tensor.name}, got [${tensor.shape}]`,
  );
}

function readScales(
  tensor: TfliteTensor,
  outChannels: number,
): Pick<FilterBank, "scales" | "zeroPoint" | "perChannel"> {
  const { scales, zeroPoints } = tensor.quantization;
  const perChannel = scales.length > 1;
  const zeroPoint = zeroPoints[0] ?? 0;
  const hasOneZeroPoint = zeroPoints.every((other) => other === zeroPoint);
  if (scales.length === 0 || (perChannel && scales.length !== outChannels) || !hasOneZeroPoint) {
    throw new CommandError(
      "MODEL_UNSUPPORTED",
      `expected 1 or ${outChannels} weight scales with one zero point in ${tensor.name}, got ${scales.length} scales and zero points ${[...new Set(zeroPoints)].slice(0, 5)}`,
    );
  }
  const one = scales[0] ?? 0;
  return {
    scales: perChannel ? Float32Array.from(scales) : new Float32Array(outChannels).fill(one),
    zeroPoint,
    perChannel,
  };
}
