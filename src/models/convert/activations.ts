import { CommandError } from "../errors.ts";
import type { TfliteTensor } from "../tflite/reader.ts";
import type { Activation } from "../tflite/schema.ts";

/** How uint8 activations stand for real values: `real = scale · (q - zeroPoint)`. */
export interface Quantization {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** What real values are cut to. */
export interface Limits {
  readonly lowest: number;
  readonly highest: number;
}

const LIMITS: Partial<Record<Activation, Limits>> = {
  NONE: { lowest: Number.NEGATIVE_INFINITY, highest: Number.POSITIVE_INFINITY },
  RELU: { lowest: 0, highest: Number.POSITIVE_INFINITY },
  RELU_N1_TO_1: { lowest: -1, highest: 1 },
  RELU6: { lowest: 0, highest: 6 },
};

/** What an activation cuts off. @param operator what it is fused with, for the message */
export function limitsOf(activation: Activation, operator: string): Limits {
  const limits = LIMITS[activation];
  if (limits !== undefined) return limits;
  throw new CommandError("MODEL_UNSUPPORTED", `cannot import ${operator} fused with ${activation}`);
}

/**
 * Scale and zero point of an activation as uint8; `undefined` for float32. int8 activations are shifted by 128, which
 * changes nothing but the kernel: ONNX Runtime has no fast one for int8 activations (10 to 20 times slower).
 */
export function quantizationOf(tensor: TfliteTensor): Quantization | undefined {
  if (tensor.type === "FLOAT32") return undefined;
  const { scales, zeroPoints } = tensor.quantization;
  const [scale] = scales;
  if ((tensor.type !== "UINT8" && tensor.type !== "INT8") || scales.length !== 1 || scale === undefined) {
    throw new CommandError(
      "MODEL_UNSUPPORTED",
      `expected ${tensor.name} to be float32, or uint8 or int8 with one scale, got ${tensor.type} with ${scales.length}`,
    );
  }
  return { scale, zeroPoint: (zeroPoints[0] ?? 0) + (tensor.type === "INT8" ? 128 : 0) };
}

/**
 * The limits of real values that an integer graph would have: those of the activation, and the ends of the range where
 * one of them is 0. Newer converters fuse a ReLU into the range alone. Other ranges cut nothing but outliers.
 */
export function realLimits({ lowest, highest }: Limits, quantization: Quantization | undefined): Limits {
  if (quantization === undefined) return { lowest, highest };
  const { scale, zeroPoint } = quantization;
  if (zeroPoint !== 0 && zeroPoint !== 255) return { lowest, highest };
  return {
    lowest: Math.max(lowest, -scale * zeroPoint),
    highest: Math.min(highest, scale * (255 - zeroPoint)),
  };
}

/** The same in steps of uint8, 0 to 255: what saturation does not do by itself. */
export function steppedLimits(
  { lowest, highest }: Limits,
  { scale, zeroPoint }: Quantization,
): { readonly lowest: number; readonly highest: number } {
  return {
    lowest: Math.max(0, Math.round(lowest / scale) + zeroPoint),
    highest: Math.min(255, Math.round(highest / scale) + zeroPoint),
  };
}
