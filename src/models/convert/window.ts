import type { WindowOptions } from "../tflite/operators.ts";

/** How a kernel moves over an image, in ONNX's terms. Sizes in pixels. */
export interface Window {
  readonly kernel: readonly [height: number, width: number];
  readonly strides: readonly [height: number, width: number];
  readonly dilations: readonly [height: number, width: number];
  /** [top, left, bottom, right] */
  readonly pads: readonly [number, number, number, number];
}

export const ONE_PIXEL: Window = { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };

export function windowOf(
  options: WindowOptions,
  inputSize: readonly [height: number, width: number],
  kernel: readonly [height: number, width: number],
): Window {
  return {
    kernel,
    strides: [options.strideH, options.strideW],
    dilations: [options.dilationH, options.dilationW],
    pads: explicitPads(options, inputSize, kernel),
  };
}

/** ONNX attributes of a window. */
export function windowAttributes({ kernel, strides, pads }: Window): Record<string, readonly number[]> {
  return { kernel_shape: kernel, strides, pads };
}

/** TensorFlow's SAME gives an odd pixel to the bottom and right: [0, 0, 1, 1] for 3×3 at stride 2 over an even size. */
function explicitPads(
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
