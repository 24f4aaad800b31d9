import { CommandError } from "../errors.ts";
import type { NodeSpec, OnnxGraph } from "../onnx/writer.ts";
import { countOf, integersOf, isConstant } from "../tflite/constants.ts";
import type { OperatorOptions } from "../tflite/operators.ts";
import type { TfliteModel, TfliteOperator, TfliteTensor } from "../tflite/reader.ts";
import type { Activation } from "../tflite/schema.ts";
import { limitsOf, quantizationOf } from "./activations.ts";
import type { Backend, Target, Value } from "./backend.ts";
import { filterShape } from "./filters.ts";
import {
  alignRank,
  constantValue,
  convertPad,
  convertReshape,
  convertTranspose,
  onnxAxis,
} from "./layout.ts";
import { producerOf } from "./needed.ts";
import type { Quantizer } from "./quantizer.ts";
import { ONE_PIXEL, windowOf } from "./window.ts";

type Options<Name> = Extract<OperatorOptions, { readonly name: Name }>;
type Binary = "ADD" | "SUB" | "MUL" | "DIV" | "MAXIMUM" | "MINIMUM" | "PRELU";

const BINARY: Readonly<Record<Binary, string>> = {
  ...{ ADD: "Add", SUB: "Sub", MUL: "Mul", DIV: "Div" },
  ...{ MAXIMUM: "Max", MINIMUM: "Min", PRELU: "PRelu" },
};

export interface Backends {
  /** What is written where the file quantises: `float32` where it shall not be. */
  readonly quantized: Backend;
  readonly float: Backend;
  /** The file's integers stay integers. */
  readonly keepsIntegers: boolean;
}

/** Converts operators one by one, in the order in which they depend on each other. */
export class OperatorConverter {
  readonly #model: TfliteModel;
  readonly #graph: OnnxGraph;
  readonly #quantizer: Quantizer;
  readonly #backends: Backends;
  readonly #values = new Map<number, Value>();

  constructor(model: TfliteModel, graph: OnnxGraph, quantizer: Quantizer, backends: Backends) {
    this.#model = model;
    this.#graph = graph;
    this.#quantizer = quantizer;
    this.#backends = backends;
  }

  /** Says which ONNX value stands for a TFLite tensor. */
  define(index: number, value: Value): void {
    this.#values.set(index, value);
  }

  valueOf(index: number): Value {
    const value = this.#values.get(index);
    if (value !== undefined) return value;
    const name = this.#model.tensors[index]?.name ?? `tensor ${index}`;
    throw new CommandError("MODEL_UNSUPPORTED", `expected ${name} to be computed by an earlier operator`);
  }

  convert(operator: TfliteOperator): void {
    const [output = -1] = operator.outputs;
    // Weights that are stored as float16 or integers pass through a DEQUANTIZE: they stay constants.
    if (this.#constant(output) === undefined) this.define(output, this.#convert(operator));
  }

  #convert(operator: TfliteOperator): Value {
    const { options } = operator;
    const { name } = this.#tensor(operator.outputs[0]);
    switch (options.name) {
      case "CONV_2D":
      case "DEPTHWISE_CONV_2D":
        return this.#convolution(operator, options);
      case "FULLY_CONNECTED":
        return this.#fullyConnected(operator, options);
      case "ADD":
      case "SUB":
      case "MUL":
      case "DIV":
        return this.#binary(operator, options.name, options.activation);
      case "MAXIMUM":
      case "MINIMUM":
      case "PRELU":
        return this.#binary(operator, options.name, "NONE");
      case "AVERAGE_POOL_2D":
      case "MAX_POOL_2D":
        return this.#pool(operator, options);
      case "MEAN":
      case "SUM":
      case "REDUCE_MAX":
        return this.#reduction(operator, options.name);
      case "CONCATENATION":
        return this.#concatenation(operator, options);
      case "HARD_SWISH":
        return this.#backend(operator).hardSwish(this.#input(operator), this.#target(operator));
      case "LEAKY_RELU":
        return this.#unary(operator, "LeakyRelu", { alpha: { float: options.alpha } });
      case "LOGISTIC":
        return this.#unary(operator, "Sigmoid");
      case "TANH":
        return this.#unary(operator, "Tanh");
      case "RELU":
      case "RELU6":
      case "RELU_N1_TO_1":
        return this.#unary(operator, "Identity", {}, options.name);
      case "SOFTMAX":
        return this.#softmax(operator, options);
      case "PAD": {
        const paddings = this.#tensor(operator.inputs[1]);
        const isPooled = this.#model.operators.some(
          ({ options: { name: other }, inputs }) =>
            (other === "MAX_POOL_2D" || other === "AVERAGE_POOL_2D") && inputs[0] === operator.outputs[0],
        );
        const value = this.#input(operator);
        return convertPad(this.#graph, this.#quantizer, { value, paddings, name, isPooled });
      }
      case "EXPAND_DIMS":
      case "RESHAPE":
      case "SQUEEZE": {
        const { shape } = this.#tensor(operator.outputs[0]);
        return convertReshape(this.#graph, this.#input(operator), shape, name);
      }
      case "TRANSPOSE": {
        const order = integersOf(this.#tensor(operator.inputs[1]));
        return convertTranspose(this.#graph, this.#input(operator), order, name);
      }
      case "QUANTIZE":
      case "DEQUANTIZE":
        return this.#requantization(operator);
      default:
        throw new CommandError("MODEL_UNSUPPORTED", `cannot import ${options.name} at ${name}`);
    }
  }

  #convolution(operator: TfliteOperator, options: Options<"CONV_2D" | "DEPTHWISE_CONV_2D">): Value {
    const [, height = 0, width = 0, channels = 0] = this.#tensor(operator.inputs[0]).shape;
    const weights = this.#weights(operator);
    const isDepthwise = options.name === "DEPTHWISE_CONV_2D";
    const { kernelH, kernelW, inChannels } = filterShape(weights, isDepthwise);
    if (channels % inChannels !== 0) {
      throw new CommandError(
        "MODEL_UNSUPPORTED",
        `expected the ${channels} input channels of ${weights.name} to be a multiple of ${inChannels}`,
      );
    }
    const window = windowOf(options, [height, width], [kernelH, kernelW]);
    const groups = channels / inChannels;
    return this.#convolve(operator, this.#input(operator), { weights, isDepthwise, groups, window });
  }

  /** A 1×1 convolution over as many pixels as there are rows: the same arithmetic, and one path for weights. */
  #fullyConnected(operator: TfliteOperator, options: Options<"FULLY_CONNECTED">): Value {
    const weights = this.#weights(operator);
    const { outChannels, inChannels } = filterShape(weights, false);
    const input = this.#input(operator);
    const { name, shape } = this.#tensor(operator.outputs[0]);
    const rows = countOf(input.shape) / inChannels;
    if (!Number.isInteger(rows)) {
      throw new CommandError(
        "MODEL_UNSUPPORTED",
        `expected ${options.name} on rows of ${inChannels} values, got [${input.shape}]`,
      );
    }
    const pixels = convertReshape(this.#graph, input, [1, 1, rows, inChannels], `${name}/rows`);
    const layer = { weights, isDepthwise: false, groups: 1, window: ONE_PIXEL };
    const output = this.#convolve(operator, pixels, layer, [1, 1, rows, outChannels]);
    return convertReshape(this.#graph, output, shape, `${name}/flat`);
  }

  #convolve(
    operator: TfliteOperator,
    input: Value,
    layer: Pick<Parameters<Backend["convolve"]>[0], "weights" | "isDepthwise" | "groups" | "window">,
    shape = this.#tensor(operator.outputs[0]).shape,
  ): Value {
    const [inputIndex, , biasIndex = -1] = operator.inputs;
    const bias = biasIndex < 0 ? undefined : this.#constant(biasIndex);
    const inputScale = quantizationOf(this.#tensor(inputIndex))?.scale;
    const activation = "activation" in operator.options ? operator.options.activation : "NONE";
    const target = { ...this.#target(operator, activation), shape };
    return this.#backend(operator).convolve({ input, inputScale, bias, ...layer }, target);
  }

  #binary(operator: TfliteOperator, kind: Binary, activation: Activation): Value {
    const target = this.#target(operator, activation);
    const backend = this.#backend(operator);
    const rank = target.shape.length;
    const [left, right] = [0, 1].map((position) => this.#operand(operator, position, rank)) as [Value, Value];
    if (kind === "ADD") return backend.add(left, right, target);
    const write = (inputs: readonly string[], output: string) =>
      this.#graph.node({ opType: BINARY[kind], inputs, output });
    return backend.compute([left, right], write, target);
  }

  #unary(
    operator: TfliteOperator,
    opType: string,
    attributes: NonNullable<NodeSpec["attributes"]> = {},
    activation: Activation = "NONE",
  ): Value {
    const write = (inputs: readonly string[], output: string) =>
      this.#graph.node({ opType, inputs, output, attributes });
    return this.#backend(operator).compute(
      [this.#input(operator)],
      write,
      this.#target(operator, activation),
    );
  }

  /** Of another place than the end, where `output.ts` leaves it out. */
  #softmax(operator: TfliteOperator, { beta }: Options<"SOFTMAX">): Value {
    if (beta !== 1) throw new CommandError("MODEL_UNSUPPORTED", `expected SOFTMAX of beta 1, got ${beta}`);
    const { shape } = this.#tensor(operator.outputs[0]);
    return this.#unary(operator, "Softmax", { axis: onnxAxis(-1, shape.length) });
  }

  #pool(operator: TfliteOperator, options: Options<"AVERAGE_POOL_2D" | "MAX_POOL_2D">): Value {
    const target = this.#target(operator, options.activation);
    const backend = this.#backend(operator);
    const input = this.#input(operator);
    const [, height = 0, width = 0] = input.shape;
    const window = windowOf(options, [height, width], [options.filterH, options.filterW]);
    if (options.name === "MAX_POOL_2D") return backend.maxPool(input, window, target);
    const [, outHeight, outWidth] = target.shape;
    const isGlobal =
      outHeight === 1 && outWidth === 1 && options.filterH === height && options.filterW === width;
    return isGlobal ? backend.globalAveragePool(input, target) : backend.averagePool(input, window, target);
  }

  #reduction(operator: TfliteOperator, kind: "MEAN" | "SUM" | "REDUCE_MAX"): Value {
    const input = this.#input(operator);
    const rank = input.shape.length;
    const axes = integersOf(this.#tensor(operator.inputs[1])).map((axis) => (axis < 0 ? axis + rank : axis));
    const shape = input.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const target = { ...this.#target(operator), shape };
    const backend = this.#backend(operator);
    const onnxAxes = axes.map((axis) => onnxAxis(axis, rank)).sort();
    const isGlobalMean = kind === "MEAN" && rank === 4 && `${onnxAxes}` === "2,3";
    const write = (inputs: readonly string[], output: string) => {
      if (kind === "SUM") {
        const constant = this.#graph.constant(`${output}/axes`, BigInt64Array.from(onnxAxes, BigInt), [
          onnxAxes.length,
        ]);
        return this.#graph.node({ opType: "ReduceSum", inputs: [...inputs, constant], output });
      }
      const opType = kind === "MEAN" ? "ReduceMean" : "ReduceMax";
      return this.#graph.node({ opType, inputs, output, attributes: { axes: onnxAxes } });
    };
    const reduced = isGlobalMean
      ? backend.globalAveragePool(input, target)
      : backend.compute([input], write, target);
    return convertReshape(
      this.#graph,
      reduced,
      this.#tensor(operator.outputs[0]).shape,
      `${target.name}/flat`,
    );
  }

  #concatenation(operator: TfliteOperator, options: Options<"CONCATENATION">): Value {
    const target = this.#target(operator, options.activation);
    const rank = target.shape.length;
    const values = operator.inputs.map((_, position) => this.#operand(operator, position, rank));
    return this.#backend(operator).concatenate(values, onnxAxis(options.axis, rank), target);
  }

  /** float32 ↔ integers, or integers of one scale to those of another. */
  #requantization(operator: TfliteOperator): Value {
    const value = this.#input(operator);
    const { name, quantization } = this.#target(operator);
    if (!this.#backends.keepsIntegers) return value;
    if (quantization === undefined) return this.#quantizer.dequantize(value, name);
    const { scale, zeroPoint } = value.quantization ?? {};
    if (scale === quantization.scale && zeroPoint === quantization.zeroPoint) return value;
    return this.#quantizer.quantize(this.#quantizer.dequantize(value, `${name}/real`), quantization, name);
  }

  #backend(operator: TfliteOperator): Backend {
    return this.#tensor(operator.outputs[0]).type === "FLOAT32"
      ? this.#backends.float
      : this.#backends.quantized;
  }

  #input(operator: TfliteOperator): Value {
    return this.valueOf(operator.inputs[0] ?? -1);
  }

  /** An input of arithmetic, constant or not, with as many dimensions as the output. */
  #operand(operator: TfliteOperator, position: number, rank: number): Value {
    const index = operator.inputs[position] ?? -1;
    const constant = this.#constant(index);
    if (constant === undefined) return alignRank(this.#graph, this.valueOf(index), rank);
    return constantValue(this.#graph, constant, rank, this.#backends.keepsIntegers);
  }

  #weights(operator: TfliteOperator): TfliteTensor {
    const weights = this.#constant(operator.inputs[1] ?? -1);
    if (weights !== undefined) return weights;
    const { name } = this.#tensor(operator.inputs[1]);
    throw new CommandError("MODEL_UNSUPPORTED", `expected the weights ${name} to be constant`);
  }

  /** The constant behind an index, also through a DEQUANTIZE; `undefined` for what is computed. */
  #constant(index: number): TfliteTensor | undefined {
    const tensor = this.#tensor(index);
    if (isConstant(tensor)) return tensor;
    const producer = producerOf(this.#model, index);
    if (producer?.options.name !== "DEQUANTIZE") return undefined;
    const stored = this.#tensor(producer.inputs[0]);
    return isConstant(stored) ? stored : undefined;
  }

  #target(operator: TfliteOperator, activation: Activation = "NONE"): Target {
    const tensor = this.#tensor(operator.outputs[0]);
    return {
      name: tensor.name,
      shape: tensor.shape,
      quantization: quantizationOf(tensor),
      limits: limitsOf(activation, operator.options.name),
    };
  }

  #tensor(index: number | undefined): TfliteTensor {
    const tensor = this.#model.tensors[index ?? -1];
    if (tensor !== undefined) return tensor;
    throw new CommandError(
      "FILE_UNREADABLE",
      `expected a tensor index below ${this.#model.tensors.length}, got ${index}`,
    );
  }
}
