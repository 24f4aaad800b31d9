import assert from "node:assert/strict";
import { test } from "node:test";
import { rankLabels } from "../../../src/function/stages/rank.ts";

const LABELS = ["a", "b", "c", "d"];
const labelsOf = (logits: number[], topK: number) =>
  rankLabels(Float32Array.from(logits), LABELS, topK).map(({ label }) => label);

test("the best labels come first, as many as are asked for", () => {
  assert.deepEqual(labelsOf([1, 4, 2, 3], 3), ["b", "d", "c"]);
  assert.deepEqual(labelsOf([1, 4, 2, 3], 1), ["b"]);
});

test("more than there are gives all", () => {
  assert.deepEqual(labelsOf([1, 4, 2, 3], 9), ["b", "d", "c", "a"]);
});

test("equal scores keep the model's order", () => {
  assert.deepEqual(labelsOf([5, 7, 7, 5], 4), ["b", "c", "a", "d"]);
  assert.deepEqual(labelsOf([0, 0, 0, 0], 2), ["a", "b"]);
});

test("scores are the softmax of the logits, with the label's index", () => {
  const predictions = rankLabels(Float32Array.of(1, 2, 3, 0), LABELS, 4);
  const sum = Math.exp(1) + Math.exp(2) + Math.exp(3) + 1;
  for (const { index, score } of predictions) {
    assert.ok(Math.abs(score - Math.exp([1, 2, 3, 0][index] ?? 0) / sum) < 1e-12);
  }
  assert.deepEqual(
    predictions.map(({ index }) => index),
    [2, 1, 0, 3],
  );
  assert.ok(Math.abs(predictions.reduce((total, { score }) => total + score, 0) - 1) < 1e-12);
});

test("logits far beyond what exp can hold still give probabilities", () => {
  const [first, second] = rankLabels(Float32Array.of(5000, 4999, -5000, 0), LABELS, 2);
  assert.ok(Math.abs((first?.score ?? 0) - 1 / (1 + Math.exp(-1))) < 1e-12);
  assert.ok(Math.abs((second?.score ?? 0) - Math.exp(-1) / (1 + Math.exp(-1))) < 1e-12);
});

test("the best 5 of 1001 are those that sorting all finds", () => {
  const logits = Float32Array.from({ length: 1001 }, (_, i) => ((i * 7919) % 1009) / 10);
  const labels = Array.from(logits, (_, i) => `label ${i}`);
  const sorted = [...logits.entries()].sort(([i, a], [j, b]) => b - a || i - j).slice(0, 5);
  assert.deepEqual(
    rankLabels(logits, labels, 5).map(({ index }) => index),
    sorted.map(([index]) => index),
  );
});

for (const broken of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
  test(`a logit of ${broken} is INFERENCE_FAILED`, () => {
    assert.throws(() => rankLabels(Float32Array.of(1, broken, 2, 3), LABELS, 2), {
      code: "INFERENCE_FAILED",
      message: `expected 4 finite logits, got ${broken} among them`,
    });
  });
}
