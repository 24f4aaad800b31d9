import type uPlot from "uplot";
import { resolveColor } from "./colors.ts";
import type { TimeSeriesView } from "./columns.ts";
import { formatValue } from "./format.ts";

const AXIS_FONT = "11px Inter, system-ui, sans-serif";

export function axisStyle(): uPlot.Axis {
  const grid = { stroke: resolveColor("--grid"), width: 1 };
  return { stroke: resolveColor("--text-quiet"), font: AXIS_FONT, grid, ticks: { show: false }, gap: 6 };
}

const UNITS: Readonly<Record<string, string>> = {
  Milliseconds: " ms",
  Seconds: " s",
  Percent: " %",
  Megabytes: " MB",
  Bytes: " B",
};

/** The unit of an axis, where all of its series have the same. */
export function unitOf({ series }: TimeSeriesView, axis: "left" | "right"): string {
  const units = new Set(series.filter((each) => each.axis === axis).map(({ unit }) => unit ?? ""));
  const [unit = ""] = units;
  return units.size === 1 ? (UNITS[unit] ?? "") : "";
}

/** The uppermost tick carries the unit. */
export function formatTicks(splits: readonly number[], unit: string): string[] {
  return splits.map((value, index) => `${formatValue(value)}${index === splits.length - 1 ? unit : ""}`);
}

export function formatTime(seconds: number): string {
  const time = new Date(seconds * 1000).toTimeString().slice(0, 8);
  return time.endsWith(":00") ? time.slice(0, 5) : time;
}
