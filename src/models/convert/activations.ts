import { CommandError } from "../errors.ts";
import type { WindowOptions } from "../tflite/operators.ts";
import type { TfliteTensor } from "../tflite/reader.ts";
import type { Activation } from "../tflite/schema.ts";

/** How uint8 activations stand for real values: `real = scale · (q - zeroPoint)`. */
export interface Quantization {
  readonly scale: number;
  readonly zeroPoint: number;
}

/**
 * Scale and zero point of an activation as uint8. int8 activations are shifted by 128, which changes nothing
 * but the kernel: ONNX Runtime has no fast one for int8 activations (10 to 20 times slower).
 */
export function quantizationOf(tensor: TfliteTensor): Quantization {
  const { scales, zeroPoints } = tensor.quantization;
  const [scale] = scales;
  if ((tensor.type !== "UINT8" && tensor.type !== "INT8") || scales.length !== 1 || scale === undefined) {
    throw new CommandError(
      "MODEL_UNSUPPORTED",
      `expected ${tensor.name} to be uint8 or int8 with one scale, got ${tensor.type} with ${scales.length}: import a quantised file`,
    );
  }
  return { scale, zeroPoint: (zeroPoints[0] ?? 0) + (tensor.type === "INT8" ? 128 : 0) };
}

/**
 * Asserts that writing the result into its uint8 range is the activation: [0, 6] for RELU6, [0, …) for RELU.
 * That is so in quantised files, which is why no clamp is written.
 */
export function assertSaturationIs(activation: Activation, output: Quantization, name: string): void {
  const lowest = -output.scale * output.zeroPoint;
  const highest = output.scale * (255 - output.zeroPoint);
  const startsAtZero = output.zeroPoint === 0;
  const endsAtSix = Math.abs(highest - 6) <= output.scale / 2;
  const holds =
    activation === "NONE" ||
    (activation === "RELU" && startsAtZero) ||
    (activation === "RELU6" && startsAtZero && endsAtSix);
  if (!holds) {
    throw new CommandError(
      "MODEL_UNSUPPORTED",
      `expected the output range of ${name} to be that of its ${activation}, got [${lowest}, ${highest}] with zero point ${output.zeroPoint}`,
    );
  }
}

/**
 * ONNX `pads` [top, left, bottom, right] of a window. TensorFlow's SAME gives an odd pixel to the bottom and
 * right: [0, 0, 1, 1] for a 3×3 window at stride 2 over an even size.
 */
export function explicitPads(
  options: WindowOptions,
  inputSize: readonly [height: number, width: number],
  kernelSize: readonly [height: number, width: number],
): [number, number, number, number] {
  if (options.padding === "VALID") return [0, 0, 0, 0];
  const [top, bottom] = samePadding(inputSize[0], kernelSize[0], options.strideH, options.dilationH);
  const [left, right] = samePadding(inputSize[1], kernelSize[1], options.strideW, options.dilationW);
  return [top, left, bottom, right];
}

function samePadding(input: number, kernel: number, stride: number, dilation: number): [number, number] {
  const output = Math.ceil(input / stride);
  const reach = (output - 1) * stride + (kernel - 1) * dilation + 1;
  const total = Math.max(0, reach - input);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}
