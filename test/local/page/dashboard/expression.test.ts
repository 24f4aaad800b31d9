import assert from "node:assert/strict";
import test from "node:test";
import { canonicalEntry } from "../../../../src/local/page/dashboard/canonical.ts";
import { evaluateEntries } from "../../../../src/local/page/dashboard/entries.ts";
import { parseExpression } from "../../../../src/local/page/dashboard/expression.ts";
import { MetricStore } from "../../../../src/local/page/dashboard/metric-store.ts";
import type { Value } from "../../../../src/local/page/dashboard/series.ts";
import type { MetricEntry } from "../../../../src/local/page/dashboard/widget.ts";

const COMMON = {
  label: undefined,
  stat: "Sum",
  periodMs: 60_000,
  visible: true,
  color: undefined,
  axis: "left",
} as const;

function metric(id: string, name = id): MetricEntry {
  return { ...COMMON, id, source: { kind: "metric", namespace: "N", name, dimensions: {} } };
}

function expression(id: string, text: string): MetricEntry {
  return { ...COMMON, id, source: { kind: "expression", expression: text } };
}

/** Evaluates over four periods in which `a` is 1, 2, –, 4 and `b` is 10, –, –, 40. */
function evaluate(text: string, more: readonly MetricEntry[] = []): Value {
  const store = new MetricStore();
  const values: Record<string, readonly (number | undefined)[]> = {
    a: [1, 2, undefined, 4],
    b: [10, undefined, undefined, 40],
  };
  for (const [name, series] of Object.entries(values)) {
    for (const [index, value] of series.entries()) {
      if (value !== undefined)
        store.add({ namespace: "N", name, dimensions: {} }, "None", index * 60_000, [value]);
    }
  }
  const entries = [metric("a"), metric("b"), expression("e", text), ...more];
  return evaluateEntries(entries, store, { fromMs: 0, toMs: 240_000 }, 1).value("e");
}

function points(value: Value): Record<number, number | undefined> {
  assert.equal(value.kind, "series");
  if (value.kind !== "series") return {};
  return Object.fromEntries(
    value.series.timestampsMs.map((time, index) => [time / 60_000, value.series.values[index]]),
  );
}

test("products bind tighter than sums, and both than comparisons", () => {
  assert.deepEqual(points(evaluate("a + 2 * 3 - 1")), { 0: 6, 1: 7, 3: 9 });
  assert.deepEqual(points(evaluate("a + 1 > 2 AND a < 4")), { 0: 0, 1: 1, 3: 0 });
  assert.deepEqual(points(evaluate("-a ^ 2")), { 0: -1, 1: -4, 3: -16 });
  assert.deepEqual(points(evaluate("(a + 1) / 2")), { 0: 1, 1: 1.5, 3: 2.5 });
});

test("an operation has a value only where each operand has one", () => {
  assert.deepEqual(points(evaluate("a + b")), { 0: 11, 3: 44 });
});

test("a division by zero is a missing point", () => {
  assert.deepEqual(points(evaluate("b / (a - 1)")), { 3: 40 / 3 });
});

test("FILL gives every period a value", () => {
  assert.deepEqual(points(evaluate("FILL(b, 0)")), { 0: 10, 1: 0, 2: 0, 3: 40 });
  assert.deepEqual(points(evaluate("FILL(b, REPEAT)")), { 0: 10, 1: 10, 2: 10, 3: 40 });
  assert.deepEqual(points(evaluate("FILL(b, LINEAR)")), { 0: 10, 1: 20, 2: 30, 3: 40 });
});

test("sums over a list are taken period by period over the metrics that have a value", () => {
  assert.deepEqual(points(evaluate("SUM([a, b])")), { 0: 11, 1: 2, 3: 44 });
  assert.deepEqual(points(evaluate("MAX(METRICS())")), { 0: 10, 1: 2, 3: 40 });
});

test("a sum over one metric is a number over the whole range", () => {
  assert.deepEqual(points(evaluate("a / SUM(a)")), { 0: 1 / 7, 1: 2 / 7, 3: 4 / 7 });
});

test("IF chooses period by period, and PERIOD is in seconds", () => {
  assert.deepEqual(points(evaluate("IF(a > 1, a, 0)")), { 0: 0, 1: 2, 3: 4 });
  assert.deepEqual(points(evaluate("a / PERIOD(a)")), { 0: 1 / 60, 1: 2 / 60, 3: 4 / 60 });
});

test("DIFF, RATE and RUNNING_SUM look at the neighbouring points", () => {
  assert.deepEqual(points(evaluate("DIFF(a)")), { 1: 1, 3: 2 });
  assert.deepEqual(points(evaluate("RATE(b)")), { 3: 30 / 180 });
  assert.deepEqual(points(evaluate("RUNNING_SUM(a)")), { 0: 1, 1: 3, 3: 7 });
});

test("expressions refer to expressions, and a circle is an error", () => {
  assert.deepEqual(points(evaluate("double + 1", [expression("double", "a * 2")])), { 0: 3, 1: 5, 3: 9 });
  assert.throws(() => evaluate("e + 1"), /refers to itself/);
  assert.throws(() => evaluate("a + nothing"), /the id nothing, which no metric has/);
});

test("a function that is not known is named", () => {
  assert.throws(() => evaluate("ANOMALY_DETECTION_BAND(a, 2)"), /ANOMALY_DETECTION_BAND\(\) is not known/);
});

test("a text that is not metric math says where", () => {
  assert.throws(() => parseExpression("a + "), /expected a value but found the end/);
  assert.throws(() => parseExpression("a b"), /expected the end but found b/);
  assert.throws(() => parseExpression("a § b"), /"§ b"|" § b"/);
  assert.throws(() => parseExpression("SUM(a"), /expected/);
});

test("the same computation is recognised under other ids and in another order", () => {
  const chart = [
    metric("x", "Failed"),
    metric("y", "Classified"),
    expression("all", "FILL(y,0)+FILL(x,0)"),
    expression("share", "100*FILL(x,0)/all"),
  ];
  const alarm = [
    metric("f", "Failed"),
    metric("c", "Classified"),
    expression("rate", "100*FILL(f,0)/(FILL(f,0)+FILL(c,0))"),
  ];
  const [share, rate] = [chart[3], alarm[2]];
  assert.ok(share !== undefined && rate !== undefined);
  assert.equal(canonicalEntry(share, chart), canonicalEntry(rate, alarm));
  const other = expression("rate", "10*FILL(f,0)/(FILL(f,0)+FILL(c,0))");
  assert.notEqual(canonicalEntry(share, chart), canonicalEntry(other, [...alarm.slice(0, 2), other]));
});
