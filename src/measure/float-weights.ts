import { convertOnnx, type Node, type TensorMessage } from "../models/onnx/model.ts";
import { DATA_TYPE } from "../models/onnx/proto.ts";

/** The same weights and activations as float32: every quantised operator becomes its float counterpart. */
export function withFloat32Weights(onnx: Uint8Array): Uint8Array {
  return convertOnnx(onnx, (graph) => {
    const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    const added: TensorMessage[] = [];
    graph.node = graph.node.flatMap((node) => floatNodes(node, tensors, added));
    const used = new Set(graph.node.flatMap(({ input }) => input));
    graph.initializer = [...graph.initializer, ...added].filter(({ name }) => used.has(name));
  });
}

function floatNodes(node: Node, tensors: Map<string, TensorMessage>, added: TensorMessage[]): Node[] {
  const renamed = (opType: string, input: string[], attribute = node.attribute): Node => ({
    ...node,
    opType,
    domain: "",
    input,
    attribute,
  });
  const at = (index: number): string => node.input[index] ?? "";
  switch (node.opType) {
    case "QuantizeLinear":
      return quantizeAsFloat(node, tensors, added);
    case "DequantizeLinear": {
      if (!tensors.has(at(0))) return [renamed("Identity", [at(0)], [])];
      const { dims, values } = dequantize(tensors, at(0), at(1));
      added.push(floatTensor(node.output[0] ?? "", dims, values));
      return [];
    }
    case "Pad":
      // What it pads with is the zero point, which is 0: what Pad does when it is not told.
      return [renamed("Pad", [at(0), at(1)])];
    case "QLinearGlobalAveragePool":
      return [renamed("GlobalAveragePool", [at(0)], [])];
    case "QLinearAdd":
      return [renamed("Add", [at(0), at(3)], [])];
    case "QLinearConv": {
      const weights = dequantize(tensors, at(3), at(4));
      const inputScale = floats(tensors, at(1))[0] ?? 1;
      const weightScales = floats(tensors, at(4));
      const bias = integers(tensors, at(8)).map(
        (value, i) => value * inputScale * (weightScales[weightScales.length === 1 ? 0 : i] ?? 1),
      );
      const [weightsName, biasName] = [`${at(3)}/float32`, `${at(8)}/float32`];
      added.push(floatTensor(weightsName, weights.dims, weights.values));
      added.push(floatTensor(biasName, [bias.length], bias));
      const conv = renamed("Conv", [at(0), weightsName, biasName]);
      const outputZero = integers(tensors, at(7))[0] ?? 0;
      // Zero point 0 means that the range starts at 0: the activation, ReLU6, is in the saturation.
      return outputZero === 0 ? clamped(conv, 255 * (floats(tensors, at(6))[0] ?? 0), added) : [conv];
    }
    case "Conv":
    case "Gemm":
    case "Add":
    case "GlobalAveragePool":
    case "Reshape":
    case "Identity":
    case "Flatten":
    case "Squeeze":
      return [node];
    default:
      throw new Error(`Expected operators that have a float32 counterpart here, got ${node.opType}.`);
  }
}

/** A pair of QuantizeLinear and DequantizeLinear does what its saturation does: nothing, or the clamp of ReLU6. */
function quantizeAsFloat(node: Node, tensors: Map<string, TensorMessage>, added: TensorMessage[]): Node[] {
  const [input = "", scale = "", zeroPoint = ""] = node.input;
  const output = node.output[0] ?? "";
  if (integers(tensors, zeroPoint)[0] !== 0) {
    return [{ ...node, opType: "Identity", input: [input], attribute: [] }];
  }
  return [clip(node, input, output, 255 * (floats(tensors, scale)[0] ?? 0), added)];
}

function clamped(conv: Node, max: number, added: TensorMessage[]): Node[] {
  const output = conv.output[0] ?? "";
  const inner = `${output}/unclamped`;
  return [{ ...conv, output: [inner] }, clip(conv, inner, output, max, added)];
}

function clip(node: Node, input: string, output: string, max: number, added: TensorMessage[]): Node {
  const [low, high] = [`${output}/min`, `${output}/max`];
  added.push(floatTensor(low, [], [0]), floatTensor(high, [], [max]));
  return {
    opType: "Clip",
    name: `${node.name}/clip`,
    input: [input, low, high],
    output: [output],
    attribute: [],
  };
}

function tensorOf(tensors: Map<string, TensorMessage>, name: string): TensorMessage {
  const tensor = tensors.get(name);
  if (tensor === undefined)
    throw new Error(`Expected ${name} among the graph's initializers, it is not there.`);
  return tensor;
}

function floats(tensors: Map<string, TensorMessage>, name: string): Float32Array {
  return new Float32Array(Uint8Array.from(tensorOf(tensors, name).rawData).buffer);
}

function integers(tensors: Map<string, TensorMessage>, name: string): number[] {
  const { dataType, rawData } = tensorOf(tensors, name);
  const { buffer } = Uint8Array.from(rawData); // a Buffer's slice would share the whole file
  if (dataType === DATA_TYPE.int8) return [...new Int8Array(buffer)];
  if (dataType === DATA_TYPE.uint8) return [...new Uint8Array(buffer)];
  return [...new Int32Array(buffer)];
}

/** Weights of zero point 0, [out channels, …], with one scale for all or one for each output channel. */
function dequantize(
  tensors: Map<string, TensorMessage>,
  name: string,
  scaleName: string,
): { dims: number[]; values: number[] } {
  const dims = tensorOf(tensors, name).dims.map(Number);
  const scales = floats(tensors, scaleName);
  const values = integers(tensors, name);
  const each = values.length / scales.length;
  return { dims, values: values.map((value, i) => value * (scales[Math.floor(i / each)] ?? 1)) };
}

function floatTensor(name: string, dims: number[], values: number[]): TensorMessage {
  return {
    name,
    dims,
    dataType: DATA_TYPE.float32,
    rawData: new Uint8Array(Float32Array.from(values).buffer),
  };
}
