import type { Graph, Node } from "../onnx/model.ts";
import { dimsOf, readFloats } from "../onnx/tensors.ts";
import { attributeOf, readersOf } from "./simplify.ts";

/** Which values of a graph become integers, and which nodes go because that does their work. */
export interface Plan {
  /** Values with a quantization of their own. */
  readonly computed: ReadonlySet<string>;
  /** Value → the one that it has the quantization of, because its node only moves numbers. */
  readonly moved: ReadonlyMap<string, string>;
  /** Nodes with weights to quantize. */
  readonly layers: ReadonlySet<Node>;
  /** Relu and Clip → the layer in front: what they cut off, a range that begins at 0 cannot express. */
  readonly absorbed: ReadonlyMap<Node, Node>;
}

/** Operators whose integer kernels ONNX Runtime puts between a DequantizeLinear and a QuantizeLinear. */
const COMPUTING = new Set([
  "Add",
  "Mul",
  "Concat",
  "GlobalAveragePool",
  "AveragePool",
  "Sigmoid",
  "LeakyRelu",
]);
const MOVING = new Set(["MaxPool", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose"]);
/** A matrix of fewer weights costs no time worth a rounding of what it computes. */
const MIN_MATRIX_WEIGHTS = 2 ** 17;

export function planQuantization(graph: Graph): Plan {
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const readers = readersOf(graph);
  const computed = new Set<string>();
  const moved = new Map<string, string>();
  const layers = new Set<Node>();
  const absorbed = new Map<Node, Node>();
  const isQuantized = (value: string) => computed.has(value) || moved.has(value);

  /** What a node computes, behind an activation that only it feeds. */
  const resultOf = (node: Node): string => {
    const output = node.output[0] ?? "";
    const [reader, ...others] = readers.get(output) ?? [];
    if (reader === undefined || others.length > 0 || !isCutAtZero(reader)) return output;
    absorbed.set(reader, node);
    return reader.output[0] ?? "";
  };
  const isCutAtZero = ({ opType, input: [, minName = ""], ...node }: Node): boolean => {
    if (opType === "Relu") return true;
    if (opType !== "Clip") return false;
    const minimum = tensors.get(minName);
    const low = minimum ? readFloats(minimum)[0] : attributeOf(node as Node, "min")?.f;
    return low === 0;
  };

  for (const node of graph.node) {
    const [data = "", weightsName = ""] = node.input;
    const weights = tensors.get(weightsName);
    if (node.opType === "Conv" && weights !== undefined) {
      layers.add(node);
      if (!isQuantized(data)) computed.add(data);
      computed.add(resultOf(node));
    } else if ((node.opType === "Gemm" || node.opType === "MatMul") && weights !== undefined) {
      const [rows = 0, columns = 0, ...more] = dimsOf(weights);
      const isPlain = more.length === 0 && isPlainGemm(node);
      if (isPlain && isQuantized(data) && rows * columns >= MIN_MATRIX_WEIGHTS) layers.add(node);
    } else if (COMPUTING.has(node.opType) && node.input.every(isQuantized)) {
      computed.add(resultOf(node));
    } else if (MOVING.has(node.opType) && isQuantized(data)) {
      moved.set(node.output[0] ?? "", data);
    }
  }
  return { computed, moved, layers, absorbed };
}

function isPlainGemm(node: Node): boolean {
  const alpha = attributeOf(node, "alpha")?.f ?? 1;
  const beta = attributeOf(node, "beta")?.f ?? 1;
  return alpha === 1 && beta === 1 && Number(attributeOf(node, "transA")?.i ?? 0) === 0;
}
