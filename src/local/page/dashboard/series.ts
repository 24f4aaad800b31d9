import type { Series, TimeRange } from "./metric-store.ts";

/** A scalar, one time series, or several of them, each under the id it came from. */
export type Value =
  | { readonly kind: "scalar"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "series"; readonly id: string; readonly series: Series; readonly periodMs: number }
  | { readonly kind: "list"; readonly items: readonly Value[] };

export type SeriesValue = Extract<Value, { kind: "series" }>;

export type Reducer = (values: readonly number[]) => number;

/** Applies an operation at each timestamp at which every series among the operands has a value. */
export function mapValues(operands: readonly Value[], operate: (values: readonly number[]) => number): Value {
  const list = operands.find((operand) => operand.kind === "list");
  if (list !== undefined) {
    return {
      kind: "list",
      items: list.items.map((item) =>
        mapValues(
          operands.map((other) => (other === list ? item : other)),
          operate,
        ),
      ),
    };
  }
  const series = operands.filter((operand) => operand.kind === "series");
  const [head] = series;
  if (head === undefined) return { kind: "scalar", value: operate(operands.map(scalarOf)) };
  const lookups = operands.map((operand) =>
    operand.kind === "series" ? toMap(operand.series) : scalarOf(operand),
  );
  const timestampsMs = head.series.timestampsMs.filter((timestampMs) =>
    lookups.every((lookup) => typeof lookup === "number" || lookup.has(timestampMs)),
  );
  const values = timestampsMs.map((timestampMs) =>
    operate(
      lookups.map((lookup) =>
        typeof lookup === "number" ? lookup : (lookup.get(timestampMs) ?? Number.NaN),
      ),
    ),
  );
  return { ...head, series: finite({ timestampsMs, values }) };
}

/** Over a list: one series, each point over the series that have one. Over one series: a scalar. */
export function reduceValues(reduce: Reducer, operand: Value): Value {
  if (operand.kind === "series") return { kind: "scalar", value: reduce(operand.series.values) };
  if (operand.kind !== "list") return operand;
  const series = operand.items.filter((item) => item.kind === "series");
  const [head] = series;
  if (head === undefined) {
    const empty = { timestampsMs: [], values: [] };
    return operand.items.length > 0
      ? { kind: "scalar", value: reduce(operand.items.map(scalarOf)) }
      : { kind: "series", id: "", periodMs: 0, series: empty };
  }
  const maps = series.map((item) => toMap(item.series));
  const timestampsMs = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort((a, b) => a - b);
  const values = timestampsMs.map((timestampMs) =>
    reduce(maps.map((map) => map.get(timestampMs)).filter((value) => value !== undefined)),
  );
  return { ...head, series: { timestampsMs, values } };
}

/** What stands where a period has no value. */
export type Filler = number | "REPEAT" | "LINEAR";

/** Gives every period of the range a value; `LINEAR` leaves the ends open, `REPEAT` the beginning. */
export function fillSeries(operand: Value, filler: Filler, range: TimeRange): Value {
  if (operand.kind === "list") {
    return { kind: "list", items: operand.items.map((item) => fillSeries(item, filler, range)) };
  }
  if (operand.kind !== "series") return operand;
  const known = toMap(operand.series);
  const { timestampsMs } = constantSeries(0, { ...range, periodMs: operand.periodMs }).series;
  const filled = timestampsMs.map((timestampMs, index) => {
    const value = known.get(timestampMs);
    if (value !== undefined) return value;
    if (typeof filler === "number") return filler;
    const earlier = timestampsMs.slice(0, index).findLast((time) => known.has(time));
    const later = timestampsMs.slice(index).find((time) => known.has(time));
    const before = earlier === undefined ? undefined : known.get(earlier);
    if (before === undefined || earlier === undefined) return Number.NaN;
    if (filler === "REPEAT" || later === undefined) return filler === "REPEAT" ? before : Number.NaN;
    const after = known.get(later) ?? before;
    return before + ((after - before) * (timestampMs - earlier)) / (later - earlier);
  });
  return { ...operand, series: finite({ timestampsMs, values: filled }) };
}

/** The same value in every period of the range. */
export function constantSeries(value: number, { fromMs, toMs, periodMs }: TimeRange): SeriesValue {
  const timestampsMs: number[] = [];
  const start = Math.floor(fromMs / periodMs) * periodMs;
  for (let timestampMs = start; timestampMs < toMs; timestampMs += periodMs) timestampsMs.push(timestampMs);
  return {
    kind: "series",
    id: "",
    periodMs,
    series: { timestampsMs, values: timestampsMs.map(() => value) },
  };
}

/** Recomputes each point of a series from its neighbours; a `NaN` removes the point. */
export function mapPoints(
  operand: Value | undefined,
  name: string,
  valueAt: (series: Series, index: number) => number,
): Value {
  if (operand?.kind === "list") {
    return { kind: "list", items: operand.items.map((item) => mapPoints(item, name, valueAt)) };
  }
  if (operand?.kind !== "series") throw new Error(`${name} expects a metric`);
  const { series } = operand;
  const values = series.values.map((_, index) => valueAt(series, index));
  return { ...operand, series: finite({ timestampsMs: series.timestampsMs, values }) };
}

function scalarOf(value: Value): number {
  if (value.kind === "scalar") return value.value;
  throw new Error(`expected a number but found a ${value.kind} in metric math`);
}

function toMap(series: Series): Map<number, number> {
  return new Map(
    series.timestampsMs.map((timestampMs, index) => [timestampMs, series.values[index] ?? Number.NaN]),
  );
}

function finite({ timestampsMs, values }: Series): Series {
  const kept = timestampsMs.map((_, index) => Number.isFinite(values[index]));
  return {
    timestampsMs: timestampsMs.filter((_, index) => kept[index]),
    values: values.filter((_, index) => kept[index]),
  };
}
