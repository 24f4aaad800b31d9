import type { AlarmView, AxisView, DashboardView, LineView, SeriesView, WidgetView } from "../api.ts";
import type { AlarmDefinition, MetricAlarm } from "./alarm-definition.ts";
import type { AlarmStates } from "./alarms.ts";
import { canonicalEntry } from "./canonical.ts";
import { evaluateEntries } from "./entries.ts";
import type { MetricStore, Series } from "./metric-store.ts";
import { localArn } from "./resolve.ts";
import type { Dashboard } from "./template.ts";
import type { AxisOptions, MetricEntry, MetricWidget, Widget } from "./widget.ts";

export interface DrawOptions {
  readonly store: MetricStore;
  readonly states: AlarmStates;
  readonly fromMs: number;
  readonly toMs: number;
  /** Divides every period: 1 as deployed, 12 makes a minute five seconds. */
  readonly speed: number;
}

/** Computes every widget of the dashboard. What cannot be computed becomes `undrawable` with its reason. */
export function drawDashboard(dashboard: Dashboard, options: DrawOptions): DashboardView {
  const alarms = dashboard.alarms.map((alarm) => viewAlarm(alarm, options));
  return {
    from: options.fromMs / 1000,
    to: options.toMs / 1000,
    speed: options.speed,
    widgets: dashboard.widgets.map((widget) => drawWidget(widget, dashboard, alarms, options)),
    alarms,
  };
}

function drawWidget(
  widget: Widget,
  dashboard: Dashboard,
  alarms: readonly AlarmView[],
  options: DrawOptions,
): WidgetView {
  const { id, title, x, y, width, height } = widget;
  const place = { id, title, x, y, width, height };
  try {
    switch (widget.kind) {
      case "undrawable":
        return { ...place, kind: "undrawable", reason: widget.reason };
      case "text":
        return { ...place, kind: "text", markdown: widget.markdown };
      case "alarm":
        return { ...place, kind: "alarm", alarms: widget.alarms.map((arn) => findAlarm(arn, alarms)) };
      case "metric": {
        const periodSeconds =
          Math.min(...widget.entries.map(({ periodMs }) => periodMs)) / 1000 / options.speed;
        const series = drawSeries(widget, options);
        if (widget.view === "singleValue") return { ...place, kind: "singleValue", periodSeconds, series };
        const lines = drawLines(widget, dashboard.alarms, options);
        const { stacked } = widget;
        const axes = { left: viewAxis(widget.left), right: viewAxis(widget.right) };
        return { ...place, kind: "timeSeries", stacked, periodSeconds, series, lines, ...axes };
      }
    }
  } catch (error) {
    return { ...place, kind: "undrawable", reason: (error as Error).message };
  }
}

function drawSeries(widget: MetricWidget, { store, fromMs, toMs, speed }: DrawOptions): SeriesView[] {
  const range = { fromMs, toMs };
  const wholeMs = (toMs - fromMs) * speed;
  const entries = widget.setPeriodToTimeRange
    ? widget.entries.map((entry) => ({ ...entry, periodMs: wholeMs }))
    : widget.entries;
  const evaluated = evaluateEntries(entries, store, range, speed);
  return entries
    .filter(({ visible }) => visible)
    .flatMap((entry) => {
      const value = evaluated.value(entry.id);
      const items = value.kind === "list" ? value.items : [value];
      return items.flatMap((item) =>
        item.kind === "series"
          ? [viewSeries(entry, item.series, store, value.kind === "list" ? item.id : "")]
          : [],
      );
    });
}

function viewSeries(entry: MetricEntry, series: Series, store: MetricStore, suffix: string): SeriesView {
  const { source } = entry;
  const own = entry.label ?? (suffix === "" ? undefined : "");
  const name = source.kind === "metric" ? source.name : own || suffix || source.expression;
  return {
    label: [own ?? name, suffix].filter((text) => text !== "").join(" "),
    name,
    color: entry.color ?? null,
    axis: entry.axis,
    unit: source.kind === "metric" ? (store.unit(source) ?? null) : null,
    stat: source.kind === "metric" ? entry.stat : "",
    timestamps: series.timestampsMs.map((timestampMs) => timestampMs / 1000),
    values: series.values,
  };
}

/** The widget's own annotations, the alarms that it names, and the alarms on what it draws. */
function drawLines(
  widget: MetricWidget,
  alarms: readonly AlarmDefinition[],
  options: DrawOptions,
): LineView[] {
  const own = widget.lines.map(
    (line): LineView => ({
      value: line.value,
      label: line.label ?? String(line.value),
      axis: line.axis,
      color: line.color ?? null,
      alarm: null,
    }),
  );
  const drawn = new Map(
    widget.entries
      .filter(({ visible }) => visible)
      .map((entry) => [canonicalEntry(entry, widget.entries), entry] as const),
  );
  const thresholds = alarms
    .filter((alarm) => alarm.kind === "metric")
    .flatMap((alarm): LineView[] => {
      const entry = drawn.get(canonicalEntry(alarm.returned, alarm.entries));
      if (entry === undefined && !widget.alarms.includes(localArn(alarm.name))) return [];
      const state = {
        name: alarm.name,
        state: options.states.state(alarm.name),
        comparison: alarm.comparison,
      };
      const axis = entry?.axis ?? "left";
      return [{ value: alarm.threshold, label: alarm.name, axis, color: null, alarm: state }];
    });
  const isDoubled = (line: LineView) =>
    thresholds.some((threshold) => threshold.value === line.value && threshold.axis === line.axis);
  return [...own.filter((line) => !isDoubled(line)), ...thresholds];
}

function findAlarm(arn: string, alarms: readonly AlarmView[]): AlarmView {
  const found = alarms.find(({ name }) => localArn(name) === arn);
  if (found === undefined) throw new Error(`the template has no alarm ${arn}`);
  return found;
}

function viewAlarm(alarm: AlarmDefinition, { states, speed }: DrawOptions): AlarmView {
  const condition = alarm.kind === "metric" ? describeCondition(alarm, speed) : "composed of other alarms";
  return {
    name: alarm.name,
    description: alarm.description,
    state: states.state(alarm.name),
    condition,
    isComposite: alarm.kind !== "metric",
  };
}

function describeCondition(alarm: MetricAlarm, speed: number): string {
  const { returned, evaluationPeriods: periods, datapointsToAlarm: needed } = alarm;
  const { source } = returned;
  const what =
    returned.label ?? (source.kind === "metric" ? `${returned.stat} of ${source.name}` : source.expression);
  const period = `${alarm.periodMs / speed / 1000} s`;
  const when = periods === 1 ? `in ${period}` : `in ${needed} of ${periods} periods of ${period}`;
  return `${what} ${alarm.comparison} ${alarm.threshold} ${when}`;
}

function viewAxis({ label, min, max }: AxisOptions): AxisView {
  return { label: label ?? null, min: min ?? null, max: max ?? null };
}
