import type uPlot from "uplot";
import { resolveColor } from "./colors.ts";
import type { TimeSeriesView } from "./columns.ts";

const AXIS_FONT = "11px Inter, system-ui, sans-serif";

export function axisStyle(): uPlot.Axis {
  const grid = { stroke: resolveColor("--grid"), width: 1 };
  return { stroke: resolveColor("--text-quiet"), font: AXIS_FONT, grid, ticks: { show: false }, gap: 6 };
}

const UNITS: Readonly<Record<string, string>> = {
  Count: "count",
  Milliseconds: "ms",
  Seconds: "s",
  Percent: "%",
  Megabytes: "MB",
  Bytes: "bytes",
};

/** What an axis counts in: as the dashboard names it or, where it does not, the unit that all of its series have. */
export function unitOf(view: TimeSeriesView, axis: "left" | "right"): string {
  const { label } = view[axis];
  if (label !== null) return label;
  const units = new Set(view.series.filter((each) => each.axis === axis).map(({ unit }) => unit ?? ""));
  const [unit = ""] = units;
  return units.size === 1 ? (UNITS[unit] ?? "") : "";
}

/** Without the times after the last one: uPlot gives the first of an axis unseen, however short what is shown. */
export function withinTimes(plot: uPlot, splits: number[]): (number | null)[] {
  const { max = null } = plot.scales.x ?? {};
  return splits.map((split) => (max !== null && split > max ? null : split));
}

export function formatTime(seconds: number): string {
  const time = new Date(seconds * 1000).toTimeString().slice(0, 8);
  return time.endsWith(":00") ? time.slice(0, 5) : time;
}
