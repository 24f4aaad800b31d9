import assert from "node:assert/strict";
import { test } from "node:test";
import { latencyOf, pairedRatio, spreadOf } from "../../src/measure/statistics.ts";

test("a spread is the median with its quartiles, which one disturbed round does not move", () => {
  assert.deepEqual(spreadOf([1, 2, 3, 4, 1000]), { median: 3, q1: 2, q3: 4 });
  assert.throws(() => spreadOf([]), /at least one measured value/);
});

test("a ratio is taken round by round, so that a slow round of both says nothing", () => {
  assert.deepEqual(pairedRatio([20, 200, 20], [10, 100, 10]), { median: 2, q1: 2, q3: 2 });
  assert.throws(() => pairedRatio([1], [1, 2]), /series of one length, got 1 and 2/);
});

test("latency is told as mean and percentiles", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  const { meanMs, p50Ms, p90Ms, p99Ms } = latencyOf(hundred);
  assert.deepEqual([meanMs, p50Ms, p90Ms.toFixed(2), p99Ms.toFixed(2)], [50.5, 50.5, "90.10", "99.01"]);
});
