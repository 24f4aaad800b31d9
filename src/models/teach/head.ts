import { createHash } from "node:crypto";
import type { Head as KeptHead } from "../../function/model/heads.ts";
import type { Node, OnnxModel, TensorMessage } from "../onnx/model.ts";
import { ATTRIBUTE_TYPE, DATA_TYPE } from "../onnx/proto.ts";
import type { Head } from "./fit.ts";

export const LOGITS = "logits";
export const SIMILARITY = "similarity";

/** Of the numbers of a head, in hexadecimal. */
export function hashHead({ weights, bias, means, unknown }: Head): string {
  const hash = createHash("sha256");
  for (const values of [weights, bias, means, Float64Array.of(unknown.threshold)])
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return hash.digest("hex");
}

/**
 * Puts a head behind the features of a graph: `logits` float32 `[1, labelCount]` and `similarity`, one number, become its
 * outputs, and those of the heads that are kept. What was there before stays as it is.
 *
 * @param features value of the graph, float32 `[1, featureCount]`
 */
export function appendHead(
  { graph }: OnnxModel,
  features: string,
  head: Head,
  kept: readonly KeptHead[],
): void {
  const labelCount = head.bias.length;
  const dims = [head.weights.length / labelCount, labelCount];
  graph.initializer.push(
    constant("head/weights", head.weights, dims),
    constant("head/bias", head.bias, [labelCount]),
    constant("head/means", head.means, dims),
  );
  // Features of before the head may differ by a rounding below zero on another processor.
  const root = [node("Relu", [features], "head/positive"), node("Sqrt", ["head/positive"], "head/root")];
  graph.node.push(
    ...(head.hasRoot ? root : []),
    node("LpNormalization", [head.hasRoot ? "head/root" : features], "head/unit", { axis: 1, p: 2 }),
    node("Gemm", ["head/unit", "head/weights", "head/bias"], LOGITS),
    node("MatMul", ["head/unit", "head/means"], "head/cosines"),
    node("ReduceMax", ["head/cosines"], SIMILARITY, { keepdims: 0 }),
  );
  graph.output = [
    output(LOGITS, [1, labelCount]),
    output(SIMILARITY, []),
    ...kept.map(({ outputName, labels }) => output(outputName, [1, labels.length])),
  ];
}

function node(opType: string, input: string[], name: string, integers: Record<string, number> = {}): Node {
  const attribute = Object.entries(integers).map(([key, i]) => ({ name: key, type: ATTRIBUTE_TYPE.INT, i }));
  return { opType, name, input, output: [name], attribute };
}

function constant(name: string, values: Float32Array, dims: number[]): TensorMessage {
  const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { name, dims, dataType: DATA_TYPE.float32, rawData };
}

function output(name: string, shape: readonly number[]) {
  const dim = shape.map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: DATA_TYPE.float32, shape: { dim } } } };
}
