import type { AlarmState } from "../api.ts";
import type { AlarmDefinition, Comparison, MetricAlarm } from "./alarm-definition.ts";
import { evaluateEntries } from "./entries.ts";
import type { MetricStore } from "./metric-store.ts";

/** The state of each alarm by name, kept between evaluations because `ignore` and gaps keep a state. */
export class AlarmStates {
  readonly #states = new Map<string, AlarmState>();
  readonly #store: MetricStore;

  constructor(store: MetricStore) {
    this.#store = store;
  }

  state(name: string): AlarmState {
    return this.#states.get(name) ?? "INSUFFICIENT_DATA";
  }

  /**
   * Evaluates all alarms over their last whole periods.
   *
   * @param speed divides every period: 1 as deployed, 12 makes a minute five seconds
   */
  evaluate(alarms: readonly AlarmDefinition[], nowMs: number, speed: number): void {
    for (const alarm of alarms) {
      if (alarm.kind === "metric") this.#states.set(alarm.name, this.#evaluateMetric(alarm, nowMs, speed));
    }
    // Composites may name composites that stand after them: one more pass a level settles them.
    const composites = alarms.filter((alarm) => alarm.kind === "composite");
    for (let level = 0; level < composites.length; level += 1) {
      for (const { name, rule } of composites) {
        this.#states.set(name, rule((other) => this.state(other)) ? "ALARM" : "OK");
      }
    }
  }

  #evaluateMetric(alarm: MetricAlarm, nowMs: number, speed: number): AlarmState {
    const periodMs = alarm.periodMs / speed;
    const toMs = Math.floor(nowMs / periodMs) * periodMs;
    const range = { fromMs: toMs - alarm.evaluationPeriods * periodMs, toMs };
    const value = evaluateEntries(alarm.entries, this.#store, range, speed).value(alarm.returned.id);
    const values = value.kind === "series" ? value.series.values : [];
    const missing = Math.max(0, alarm.evaluationPeriods - values.length);
    let breaching = values.filter((each) => compare(each, alarm.comparison, alarm.threshold)).length;
    if (alarm.missingData === "breaching") breaching += missing;
    if (breaching >= alarm.datapointsToAlarm) return "ALARM";
    if (values.length === 0 && alarm.missingData === "missing") return "INSUFFICIENT_DATA";
    if (values.length === 0 && alarm.missingData === "ignore") return this.state(alarm.name);
    return "OK";
  }
}

function compare(value: number, comparison: Comparison, threshold: number): boolean {
  switch (comparison) {
    case ">":
      return value > threshold;
    case ">=":
      return value >= threshold;
    case "<":
      return value < threshold;
    case "<=":
      return value <= threshold;
  }
}
