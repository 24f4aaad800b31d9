import { type OperatorName, operatorCode } from "../../src/models/tflite/schema.ts";
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
  /** Any operator, importable or not. */
  readonly op: OperatorName | "CUSTOM" | "SHAPE" | "BATCH_MATMUL" | "SPACE_TO_DEPTH";
  /** Of CUSTOM. */
  readonly customCode?: string;
  readonly inputs: readonly number[];
  readonly output: number;
  readonly activation?: keyof typeof ACTIVATION;
  readonly padding?: "SAME" | "VALID";
  readonly stride?: number;
  readonly dilation?: number;
  readonly filter?: number;
  /** Of DEPTHWISE_CONV_2D. */
  readonly multiplier?: number;
  /** Of CONCATENATION. */
  readonly axis?: number;
  /** Of LEAKY_RELU. */
  readonly alpha?: number;
  /** Of SOFTMAX. */
  readonly beta?: number;
}

const ACTIVATION = { NONE: 0, RELU: 1, RELU_N1_TO_1: 2, RELU6: 3, TANH: 4 } as const;

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

  float(shape: readonly number[]): number {
    return this.tensor({ shape, type: "FLOAT32" });
  }

  /** Small constants of float32 or float16. */
  floats(shape: readonly number[], type: "FLOAT32" | "FLOAT16" = "FLOAT32", spread = 0.5): number {
    const data = Float32Array.from({ length: product(shape) }, () => spread * (2 * this.random() - 1));
    return this.tensor({ shape, type, data: type === "FLOAT16" ? Float16Array.from(data) : data });
  }

  values(values: readonly number[], shape: readonly number[] = [values.length]): number {
    return this.tensor({ shape, type: "FLOAT32", data: Float32Array.from(values) });
  }

  /** A quantised constant. */
  bytes(values: readonly number[], shape: readonly number[], scale: number, zeroPoint: number): number {
    const isSigned = zeroPoint <= 0;
    const quantized = values.map((value) => Math.round(value / scale) + zeroPoint);
    const data = isSigned ? Int8Array.from(quantized) : Uint8Array.from(quantized);
    return this.tensor({
      ...{ shape, type: isSigned ? "INT8" : "UINT8", scales: [scale], zeroPoints: [zeroPoint], data },
    });
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

  /** @param outputs the graph's; the last layer's where left out */
  toTflite(
    outputs: readonly number[] = [this.#output],
    metadata: ReadonlyMap<string, Uint8Array> = new Map(),
  ): Uint8Array {
    return writeTfliteFile(this.tensors, this.layers.map(operatorSpec), [this.#input], outputs, metadata);
  }
}

function operatorSpec(layer: Layer): OperatorSpec {
  const code = operatorCode(layer.op);
  const fields: [number, readonly [1 | 4 | "float", number]][] = [];
  const activation = ACTIVATION[layer.activation ?? "NONE"];
  const [stride, dilation, filter] = [layer.stride ?? 1, layer.dilation ?? 1, layer.filter ?? 0];
  const padding = layer.padding === "VALID" ? 1 : 0;
  if (layer.op === "CONV_2D") {
    fields.push([0, [1, padding]], [1, [4, stride]], [2, [4, stride]], [3, [1, activation]]);
    fields.push([4, [4, dilation]], [5, [4, dilation]]);
  } else if (layer.op === "DEPTHWISE_CONV_2D") {
    fields.push([0, [1, padding]], [1, [4, stride]], [2, [4, stride]]);
    fields.push([3, [4, layer.multiplier ?? 1]], [4, [1, activation]]);
    fields.push([5, [4, dilation]], [6, [4, dilation]]);
  } else if (layer.op === "AVERAGE_POOL_2D" || layer.op === "MAX_POOL_2D") {
    fields.push([0, [1, padding]], [1, [4, stride]], [2, [4, stride]], [3, [4, filter]], [4, [4, filter]]);
    fields.push([5, [1, activation]]);
  } else if (["ADD", "SUB", "MUL", "DIV", "FULLY_CONNECTED"].includes(layer.op)) {
    fields.push([0, [1, activation]]);
  } else if (layer.op === "CONCATENATION") {
    fields.push([0, [4, layer.axis ?? 0]], [1, [1, activation]]);
  } else if (layer.op === "LEAKY_RELU") {
    fields.push([0, ["float", layer.alpha ?? 0]]);
  } else if (layer.op === "SOFTMAX") {
    fields.push([0, ["float", layer.beta ?? 1]]);
  }
  return {
    ...{ code, inputs: layer.inputs, outputs: [layer.output], options: new Map(fields) },
    ...(layer.op === "CUSTOM" && { customCode: layer.customCode ?? "MyOperator" }),
  };
}

export function product(shape: readonly number[]): number {
  return shape.reduce((total, size) => total * size, 1);
}
