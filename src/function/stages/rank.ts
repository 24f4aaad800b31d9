import { ClassifierError } from "../errors.ts";
import { MULTI_LABEL_THRESHOLD, type Scores } from "../model/scores.ts";

export interface Prediction {
  readonly label: string;
  /** Position in the model's logits, the key in its `id2label`. */
  readonly index: number;
  /** Probability from 0 to 1; of softmax they sum to 1 over all labels. */
  readonly score: number;
}

const SOFTMAX_OF_LOGITS: Scores = { kind: "softmax", areInGraph: false, isMultiLabel: false };

/** Scores of quantised graphs may be off by a step of 1/256. */
const TOLERANCE = 0.01;

/**
 * A model's output → the `topK` most probable labels, best first; equal scores keep the model's order. Where several labels
 * may hold at once, only those that pass the threshold, which may be none.
 *
 * @param output one per label: logits, or scores where `scores.areInGraph`
 * @throws {ClassifierError} `INFERENCE_FAILED` when one is not a finite number, or no score where scores are expected
 */
export function rankLabels(
  output: Float32Array,
  labels: readonly string[],
  topK: number,
  scores: Scores = SOFTMAX_OF_LOGITS,
): Prediction[] {
  const scoreOf = scorer(output, greatestOf(output), scores);
  return topIndices(output, topK)
    .map((index) => ({
      label: labels[index] ?? String(index),
      index,
      score: scoreOf(output[index] ?? Number.NaN),
    }))
    .filter(({ score }) => !scores.isMultiLabel || score >= MULTI_LABEL_THRESHOLD);
}

function greatestOf(output: Float32Array): number {
  let greatest = Number.NEGATIVE_INFINITY;
  for (const value of output) {
    if (!Number.isFinite(value)) {
      throw new ClassifierError(
        "INFERENCE_FAILED",
        `expected ${output.length} finite logits, got ${value} among them`,
      );
    }
    if (value > greatest) greatest = value;
  }
  return greatest;
}

/** Softmax subtracts the greatest logit first, which changes nothing but keeps `exp` from overflowing. */
function scorer(output: Float32Array, greatest: number, scores: Scores): (value: number) => number {
  if (scores.areInGraph) return scoreInGraph;
  if (scores.kind === "sigmoid") return (logit) => 1 / (1 + Math.exp(-logit));
  let sum = 0;
  for (const logit of output) sum += Math.exp(logit - greatest);
  return (logit) => Math.exp(logit - greatest) / sum;
}

function scoreInGraph(score: number): number {
  if (score >= -TOLERANCE && score <= 1 + TOLERANCE) return Math.min(1, Math.max(0, score));
  throw new ClassifierError(
    "INFERENCE_FAILED",
    `expected scores from 0 to 1, as the graph's last operator gives, got ${score}`,
  );
}

/** Insertion into a list of `count`: for 5 of 1000 much cheaper than sorting all, and stable. */
function topIndices(values: Float32Array, count: number): number[] {
  const top: number[] = [];
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    let position = top.length;
    while (position > 0 && value > (values[top[position - 1] as number] as number)) position--;
    if (position >= count) continue;
    top.splice(position, 0, index);
    if (top.length > count) top.pop();
  }
  return top;
}
