import uPlot from "uplot";
import type { DashboardView, LineView, SeriesView } from "../api.ts";
import { axisStyle, formatTime, unitOf, withinTimes } from "./axis.ts";
import { colorOf, resolveColor } from "./colors.ts";
import { alignColumns, type TimeSeriesView } from "./columns.ts";
import { h } from "./dom.ts";
import { formatValue } from "./format.ts";

const AXIS_WIDTH = 50;
/** Of a period, the rest is the gap to the next one. */
const BAR_SHARE = 0.86;
/** A threshold further away than this many times the data is named in the legend, but would squash the chart. */
const LINE_REACH = 3;

export interface ChartOptions {
  /** Index into the timestamps under the pointer, `null` when it is on no chart. */
  readonly onCursor: (index: number | null) => void;
}

/** One chart. Stacked series are bars, one a period; others are lines with a point a period. */
export class Chart {
  readonly element = h("div", { class: "plot" });
  /** A colour's custom property a series, in their order. */
  colors: readonly string[] = [];
  readonly #options: ChartOptions;
  #plot: uPlot | undefined;
  #signature = "";
  #view: TimeSeriesView | undefined;
  #range: readonly [number, number] = [0, 1];

  constructor(options: ChartOptions) {
    this.#options = options;
    new ResizeObserver(([entry]) => {
      const { width = 0, height = 0 } = entry?.contentRect ?? {};
      if (width > 0 && height > 0) this.#plot?.setSize({ width, height });
    }).observe(this.element);
  }

  draw(view: TimeSeriesView, { from, to }: DashboardView): void {
    this.#view = view;
    this.#range = [from, to];
    this.element.classList.toggle(
      "no-data",
      view.series.every(({ values }) => values.length === 0),
    );
    const data = alignColumns(view, from, to);
    const { series, stacked, left, right } = view;
    const signature = JSON.stringify([
      series.map(({ label, axis, color }) => [label, axis, color]),
      stacked,
      left,
      right,
    ]);
    if (this.#plot === undefined || signature !== this.#signature) {
      this.#signature = signature;
      this.#plot?.destroy();
      this.#plot = this.#create(view, data);
    } else {
      this.#plot.setData(data);
    }
  }

  /** Draws it again in the colours of the theme that holds now. */
  restyle(): void {
    this.#signature = "";
  }

  #create(view: TimeSeriesView, data: uPlot.AlignedData): uPlot {
    const taken: string[] = [];
    for (const { name, stat } of view.series) taken.push(colorOf(name, stat, taken));
    this.colors = taken;
    const series = view.series.map((each, index) =>
      this.#series(each, taken[index] ?? "--quiet", view.stacked),
    );
    if (view.stacked) series.reverse();
    const hasRight = view.series.some(({ axis }) => axis === "right");
    const options: uPlot.Options = {
      width: Math.max(120, this.element.clientWidth),
      height: Math.max(80, this.element.clientHeight),
      legend: { show: false },
      // Above, the units of the axes; to the right, half of the last time.
      padding: [22, hasRight ? 0 : 24, 0, 0],
      cursor: {
        sync: { key: "dashboard" },
        drag: { x: false, y: false },
        points: { size: 6 },
        y: false,
      },
      scales: {
        x: { time: true, range: () => [this.#range[0], this.#range[1]] },
        left: { range: (_, min, max) => this.#scale("left", min, max) },
        right: { range: (_, min, max) => this.#scale("right", min, max) },
      },
      series: [{}, ...series],
      axes: [
        {
          ...axisStyle(),
          grid: { ...axisStyle().grid, filter: withinTimes },
          size: 26,
          space: 60,
          filter: withinTimes,
          values: (_, splits) => splits.map((split) => (split === null ? "" : formatTime(split))),
        },
        {
          ...axisStyle(),
          scale: "left",
          size: AXIS_WIDTH,
          space: 34,
          values: (_, splits) => splits.map(formatValue),
        },
        {
          ...axisStyle(),
          scale: "right",
          side: 1,
          size: AXIS_WIDTH,
          space: 34,
          show: hasRight,
          grid: { show: false },
          values: (_, splits) => splits.map(formatValue),
        },
      ],
      hooks: {
        draw: [(plot) => this.#drawLines(plot)],
        setCursor: [(plot) => this.#options.onCursor(plot.cursor.idx ?? null)],
      },
    };
    const units = (["left", "right"] as const)
      .filter((axis) => axis === "left" || hasRight)
      .map((axis) => h("span", { class: `axis-unit ${axis}`, textContent: unitOf(view, axis) }));
    this.element.replaceChildren(...units);
    return new uPlot(options, data, this.element);
  }

  #series({ axis }: SeriesView, property: string, stacked: boolean): uPlot.Series {
    const color = resolveColor(property);
    if (stacked) {
      return {
        scale: axis,
        fill: color,
        width: 0,
        points: { show: false },
        paths: (plot, index) => this.#bars(plot, axis, index),
      };
    }
    return {
      scale: axis,
      stroke: color,
      width: 1.75,
      spanGaps: false,
      points: { show: true, size: 4, fill: color, width: 0 },
    };
  }

  /**
   * Bars as wide as their period, cut where the chart ends. uPlot's own are at most as wide as the chart when there is one of
   * them: that of an hour, which begins before what is shown, would end before it as well.
   */
  #bars(plot: uPlot, axis: string, index: number): uPlot.Series.Paths {
    const { left, width } = plot.bbox;
    const [timestamps, values] = [plot.data[0], plot.data[index] ?? []];
    const length = BAR_SHARE * (this.#view?.periodSeconds ?? 1);
    const within = (timestamp: number) =>
      Math.min(left + width, Math.max(left, plot.valToPos(timestamp, "x", true)));
    const fill = new Path2D();
    for (const [at, timestamp] of timestamps.entries()) {
      const value = values[at];
      if (value === null || value === undefined) continue;
      const [start, end] = [within(timestamp), within(timestamp + length)];
      const [top, bottom] = [plot.valToPos(value, axis, true), plot.valToPos(0, axis, true)];
      fill.rect(start, top, end - start, bottom - top);
    }
    return { fill, stroke: null };
  }

  #scale(axis: "left" | "right", min: number | null, max: number | null): [number, number] {
    const { [axis]: fixed, lines = [] } = this.#view ?? {};
    const high = Math.max(max ?? 0, 0);
    const reachable = lines.filter((line) => line.axis === axis && isInReach(line, high));
    const top = Math.max(high, ...reachable.map(({ value }) => value));
    const from = fixed?.min ?? Math.min(min ?? 0, 0);
    if (fixed?.max !== null && fixed?.max !== undefined) return [from, fixed.max];
    return [from, top > from ? from + (top - from) * 1.12 : from + 1];
  }

  #drawLines(plot: uPlot): void {
    const { ctx, bbox } = plot;
    for (const line of this.#view?.lines ?? []) {
      const scale = plot.scales[line.axis];
      if (scale?.max === undefined || scale.max === null || line.value > scale.max) continue;
      const y = Math.round(plot.valToPos(line.value, line.axis, true)) + 0.5;
      ctx.save();
      ctx.strokeStyle = resolveColor(line.alarm?.state === "ALARM" ? "--bad" : "--threshold");
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.restore();
    }
  }
}

/** An annotation of the dashboard is always in the chart, as in CloudWatch; an alarm's threshold when it is near. */
function isInReach(line: LineView, high: number): boolean {
  return line.alarm === null || line.value <= high * LINE_REACH;
}
