import assert from "node:assert/strict";
import test from "node:test";
import { readEmf, storeEmf } from "../../../../src/local/page/dashboard/emf.ts";
import { MetricStore } from "../../../../src/local/page/dashboard/metric-store.ts";
import { aggregate, isStatistic } from "../../../../src/local/page/dashboard/statistics.ts";

const ID = { namespace: "N", name: "Duration", dimensions: { service: "s", model: "m" } };
const RANGE = { fromMs: 0, toMs: 60_000, periodMs: 10_000 };

test("a percentile comes from the raw values, not from averages", () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.equal(aggregate(values, "p50"), 50.5);
  assert.ok(Math.abs(aggregate(values, "p99") - 99) <= 1);
  assert.equal(aggregate(values, "p100"), 100);
  assert.equal(aggregate(values, "p0"), 1);
});

test("every simple statistic of a period is computed", () => {
  const values = [4, 1, 7];
  const expected = { SampleCount: 3, Sum: 12, Average: 4, Minimum: 1, Maximum: 7 };
  for (const [stat, value] of Object.entries(expected)) assert.equal(aggregate(values, stat), value, stat);
});

test("an unknown statistic is an error that names it", () => {
  assert.equal(isStatistic("tm99"), false);
  assert.throws(() => aggregate([1], "tm99"), /"tm99" is unknown: expected one of .*Sum/);
});

test("values fall into the period that holds their timestamp, and periods without values are absent", () => {
  const store = new MetricStore();
  store.add(ID, "Milliseconds", 9_999, [1]);
  store.add(ID, "Milliseconds", 10_000, [2, 3]);
  store.add(ID, "Milliseconds", 35_000, [4]);
  assert.deepEqual(store.query(ID, "Sum", RANGE), { timestampsMs: [0, 10_000, 30_000], values: [1, 5, 4] });
});

test("values that arrive out of order are drawn in order", () => {
  const store = new MetricStore();
  store.add(ID, "None", 40_000, [2]);
  store.add(ID, "None", 20_000, [1]);
  assert.deepEqual(store.query(ID, "Sum", RANGE).timestampsMs, [20_000, 40_000]);
});

test("metrics with other dimensions are other metrics, in whatever order the dimensions stand", () => {
  const store = new MetricStore();
  store.add(ID, "None", 0, [1]);
  store.add({ ...ID, dimensions: { service: "s", model: "other" } }, "None", 0, [5]);
  const turned = { ...ID, dimensions: { model: "m", service: "s" } };
  assert.deepEqual(store.query(turned, "Sum", RANGE).values, [1]);
});

test("the store drops the oldest values and stays bounded", () => {
  const store = new MetricStore({ maxValuesPerMetric: 100 });
  for (let index = 0; index < 1_000; index += 1) store.add(ID, "None", index * 50, [index]);
  const { values } = store.query(ID, "SampleCount", { fromMs: 0, toMs: 100_000, periodMs: 100_000 });
  assert.ok((values[0] ?? 0) <= 110 && (values[0] ?? 0) >= 100, `${values[0]} values are kept`);
  assert.deepEqual(store.query(ID, "Maximum", { fromMs: 0, toMs: 100_000, periodMs: 100_000 }).values, [999]);
});

test("an EMF line becomes one metric a name and dimension set, with all values of an array", () => {
  const line = {
    _aws: {
      Timestamp: 5_000,
      CloudWatchMetrics: [
        {
          Namespace: "N",
          Dimensions: [["service", "model"], ["service"]],
          Metrics: [{ Name: "Duration", Unit: "Milliseconds" }, { Name: "Absent" }],
        },
      ],
    },
    service: "s",
    model: "m",
    Duration: [1, 2, 3],
  };
  assert.deepEqual(
    readEmf(line).map(({ id, values }) => [id.name, Object.keys(id.dimensions), values]),
    [
      ["Duration", ["service", "model"], [1, 2, 3]],
      ["Duration", ["service"], [1, 2, 3]],
    ],
  );
  const store = new MetricStore();
  storeEmf(store, line);
  assert.deepEqual(store.query(ID, "Sum", RANGE).values, [6]);
  assert.equal(store.unit(ID), "Milliseconds");
});

test("a line that is not EMF has no metrics", () => {
  for (const line of [undefined, null, 3, "text", [], {}, { _aws: {} }, { _aws: { Timestamp: "now" } }]) {
    assert.deepEqual(readEmf(line), []);
  }
});
