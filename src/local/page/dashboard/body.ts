import type { WidgetPlace } from "../api.ts";
import { isStatistic } from "./statistics.ts";
import type { AxisOptions, HorizontalLine, MetricEntry, MetricWidget, Widget } from "./widget.ts";

const DEFAULT_PERIOD_S = 300;
const DEFAULT_STAT = "Average";

/**
 * Reads the JSON of a CloudWatch dashboard ("Dashboard body structure and syntax"): the `.` and `...`
 * shorthands are resolved, and properties of a widget are the defaults of its metrics.
 *
 * @throws Error when the body as a whole is not a dashboard; a single bad widget becomes `undrawable`
 */
export function parseDashboardBody(json: string): Widget[] {
  const body = record(JSON.parse(json), "the dashboard body");
  return list(body.widgets, "widgets").map((value, index) => {
    const widget = record(value, `widget ${index}`);
    const properties = record(widget.properties ?? {}, `properties of widget ${index}`);
    const placed: WidgetPlace = {
      id: `widget-${index}`,
      title: optionalString(properties.title) ?? "",
      x: optionalNumber(widget.x) ?? 0,
      y: optionalNumber(widget.y) ?? 0,
      width: optionalNumber(widget.width) ?? 6,
      height: optionalNumber(widget.height) ?? 6,
    };
    try {
      return readWidget(widget.type, properties, placed);
    } catch (error) {
      return { ...placed, kind: "undrawable", reason: (error as Error).message };
    }
  });
}

const DAY_MS = 86_400_000;
const RANGE_UNITS_MS: Readonly<Record<string, number>> = {
  "PT#M": 60_000,
  "PT#H": 3_600_000,
  "P#D": DAY_MS,
  "P#W": 7 * DAY_MS,
  "P#M": 30 * DAY_MS,
};

/** The length of the dashboard's `start` (`-PT3H`), or CloudWatch's own three hours where there is none. */
export function parseRange(json: string): number {
  const { start } = record(JSON.parse(json), "the dashboard body");
  const [, head, count, unit] = /^-(PT?)(\d+)([MHDW])$/.exec(String(start ?? "-PT3H")) ?? [];
  const unitMs = RANGE_UNITS_MS[`${head}#${unit}`];
  if (unitMs === undefined)
    throw new Error(`start is ${JSON.stringify(start)}: expected a duration such as "-PT3H"`);
  return Number(count) * unitMs;
}

function readWidget(type: unknown, properties: Record<string, unknown>, placed: WidgetPlace): Widget {
  switch (type) {
    case "text":
      return { ...placed, kind: "text", markdown: string(properties.markdown, "markdown") };
    case "alarm":
      return {
        ...placed,
        kind: "alarm",
        alarms: list(properties.alarms, "alarms").map((arn) => string(arn, "alarm")),
      };
    case "metric":
      return readMetricWidget(properties, placed);
    default:
      throw new Error(`widgets of type ${JSON.stringify(type)} are drawn by CloudWatch only`);
  }
}

function readMetricWidget(properties: Record<string, unknown>, placed: WidgetPlace): MetricWidget {
  const view = properties.view ?? "timeSeries";
  if (view !== "timeSeries" && view !== "singleValue") {
    throw new Error(`the view ${JSON.stringify(view)} is drawn by CloudWatch only`);
  }
  const annotations = record(properties.annotations ?? {}, "annotations");
  const axes = record(properties.yAxis ?? {}, "yAxis");
  return {
    ...placed,
    kind: "metric",
    view,
    stacked: properties.stacked === true,
    entries: readEntries(list(properties.metrics ?? [], "metrics"), properties),
    lines: list(annotations.horizontal ?? [], "annotations.horizontal")
      .flat()
      .map(readLine),
    alarms: list(annotations.alarms ?? [], "annotations.alarms").map((arn) => string(arn, "alarm")),
    left: readAxis(axes.left),
    right: readAxis(axes.right),
    setPeriodToTimeRange: properties.setPeriodToTimeRange === true,
  };
}

function readEntries(rows: readonly unknown[], properties: Record<string, unknown>): MetricEntry[] {
  let previous: string[] = [];
  return rows.map((value, index) => {
    const row = [...list(value, `metrics[${index}]`)];
    const last = row.at(-1);
    const options = typeof last === "object" ? record(row.pop(), `metrics[${index}]`) : {};
    const stat = optionalString(options.stat) ?? optionalString(properties.stat) ?? DEFAULT_STAT;
    const periodS = optionalNumber(options.period) ?? optionalNumber(properties.period) ?? DEFAULT_PERIOD_S;
    if (!isStatistic(stat))
      throw new Error(`the statistic ${JSON.stringify(stat)} is drawn by CloudWatch only`);
    const common = {
      id: optionalString(options.id) ?? `#${index}`,
      label: optionalString(options.label),
      stat,
      periodMs: periodS * 1000,
      visible: options.visible !== false,
      color: optionalString(options.color),
      axis: options.yAxis === "right" ? "right" : "left",
    } as const;
    if (options.expression !== undefined) {
      const expression = string(options.expression, "expression");
      return { ...common, source: { kind: "expression", expression } };
    }
    const words = expandShorthand(
      row.map((word) => string(word, `metrics[${index}]`)),
      previous,
    );
    previous = words;
    const [namespace, name, ...pairs] = words;
    if (namespace === undefined || name === undefined || pairs.length % 2 !== 0) {
      throw new Error(
        `metrics[${index}] is ${JSON.stringify(value)}: expected namespace, name and pairs of dimensions`,
      );
    }
    const dimensions: Record<string, string> = {};
    for (let at = 0; at < pairs.length; at += 2) dimensions[pairs[at] ?? ""] = pairs[at + 1] ?? "";
    return { ...common, source: { kind: "metric", namespace, name, dimensions } };
  });
}

/** `.` repeats the word above, `...` as many words as make the row as long as the one above. */
function expandShorthand(row: readonly string[], previous: readonly string[]): string[] {
  const words: string[] = [];
  for (const [index, word] of row.entries()) {
    if (word === "...")
      words.push(...previous.slice(words.length, previous.length - (row.length - index - 1)));
    else words.push(word === "." ? (previous[words.length] ?? word) : word);
  }
  return words;
}

function readLine(value: unknown): HorizontalLine {
  const line = record(value, "a horizontal annotation");
  return {
    value: number(line.value, "the value of a horizontal annotation"),
    label: optionalString(line.label),
    color: optionalString(line.color),
    axis: line.yAxis === "right" ? "right" : "left",
  };
}

function readAxis(value: unknown): AxisOptions {
  const axis = record(value ?? {}, "an axis");
  return { label: optionalString(axis.label), min: optionalNumber(axis.min), max: optionalNumber(axis.max) };
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new Error(`${what} is ${JSON.stringify(value)}: expected an object`);
}

function list(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${what} is ${JSON.stringify(value)}: expected a list`);
}

function string(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  throw new Error(`${what} is ${JSON.stringify(value)}: expected text`);
}

function number(value: unknown, what: string): number {
  if (typeof value === "number") return value;
  throw new Error(`${what} is ${JSON.stringify(value)}: expected a number`);
}

function optionalString(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function optionalNumber(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
