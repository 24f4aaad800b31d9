import type uPlot from "uplot";
import type { SeriesView, WidgetView } from "../api.ts";

export type TimeSeriesView = Extract<WidgetView, { kind: "timeSeries" }>;

/** One column a period of the range. Stacked series are summed up, the topmost first, as it is painted first. */
export function alignColumns(
  { series, stacked, periodSeconds }: TimeSeriesView,
  from: number,
  to: number,
): uPlot.AlignedData {
  const start = Math.floor(from / periodSeconds) * periodSeconds;
  const count = Math.max(1, Math.ceil((to - start) / periodSeconds));
  const timestamps = Array.from({ length: count }, (_, index) => start + index * periodSeconds);
  const columns = series.map((each) => {
    const column = new Array<number | null>(count).fill(null);
    for (const [index, timestamp] of each.timestamps.entries()) {
      const at = Math.round((timestamp - start) / periodSeconds);
      if (at >= 0 && at < count) column[at] = each.values[index] ?? null;
    }
    return column;
  });
  if (!stacked) return [timestamps, ...columns];
  for (let at = 0; at < count; at += 1) {
    if (columns.every((column) => column[at] === null)) continue;
    let sum = 0;
    for (const column of columns) {
      sum += column[at] ?? 0;
      column[at] = sum;
    }
  }
  return [timestamps, ...columns.reverse()];
}

/** The value of a series at a column of the chart, or its last one. */
export function valueAt(
  series: SeriesView,
  view: TimeSeriesView,
  from: number,
  index: number | null,
): number | undefined {
  if (index === null) return series.values.at(-1);
  const start = Math.floor(from / view.periodSeconds) * view.periodSeconds;
  const timestamp = start + index * view.periodSeconds;
  const at = series.timestamps.findIndex((each) => Math.abs(each - timestamp) < view.periodSeconds / 2);
  return at < 0 ? undefined : series.values[at];
}
