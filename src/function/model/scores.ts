import type { OnnxFile, OnnxNode } from "./onnx-file.ts";

/** What a score is: one of all labels, which sum to 1, or each label's own probability. */
export type ScoreKind = "softmax" | "sigmoid";

export interface Scores {
  readonly kind: ScoreKind;
  /** The graph's output holds the scores; else logits. */
  readonly areInGraph: boolean;
  /** Several labels may hold at once: the result lists those that pass {@link MULTI_LABEL_THRESHOLD}. */
  readonly isMultiLabel: boolean;
}

export const MULTI_LABEL_THRESHOLD = 0.5;

/** Operators that change no value's meaning between the last layer and the output. */
const MOVERS = new Set([
  "Cast",
  "DequantizeLinear",
  "Flatten",
  "Identity",
  "QuantizeLinear",
  "Reshape",
  "Squeeze",
  "Unsqueeze",
]);
const SOFTMAX = new Set(["Softmax", "QLinearSoftmax"]);
const SIGMOID = new Set(["Sigmoid", "QLinearSigmoid"]);

/**
 * Which scores a model gives: by the operator that computes its output, and by `problem_type` as transformers has it.
 *
 * @throws {Error} when the two disagree, or for a regression
 */
export function readScores(
  onnx: OnnxFile,
  outputName: string,
  labelCount: number,
  problemType: unknown,
): Scores {
  const last = lastOperator(onnx, outputName);
  if (problemType === "regression")
    throw new Error("expected a classifier, got problem_type regression in config.json");
  const isMultiLabel = problemType === "multi_label_classification";
  if (last === "softmax" && (isMultiLabel || labelCount === 1)) {
    const got = isMultiLabel ? "problem_type multi_label_classification" : "one label";
    throw new Error(
      `the graph ends in a softmax, which makes one choice among several labels, but config.json has ${got}`,
    );
  }
  const isSigmoid = last === "sigmoid" || isMultiLabel || labelCount === 1;
  return { kind: isSigmoid ? "sigmoid" : "softmax", areInGraph: last !== undefined, isMultiLabel };
}

function lastOperator({ nodes }: OnnxFile, outputName: string): ScoreKind | undefined {
  const makerOf = (name: string | undefined) => nodes.find(({ outputs }) => outputs.includes(name ?? ""));
  let node: OnnxNode | undefined = makerOf(outputName);
  while (node !== undefined && MOVERS.has(node.operator)) node = makerOf(node.inputs[0]);
  if (node === undefined) return undefined;
  if (SIGMOID.has(node.operator)) return "sigmoid";
  // Some exporters write a softmax as exponents divided by their sum.
  const isInParts = node.operator === "Div" && makerOf(node.inputs[0])?.operator === "Exp";
  return SOFTMAX.has(node.operator) || isInParts ? "softmax" : undefined;
}
