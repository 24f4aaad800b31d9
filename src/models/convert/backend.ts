import type { Activation } from "../tflite/schema.ts";
import type { Quantization } from "./activations.ts";
import type { FilterBank } from "./filters.ts";

/** A value in the ONNX graph; pictures are NCHW there, whatever the TFLite shape says. */
export interface Value {
  readonly name: string;
  readonly quantization: Quantization;
}

export interface Window {
  readonly kernel: readonly [height: number, width: number];
  readonly strides: readonly [height: number, width: number];
  readonly dilations: readonly [height: number, width: number];
  /** [top, left, bottom, right] */
  readonly pads: readonly [number, number, number, number];
}

/** What an operator writes: the wished-for name, its quantisation and its fused activation. */
export interface Target {
  readonly name: string;
  readonly quantization: Quantization;
  readonly activation: Activation;
}

export interface Convolution {
  readonly input: Value;
  readonly filters: FilterBank;
  readonly bias: Int32Array;
  readonly groups: number;
  readonly window: Window;
}

/**
 * How arithmetic is written into the ONNX graph: in integers (`quantized.ts`) or, for comparison, in float32
 * (`float.ts`). Everything that only moves data is the same for both and lives in `graph.ts`.
 */
export interface Backend {
  /** @param input NCHW uint8 pixels or their float32 values, as the graph is fed; returns the first activation. */
  head(input: string, elementType: "float32" | "uint8", quantization: Quantization): Value;
  convolve(convolution: Convolution, target: Target): Value;
  add(left: Value, right: Value, target: Target): Value;
  averagePool(input: Value, window: Window, target: Target): Value;
  globalAveragePool(input: Value, target: Target): Value;
  /** The constant that stands for a real 0. */
  zero(value: Value): string;
  /** Float32 logits. */
  tail(value: Value, name: string): string;
}

/** ONNX attributes of a window. */
export function windowAttributes({ kernel, strides, pads }: Window): Record<string, readonly number[]> {
  return { kernel_shape: kernel, strides, pads };
}
