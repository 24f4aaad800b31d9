import { ClassifierError } from "../errors.ts";

export interface Prediction {
  readonly label: string;
  /** Position in the model's logits, the key in its `id2label`. */
  readonly index: number;
  /** Probability from 0 to 1; over all labels they sum to 1. */
  readonly score: number;
}

/**
 * Logits → the `topK` most probable labels, best first; equal scores keep the model's order.
 *
 * Softmax subtracts the greatest logit first, which changes nothing but keeps `exp` from overflowing.
 *
 * @param logits one a label
 * @throws {ClassifierError} `INFERENCE_FAILED` when a logit is not a finite number
 */
export function rankLabels(logits: Float32Array, labels: readonly string[], topK: number): Prediction[] {
  let greatest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) {
    if (!Number.isFinite(logit)) {
      throw new ClassifierError(
        "INFERENCE_FAILED",
        `expected ${logits.length} finite logits, got ${logit} among them`,
      );
    }
    if (logit > greatest) greatest = logit;
  }
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - greatest);
  return topIndices(logits, topK).map((index) => ({
    label: labels[index] ?? String(index),
    index,
    score: Math.exp((logits[index] ?? Number.NaN) - greatest) / sum,
  }));
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
