import type { AlarmState, AlarmView, DashboardView, LineView, SeriesView, WidgetView } from "../api.ts";
import { formatTime } from "./axis.ts";
import { Chart } from "./chart.ts";
import { type TimeSeriesView, valueAt } from "./columns.ts";
import { h, setAttribute, setStyle, setText } from "./dom.ts";
import { formatValue } from "./format.ts";
import { renderMarkdown } from "./markdown.ts";

export const STATE_TEXT: Readonly<Record<AlarmState, string>> = {
  OK: "OK",
  ALARM: "In alarm",
  INSUFFICIENT_DATA: "No data yet",
};

/** One widget of the dashboard in its place on the grid. */
export class WidgetCard {
  readonly element: HTMLElement;
  readonly #title = h("h3");
  readonly #period = h("span", { class: "period" });
  readonly #body = h("div", { class: "widget-body" });
  readonly #legend = h("ul", { class: "legend" });
  readonly #chart = new Chart({ onCursor: (index) => this.#pointAt(index) });
  #kind = "";
  #content = "";
  #cursor: number | null = null;
  #latest: { readonly view: WidgetView; readonly dashboard: DashboardView } | undefined;
  #isVisible = true;

  constructor({ id, x, y, width, height }: WidgetView) {
    this.element = h(
      "article",
      { class: "widget", id, "data-wide": String(width > 12) },
      h("header", {}, this.#title, this.#period),
      this.#body,
    );
    const place = { "--x": `${x + 1}`, "--y": `${y + 1}`, "--width": `${width}`, "--height": `${height}` };
    setStyle(this.element, place);
    new IntersectionObserver(([entry]) => {
      this.#isVisible = entry?.isIntersecting ?? true;
      if (this.#isVisible) this.#paint();
    }).observe(this.element);
  }

  draw(view: WidgetView, dashboard: DashboardView): void {
    this.#latest = { view, dashboard };
    if (this.#isVisible) this.#paint();
  }

  restyle(): void {
    this.#chart.restyle();
    this.#content = "";
    this.#paint();
  }

  #paint(): void {
    if (this.#latest === undefined) return;
    const { view, dashboard } = this.#latest;
    setText(this.#title, view.title);
    this.#title.title = view.title;
    setAttribute(this.element, "data-kind", view.kind);
    if (view.kind === "timeSeries" || view.kind === "singleValue") this.#drawPeriod(view, dashboard);
    switch (view.kind) {
      case "timeSeries":
        if (this.#kind !== view.kind) this.#body.replaceChildren(this.#chart.element, this.#legend);
        this.#chart.draw(view, dashboard);
        this.#drawLegend(view, dashboard);
        setAttribute(this.#chart.element, "role", "img");
        setAttribute(this.#chart.element, "aria-label", describe(view));
        break;
      case "singleValue":
        this.#replace(JSON.stringify(view.series.map(({ values }) => values.at(-1))), () => [
          drawNumbers(view.series),
        ]);
        break;
      case "alarm":
        this.#replace(JSON.stringify(view.alarms), () => [drawAlarms(view.alarms)]);
        break;
      case "text":
        this.#replace(view.markdown, () => [renderMarkdown(view.markdown)]);
        break;
      case "undrawable":
        this.#replace(view.reason, () => [
          h("p", { class: "undrawable", role: "alert", textContent: `Not drawn here: ${view.reason}` }),
        ]);
        break;
    }
    this.#kind = view.kind;
  }

  #replace(content: string, make: () => HTMLElement[]): void {
    if (content === this.#content && this.#body.childElementCount > 0) return;
    this.#content = content;
    this.#body.replaceChildren(...make());
  }

  #pointAt(index: number | null): void {
    this.#cursor = index;
    if (this.#latest?.view.kind !== "timeSeries") return;
    const { view, dashboard } = this.#latest;
    this.#drawLegend(view, dashboard);
    this.#drawPeriod(view, dashboard);
  }

  /** The period's length; while a chart is pointed at, when the period under the pointer begins. */
  #drawPeriod({ periodSeconds }: { readonly periodSeconds: number }, { from }: DashboardView): void {
    const start = Math.floor(from / periodSeconds) * periodSeconds + (this.#cursor ?? 0) * periodSeconds;
    setText(
      this.#period,
      this.#cursor === null
        ? formatPeriod(periodSeconds)
        : `${formatTime(start)} · ${formatPeriod(periodSeconds)}`,
    );
  }

  #drawLegend(view: TimeSeriesView, { from }: DashboardView): void {
    const signature = JSON.stringify([view.series.map(({ label }) => label), view.lines, this.#chart.colors]);
    if (signature !== this.#content) {
      this.#content = signature;
      const entries = view.series.map((series, index) =>
        legendEntry(series, this.#chart.colors[index] ?? "--quiet"),
      );
      this.#legend.replaceChildren(...entries, ...view.lines.map(lineEntry));
    }
    for (const [index, series] of view.series.entries()) {
      const value = valueAt(series, view, from, this.#cursor);
      const number = this.#legend.children[index]?.querySelector<HTMLElement>(".number");
      if (number) setText(number, value === undefined ? "–" : formatValue(value));
    }
  }
}

function legendEntry({ label, axis }: SeriesView, color: string): HTMLElement {
  return h(
    "li",
    {},
    h("span", { class: "swatch", style: { background: `var(${color})` } }),
    h("span", { class: "name", textContent: axis === "right" ? `${label} →` : label }),
    h("span", { class: "number" }),
  );
}

function lineEntry({ label, value, alarm }: LineView): HTMLElement {
  const text =
    alarm === null ? `${label} ${formatValue(value)}` : `${label} ${alarm.comparison} ${formatValue(value)}`;
  return h(
    "li",
    { class: "threshold", "data-state": alarm?.state ?? "" },
    h("span", { class: "dash", "aria-hidden": "true" }),
    h("span", { class: "name", textContent: text }),
    alarm !== null && h("span", { class: "state", textContent: STATE_TEXT[alarm.state] }),
  );
}

function drawNumbers(series: readonly SeriesView[]): HTMLElement {
  const numbers = series.map(({ label, values }) => {
    const value = values.at(-1);
    return h(
      "div",
      { class: "single" },
      h("dd", { class: "big", textContent: value === undefined ? "–" : formatValue(value) }),
      h("dt", { textContent: label }),
    );
  });
  return h("dl", { class: "singles" }, ...numbers);
}

function drawAlarms(alarms: readonly AlarmView[]): HTMLElement {
  const items = alarms.map(({ name, state, condition, description }) =>
    h(
      "li",
      { "data-state": state, title: description },
      h("span", { class: "dot", "aria-hidden": "true" }),
      h("strong", { textContent: name }),
      h("span", { class: "state", textContent: STATE_TEXT[state] }),
      h("span", { class: "quiet", textContent: condition, title: condition }),
    ),
  );
  return h("ul", { class: "alarms" }, ...items);
}

function describe({ title, series, stacked }: TimeSeriesView): string {
  const values = series.map(
    ({ label, values }) => `${label} ${values.length === 0 ? "no data" : formatValue(values.at(-1) ?? 0)}`,
  );
  return `${title}, ${stacked ? "stacked bars" : "lines"}. Latest: ${values.join(", ")}`;
}

function formatPeriod(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3600 ? `${seconds / 60} min` : `${seconds / 3600} h`;
}
