import { OPERATOR_CODE, type OperatorName } from "../../src/models/tflite/schema.ts";
import { type OperatorSpec, type TensorSpec, writeTfliteFile } from "./tflite-file.ts";

/** Numbers that look random and are the same in every run (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Layer {
  readonly op: OperatorName | "MAX_POOL_2D" | "CUSTOM";
  readonly inputs: readonly number[];
  readonly output: number;
  readonly activation?: "NONE" | "RELU" | "RELU6";
  readonly padding?: "SAME" | "VALID";
  readonly stride?: number;
  readonly dilation?: number;
  readonly filter?: number;
}

const ACTIVATION = { NONE: 0, RELU: 1, RELU6: 3 } as const;

/** A small quantised network: made layer by layer, written as a TFLite file, evaluated by `reference.ts`. */
export class Network {
  readonly tensors: TensorSpec[] = [];
  readonly layers: Layer[] = [];
  readonly random: () => number;
  #input = 0;
  #output = 0;

  constructor(seed: number) {
    this.random = randomNumbers(seed);
  }

  tensor(spec: Omit<TensorSpec, "name">): number {
    return this.tensors.push({ ...spec, name: `tensor_${this.tensors.length}` }) - 1;
  }

  /** An activation; uint8 unless the zero point is negative. */
  activation(shape: readonly number[], scale: number, zeroPoint: number): number {
    return this.tensor({
      shape,
      type: zeroPoint < 0 ? "INT8" : "UINT8",
      scales: [scale],
      zeroPoints: [zeroPoint],
    });
  }

  input(size: number, scale = 1 / 128, zeroPoint = 128): number {
    this.#input = this.activation([1, size, size, 3], scale, zeroPoint);
    return this.#input;
  }

  /** uint8 weights within ±54 of the zero point, so that no CPU's kernel can saturate on them. */
  weights(shape: readonly number[], scale: number, zeroPoint = 122): number {
    const data = Uint8Array.from(
      { length: product(shape) },
      () => zeroPoint + Math.round(108 * this.random() - 54),
    );
    return this.tensor({ shape, type: "UINT8", scales: [scale], zeroPoints: [zeroPoint], data });
  }

  /** int8 weights with a scale a channel along `axis`. */
  channelWeights(shape: readonly number[], axis: number): number {
    const data = Int8Array.from({ length: product(shape) }, () => Math.round(108 * this.random() - 54));
    const scales = Array.from({ length: shape[axis] ?? 0 }, () => 0.005 + 0.01 * this.random());
    return this.tensor({ shape, type: "INT8", scales, zeroPoints: scales.map(() => 0), axis, data });
  }

  bias(length: number): number {
    const data = Int32Array.from({ length }, () => Math.round(4000 * (this.random() - 0.5)));
    return this.tensor({ shape: [length], type: "INT32", data });
  }

  constant(values: readonly number[], shape: readonly number[] = [values.length]): number {
    return this.tensor({ shape, type: "INT32", data: Int32Array.from(values) });
  }

  /** @returns the output, which is the network's until another layer follows. */
  layer(layer: Layer): number {
    this.layers.push(layer);
    this.#output = layer.output;
    return layer.output;
  }

  get inputTensor(): TensorSpec {
    return this.at(this.#input);
  }

  at(index: number): TensorSpec {
    const tensor = this.tensors[index];
    if (tensor === undefined) throw new RangeError(`no tensor ${index}`);
    return tensor;
  }

  get outputIndex(): number {
    return this.#output;
  }

  /** Begins elsewhere than at the first quantised activation, for example at a float32 tensor. */
  beginAt(input: number): void {
    this.#input = input;
  }

  get inputIndex(): number {
    return this.#input;
  }

  toTflite(): Uint8Array {
    return writeTfliteFile(this.tensors, this.layers.map(operatorSpec), [this.#input], [this.#output]);
  }
}

function operatorSpec(layer: Layer): OperatorSpec {
  const code = layer.op === "CUSTOM" ? 32 : layer.op === "MAX_POOL_2D" ? 17 : OPERATOR_CODE[layer.op];
  const fields: [number, readonly [1 | 4, number]][] = [];
  const activation = ACTIVATION[layer.activation ?? "NONE"];
  const [stride, dilation, filter] = [layer.stride ?? 1, layer.dilation ?? 1, layer.filter ?? 0];
  const padding = layer.padding === "VALID" ? 1 : 0;
  if (layer.op === "CONV_2D") {
    fields.push([0, [1, padding]], [1, [4, stride]], [2, [4, stride]], [3, [1, activation]]);
    fields.push([4, [4, dilation]], [5, [4, dilation]]);
  } else if (layer.op === "DEPTHWISE_CONV_2D") {
    fields.push([0, [1, padding]], [1, [4, stride]], [2, [4, stride]], [3, [4, 1]], [4, [1, activation]]);
    fields.push([5, [4, dilation]], [6, [4, dilation]]);
  } else if (layer.op === "AVERAGE_POOL_2D" || layer.op === "MAX_POOL_2D") {
    fields.push([0, [1, padding]], [1, [4, stride]], [2, [4, stride]], [3, [4, filter]], [4, [4, filter]]);
    fields.push([5, [1, activation]]);
  } else if (layer.op === "ADD" || layer.op === "FULLY_CONNECTED") {
    fields.push([0, [1, activation]]);
  }
  return {
    ...{ code, inputs: layer.inputs, outputs: [layer.output], options: new Map(fields) },
    ...(layer.op === "CUSTOM" && { customCode: "MyOperator" }),
  };
}

export function product(shape: readonly number[]): number {
  return shape.reduce((total, size) => total * size, 1);
}
