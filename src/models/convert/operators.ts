import { CommandError } from "../errors.ts";
import type { OnnxGraph } from "../onnx/writer.ts";
import type { OperatorOptions, WindowOptions } from "../tflite/operators.ts";
import type { TfliteModel, TfliteOperator, TfliteTensor } from "../tflite/reader.ts";
import type { Activation } from "../tflite/schema.ts";
import { explicitPads, quantizationOf } from "./activations.ts";
import type { Backend, Target, Value, Window } from "./backend.ts";
import { readBias, readFilters } from "./filters.ts";
import { convertPad, convertReshape, toRows } from "./layout.ts";

type Options<Name> = Extract<OperatorOptions, { readonly name: Name }>;

/** Converts the operators of a graph, in the file's (topological) order, one by one. */
export class OperatorConverter {
  readonly #model: TfliteModel;
  readonly #graph: OnnxGraph;
  readonly #backend: Backend;
  readonly #values = new Map<number, Value>();

  constructor(model: TfliteModel, graph: OnnxGraph, backend: Backend) {
    this.#model = model;
    this.#graph = graph;
    this.#backend = backend;
  }

  /** Says which ONNX value stands for a TFLite tensor. */
  define(index: number, value: Value): void {
    this.#values.set(index, value);
  }

  valueOf(index: number): Value {
    const value = this.#values.get(index);
    if (value === undefined) {
      const name = this.#model.tensors[index]?.name ?? `tensor ${index}`;
      throw new CommandError("MODEL_UNSUPPORTED", `expected ${name} to be computed by an earlier operator`);
    }
    return value;
  }

  convert(operator: TfliteOperator): void {
    const [output = -1] = operator.outputs;
    this.define(output, this.#convert(operator));
  }

  #convert(operator: TfliteOperator): Value {
    const { options } = operator;
    switch (options.name) {
      case "CONV_2D":
      case "DEPTHWISE_CONV_2D":
        return this.#convolution(operator, options);
      case "FULLY_CONNECTED":
        return this.#fullyConnected(operator, options);
      case "ADD":
        return this.#addition(operator, options);
      case "AVERAGE_POOL_2D":
        return this.#averagePool(operator, options);
      case "MEAN":
        return this.#mean(operator);
      case "PAD":
        return convertPad(this.#graph, this.#backend, {
          value: this.#input(operator),
          paddings: this.#tensor(operator.inputs[1]),
          name: this.#tensor(operator.outputs[0]).name,
        });
      case "RESHAPE":
      case "SQUEEZE":
        return convertReshape(this.#graph, this.#input(operator), {
          from: this.#tensor(operator.inputs[0]).shape,
          to: this.#tensor(operator.outputs[0]).shape,
          name: this.#tensor(operator.outputs[0]).name,
        });
      case "SOFTMAX":
        return this.#lastSoftmax(operator);
      case "QUANTIZE":
      case "DEQUANTIZE":
        return this.#requantization(operator);
    }
  }

  #convolution(operator: TfliteOperator, options: Options<"CONV_2D" | "DEPTHWISE_CONV_2D">): Value {
    const [, height = 0, width = 0, channels = 0] = this.#tensor(operator.inputs[0]).shape;
    const weights = this.#tensor(operator.inputs[1]);
    const filters = readFilters(weights, options.name === "DEPTHWISE_CONV_2D");
    if (channels % filters.inChannels !== 0) {
      throw new CommandError(
        "MODEL_UNSUPPORTED",
        `expected the ${channels} input channels of ${weights.name} to be a multiple of ${filters.inChannels}`,
      );
    }
    return this.#backend.convolve(
      {
        input: this.#input(operator),
        filters,
        bias: this.#bias(operator, filters.outChannels),
        groups: channels / filters.inChannels,
        window: windowOf(options, [height, width], [filters.kernelH, filters.kernelW]),
      },
      this.#target(operator, options.activation),
    );
  }

  /** A 1×1 convolution over one pixel: the same arithmetic, and one path for weights. */
  #fullyConnected(operator: TfliteOperator, { activation }: Options<"FULLY_CONNECTED">): Value {
    const filters = readFilters(this.#tensor(operator.inputs[1]), false);
    const { shape } = this.#tensor(operator.inputs[0]);
    const target = this.#target(operator, activation);
    const input = toRows(this.#graph, this.#input(operator), shape, filters.inChannels, target.name);
    const window: Window = { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
    const bias = this.#bias(operator, filters.outChannels);
    const output = this.#backend.convolve({ input, filters, bias, groups: 1, window }, target);
    return convertReshape(this.#graph, output, {
      from: [1, 1, 1, filters.outChannels],
      to: this.#tensor(operator.outputs[0]).shape,
      name: `${target.name}/flat`,
    });
  }

  #addition(operator: TfliteOperator, { activation }: Options<"ADD">): Value {
    const [left, right] = [this.#tensor(operator.inputs[0]), this.#tensor(operator.inputs[1])];
    if (`${left.shape}` !== `${right.shape}`) {
      throw new CommandError(
        "MODEL_UNSUPPORTED",
        `expected ADD of equal shapes, got [${left.shape}] and [${right.shape}]`,
      );
    }
    const second = this.valueOf(operator.inputs[1] ?? -1);
    return this.#backend.add(this.#input(operator), second, this.#target(operator, activation));
  }

  #averagePool(operator: TfliteOperator, options: Options<"AVERAGE_POOL_2D">): Value {
    const target = this.#target(operator, options.activation);
    const [, height = 0, width = 0] = this.#tensor(operator.inputs[0]).shape;
    const [, outHeight, outWidth] = this.#tensor(operator.outputs[0]).shape;
    const isGlobal =
      outHeight === 1 && outWidth === 1 && options.filterH === height && options.filterW === width;
    if (isGlobal) return this.#backend.globalAveragePool(this.#input(operator), target);
    const window = windowOf(options, [height, width], [options.filterH, options.filterW]);
    return this.#backend.averagePool(this.#input(operator), window, target);
  }

  #mean(operator: TfliteOperator): Value {
    const { shape } = this.#tensor(operator.inputs[0]);
    const axes = int32s(this.#tensor(operator.inputs[1]))
      .map((axis) => (axis < 0 ? axis + shape.length : axis))
      .sort();
    if (shape.length !== 4 || `${axes}` !== "1,2") {
      throw new CommandError(
        "MODEL_UNSUPPORTED",
        `expected MEAN over height and width (axes 1, 2 of 4), got axes ${axes} of [${shape}]`,
      );
    }
    const target = this.#target(operator, "NONE");
    return convertReshape(this.#graph, this.#backend.globalAveragePool(this.#input(operator), target), {
      from: [1, 1, 1, shape[3] ?? 0],
      to: this.#tensor(operator.outputs[0]).shape,
      name: `${target.name}/flat`,
    });
  }

  #lastSoftmax(operator: TfliteOperator): Value {
    if (this.#reaches(operator.outputs[0]) !== this.#model.outputs[0]) {
      throw new CommandError("MODEL_UNSUPPORTED", "expected SOFTMAX as the last operator only");
    }
    return this.#input(operator);
  }

  /** Follows conversions of the element type, which this graph does not need. */
  #reaches(index: number | undefined): number | undefined {
    const next = this.#model.operators.find(
      ({ options, inputs }) =>
        (options.name === "DEQUANTIZE" || options.name === "QUANTIZE") && inputs[0] === index,
    );
    return next === undefined ? index : this.#reaches(next.outputs[0]);
  }

  /** Only the element type may change: float32 ↔ integers at the graph's ends, int8 ↔ uint8 in between. */
  #requantization(operator: TfliteOperator): Value {
    const value = this.#input(operator);
    const [from, to] = [this.#tensor(operator.inputs[0]), this.#tensor(operator.outputs[0])];
    if (from.type === "FLOAT32" || to.type === "FLOAT32") return value;
    const { scale, zeroPoint } = quantizationOf(to);
    if (scale !== value.quantization.scale || zeroPoint !== value.quantization.zeroPoint) {
      throw new CommandError(
        "MODEL_UNSUPPORTED",
        `expected ${operator.options.name} of ${to.name} to keep the scale ${value.quantization.scale} and zero point ${value.quantization.zeroPoint}, got ${scale} and ${zeroPoint}`,
      );
    }
    return value;
  }

  #input(operator: TfliteOperator): Value {
    return this.valueOf(operator.inputs[0] ?? -1);
  }

  #bias(operator: TfliteOperator, outChannels: number): Int32Array {
    const [, , index = -1] = operator.inputs;
    return readBias(index < 0 ? undefined : this.#tensor(index), outChannels);
  }

  #target(operator: TfliteOperator, activation: Activation): Target {
    const tensor = this.#tensor(operator.outputs[0]);
    if (activation !== "NONE" && activation !== "RELU" && activation !== "RELU6") {
      throw new CommandError(
        "MODEL_UNSUPPORTED",
        `cannot import ${operator.options.name} fused with ${activation}: only RELU and RELU6 are`,
      );
    }
    return { name: tensor.name, quantization: quantizationOf(tensor), activation };
  }

  #tensor(index: number | undefined): TfliteTensor {
    const tensor = this.#model.tensors[index ?? -1];
    if (tensor === undefined) {
      throw new CommandError(
        "FILE_UNREADABLE",
        `expected a tensor index below ${this.#model.tensors.length}, got ${index}`,
      );
    }
    return tensor;
  }
}

function windowOf(
  options: WindowOptions,
  inputSize: readonly [number, number],
  kernel: readonly [number, number],
): Window {
  return {
    kernel,
    strides: [options.strideH, options.strideW],
    dilations: [options.dilationH, options.dilationW],
    pads: explicitPads(options, inputSize, kernel),
  };
}

function int32s(tensor: TfliteTensor): number[] {
  return [...new Int32Array(tensor.data.slice().buffer)];
}
