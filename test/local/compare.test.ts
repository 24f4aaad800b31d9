import assert from "node:assert/strict";
import { test } from "node:test";
import { comparePairs, type Pair } from "../../src/local/compare.ts";

const pair = (key: string, a: [string, number, number], b: [string, number, number]): Pair => ({
  key,
  a: { label: a[0], score: a[1], ms: a[2] },
  b: { label: b[0], score: b[1], ms: b[2] },
});

test("agreement, confusion, score shift and medians of two models; the surest disagreement first", () => {
  const compared = comparePairs([
    pair("1", ["cat", 0.9, 10], ["cat", 0.7, 30]),
    pair("2", ["cat", 0.6, 12], ["dog", 0.55, 20]),
    pair("3", ["dog", 0.99, 14], ["cat", 0.98, 10]),
    pair("4", ["dog", 0.5, 100], ["dog", 0.6, 40]),
  ]);
  assert.deepEqual([compared.total, compared.agreeing], [4, 2]);
  assert.deepEqual(compared.labels, ["cat", "dog"]);
  assert.deepEqual(compared.confusion, [
    [1, 1],
    [1, 1],
  ]);
  assert.deepEqual(
    compared.disagreements.map(({ key }) => key),
    ["3", "2"],
  );
  assert.ok(Math.abs((compared.scoreShift ?? 0) + 0.05) < 1e-12);
  assert.deepEqual(compared.ms, { a: 13, b: 25 });
});

test("without a pair, and without an agreement, nothing is made up", () => {
  assert.equal(comparePairs([]).total, 0);
  assert.equal(comparePairs([pair("1", ["cat", 1, 1], ["dog", 1, 1])]).scoreShift, undefined);
});
