import assert from "node:assert/strict";
import test from "node:test";
import type { AlarmState } from "../../../../src/local/page/api.ts";
import { readAlarm } from "../../../../src/local/page/dashboard/alarm-definition.ts";
import { AlarmStates } from "../../../../src/local/page/dashboard/alarms.ts";
import { MetricStore } from "../../../../src/local/page/dashboard/metric-store.ts";
import { parseRule } from "../../../../src/local/page/dashboard/rule.ts";

const ERRORS = { namespace: "N", name: "Errors", dimensions: { f: "x" } };
const PROPERTIES = {
  Namespace: "N",
  MetricName: "Errors",
  Dimensions: [{ Name: "f", Value: "x" }],
  Statistic: "Sum",
  Period: 60,
  EvaluationPeriods: 5,
  DatapointsToAlarm: 3,
  Threshold: "0",
  ComparisonOperator: "GreaterThanThreshold",
};
const NOW_MS = 600_000;

/** Evaluates at NOW_MS; `values[i]` is the sum of the i-th of the last five minutes. */
function stateAfter(values: readonly (number | undefined)[], properties: object = {}): AlarmState {
  const store = new MetricStore();
  for (const [index, value] of values.entries()) {
    if (value !== undefined) store.add(ERRORS, "Count", NOW_MS - (5 - index) * 60_000, [value]);
  }
  const states = new AlarmStates(store);
  states.evaluate([readAlarm("A", { ...PROPERTIES, ...properties })], NOW_MS, 1);
  return states.state("A");
}

test("an alarm goes off when M of the last N periods are breaching", () => {
  assert.equal(stateAfter([1, 0, 1, 0, 1]), "ALARM");
  assert.equal(stateAfter([1, 0, 0, 0, 1]), "OK");
});

test("missing periods are treated as the alarm says", () => {
  const gaps = [1, undefined, undefined, undefined, 1];
  assert.equal(stateAfter(gaps, { TreatMissingData: "breaching" }), "ALARM");
  assert.equal(stateAfter(gaps, { TreatMissingData: "notBreaching" }), "OK");
  assert.equal(stateAfter([], { TreatMissingData: "missing" }), "INSUFFICIENT_DATA");
  assert.equal(stateAfter([], { TreatMissingData: "ignore" }), "INSUFFICIENT_DATA");
  assert.equal(stateAfter([], { TreatMissingData: "notBreaching" }), "OK");
});

test("an alarm that ignores missing data keeps its state", () => {
  const store = new MetricStore();
  for (let minute = 5; minute < 10; minute += 1) store.add(ERRORS, "Count", minute * 60_000, [1]);
  const alarm = readAlarm("A", { ...PROPERTIES, TreatMissingData: "ignore" });
  const states = new AlarmStates(store);
  states.evaluate([alarm], NOW_MS, 1);
  assert.equal(states.state("A"), "ALARM");
  states.evaluate([alarm], NOW_MS * 10, 1);
  assert.equal(states.state("A"), "ALARM");
});

test("each comparison holds at its boundary as its name says", () => {
  const five = [5, 5, 5, 5, 5];
  const cases: [string, AlarmState][] = [
    ["GreaterThanThreshold", "OK"],
    ["GreaterThanOrEqualToThreshold", "ALARM"],
    ["LessThanThreshold", "OK"],
    ["LessThanOrEqualToThreshold", "ALARM"],
  ];
  for (const [ComparisonOperator, expected] of cases) {
    assert.equal(stateAfter(five, { ComparisonOperator, Threshold: 5 }), expected, ComparisonOperator);
  }
  assert.throws(
    () => stateAfter(five, { ComparisonOperator: "GreaterThanUpperThreshold" }),
    /the alarm A needs/,
  );
});

test("an alarm on metric math compares the returned expression", () => {
  const metric = { Namespace: "N", MetricName: "Errors", Dimensions: PROPERTIES.Dimensions };
  const properties = {
    ...{
      Metrics: [
        { Id: "e", ReturnData: false, MetricStat: { Stat: "Sum", Period: 60, Metric: metric } },
        { Id: "twice", Expression: "FILL(e,0)*2" },
      ],
    },
    Threshold: 9,
  };
  assert.equal(stateAfter([5, 5, 5, 0, 0], properties), "ALARM");
  assert.equal(stateAfter([4, 4, 4, 4, 4], properties), "OK");
});

test("a faster clock divides the periods", () => {
  const store = new MetricStore();
  for (const second of [1, 6, 11]) store.add(ERRORS, "Count", NOW_MS - second * 1000, [1]);
  const states = new AlarmStates(store);
  states.evaluate([readAlarm("A", PROPERTIES)], NOW_MS, 12);
  assert.equal(states.state("A"), "ALARM");
  states.evaluate([readAlarm("A", PROPERTIES)], NOW_MS, 1);
  assert.equal(states.state("A"), "OK");
});

test("a composite alarm follows its rule, also over composites that stand later", () => {
  const store = new MetricStore();
  for (let minute = 5; minute < 10; minute += 1) store.add(ERRORS, "Count", minute * 60_000, [1]);
  const states = new AlarmStates(store);
  const alarms = [
    readAlarm("Top", { AlarmRule: 'ALARM("Middle") AND NOT OK("A")' }),
    readAlarm("Middle", { AlarmRule: 'ALARM("A") OR ALARM("B")' }),
    readAlarm("A", PROPERTIES),
    readAlarm("B", { ...PROPERTIES, MetricName: "Other", TreatMissingData: "notBreaching" }),
  ];
  states.evaluate(alarms, NOW_MS, 1);
  assert.deepEqual(
    ["Top", "Middle", "A", "B"].map((name) => states.state(name)),
    ["ALARM", "ALARM", "ALARM", "OK"],
  );
});

test("AND binds tighter than OR in a rule, and parentheses tighter still", () => {
  const states: Record<string, AlarmState> = { a: "ALARM", b: "OK", c: "OK" };
  const holds = (rule: string) => parseRule(rule)((name) => states[name] ?? "INSUFFICIENT_DATA");
  assert.equal(holds("ALARM(a) OR ALARM(b) AND ALARM(c)"), true);
  assert.equal(holds("(ALARM(a) OR ALARM(b)) AND ALARM(c)"), false);
  assert.equal(holds("INSUFFICIENT_DATA(arn:local:nobody) AND TRUE"), true);
  assert.throws(() => holds("ALARM(a) ALARM(b)"), /expected the end/);
  assert.throws(() => holds("BROKEN(a)"), /is not an alarm rule/);
});
