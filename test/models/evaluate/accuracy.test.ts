import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Judgement, measureAccuracy } from "../../../src/models/evaluate/accuracy.ts";

/** A judgement whose scores fall from the first prediction on. */
function judge(label: string, score: number, ...predicted: string[]): Judgement {
  return { label, predictions: predicted.map((name, index) => ({ label: name, score: score / 2 ** index })) };
}

const JUDGEMENTS = [
  judge("cat", 0.9, "cat", "dog", "cow"),
  judge("cat", 0.6, "dog", "cat", "cow"),
  judge("cat", 0.5, "dog", "cow", "cat"),
  judge("cat", 0.8, "cat", "cow", "dog"),
  judge("dog", 0.7, "dog", "cat", "cow"),
  judge("cow", 0.4, "cat", "dog", "hen"),
];

describe("accuracy", () => {
  const accuracy = measureAccuracy(JUDGEMENTS, 2);

  test("top-1 and top-k are shares of all pictures", () => {
    assert.equal(accuracy.count, 6);
    assert.equal(accuracy.top1, 3 / 6);
    assert.deepEqual([accuracy.k, accuracy.topK], [2, 4 / 6]);
  });

  test("every class counts alike in the mean recall", () => {
    assert.deepEqual(
      accuracy.classes.map(({ label, count, correct, recall }) => [label, count, correct, recall]),
      [
        ["cat", 4, 2, 0.5],
        ["dog", 1, 1, 1],
        ["cow", 1, 0, 0],
      ],
    );
    assert.equal(accuracy.macroRecall, 0.5);
  });

  test("confusions are counted, the most frequent first", () => {
    assert.deepEqual(accuracy.confusions[0], { label: "cat", predicted: "cat", count: 2 });
    assert.deepEqual(accuracy.confusions[1], { label: "cat", predicted: "dog", count: 2 });
    assert.equal(
      accuracy.confusions.reduce((sum, { count }) => sum + count, 0),
      6,
    );
  });

  test("two classes of one name are one", () => {
    const { top1, classes } = measureAccuracy(
      [judge("crane", 0.9, "crane"), judge("crane", 0.9, "heron")],
      1,
    );
    assert.deepEqual([top1, classes.length], [0.5, 1]);
  });

  test("no pictures give zeros, not NaN", () => {
    const { top1, topK, macroRecall, calibrationError } = measureAccuracy([], 5);
    assert.deepEqual([top1, topK, macroRecall, calibrationError], [0, 0, 0, 0]);
  });
});

describe("the expected calibration error", () => {
  test("is 0 where scores are the shares of right answers", () => {
    const right = Array.from({ length: 3 }, () => judge("a", 0.75, "a"));
    const { calibrationError } = measureAccuracy([...right, judge("b", 0.75, "a")], 1);
    assert.equal(calibrationError, 0);
  });

  test("is 1 for one who is always sure and always wrong", () => {
    assert.equal(measureAccuracy([judge("b", 1, "a"), judge("c", 1, "a")], 1).calibrationError, 1);
  });

  test("weighs each of the 15 bins by its pictures", () => {
    // Bin (0.6, 0.667]: one right at 0.65. Bin (0.8667, 0.9333]: one right and one wrong at 0.9.
    const judged = [judge("a", 0.65, "a"), judge("a", 0.9, "a"), judge("b", 0.9, "a")];
    const expected = (1 / 3) * (1 - 0.65) + (2 / 3) * (0.9 - 0.5);
    assert.ok(Math.abs(measureAccuracy(judged, 1).calibrationError - expected) < 1e-12);
  });

  test("a score on the edge of two bins belongs to the lower", () => {
    const judged = [judge("a", 1 / 15, "a"), judge("b", 0.01, "a")];
    const expected = Math.abs(1 - (1 / 15 + 0.01)) / 2;
    assert.ok(Math.abs(measureAccuracy(judged, 1).calibrationError - expected) < 1e-12);
  });
});
