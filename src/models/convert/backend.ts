import type { TfliteTensor } from "../tflite/reader.ts";
import type { Limits, Quantization } from "./activations.ts";
import type { Window } from "./window.ts";

/** A value in the ONNX graph. With four dimensions it is NCHW there; `shape` is TFLite's, NHWC. */
export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
  /** Of uint8 values; `undefined` for float32. */
  readonly quantization: Quantization | undefined;
}

/** What an operator writes: the wished-for name, the shape, how the file quantises it, and its fused activation. */
export interface Target {
  readonly name: string;
  readonly shape: readonly number[];
  readonly quantization: Quantization | undefined;
  readonly limits: Limits;
}

export interface Convolution {
  readonly input: Value;
  /** Real value of 1 of the input, where the file quantises it: what integer biases are counted in. */
  readonly inputScale: number | undefined;
  /** See `readFilters`. */
  readonly weights: TfliteTensor;
  readonly bias: TfliteTensor | undefined;
  readonly isDepthwise: boolean;
  readonly groups: number;
  readonly window: Window;
}

/**
 * How arithmetic is written into the ONNX graph: in integers (`quantized.ts`) or in float32 (`float.ts`). What only moves
 * data is the same for both and lives in `layout.ts`.
 */
export interface Backend {
  convolve(convolution: Convolution, target: Target): Value;
  add(left: Value, right: Value, target: Target): Value;
  averagePool(input: Value, window: Window, target: Target): Value;
  globalAveragePool(input: Value, target: Target): Value;
  maxPool(input: Value, window: Window, target: Target): Value;
  /** @param axis of NCHW where there are four dimensions */
  concatenate(values: readonly Value[], axis: number, target: Target): Value;
  hardSwish(input: Value, target: Target): Value;
  /**
   * Any other arithmetic, on real values.
   *
   * @param write takes the names of float32 values and the wished-for name, and returns that of the result
   */
  compute(
    inputs: readonly Value[],
    write: (inputs: readonly string[], output: string) => string,
    target: Target,
  ): Value;
}
