import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import type { DashboardView, SeriesView, WidgetView } from "../../src/local/page/api.ts";
import { openPage } from "./browser.ts";
import { firstEvents, tell } from "./first-events.ts";
import { inkOf, sum } from "./ink.ts";
import { startLocal } from "./stack.ts";

/** Tall enough for every widget to be in view: what is out of sight is not painted. */
const TALL = { viewport: { width: 1440, height: 3000 } };
const PERIOD_S = 10;
/** A full hour: there the last label of the time axis stands. */
const TO_S = 3_600 * 480_000;
const FROM_S = TO_S - 30 * PERIOD_S;
/** Times of the axis and numbers, as they are drawn. */
const RECORD_TEXTS = `
  window.texts = [];
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...more) {
    const { width } = this.measureText(text);
    const left = x - { left: 0, start: 0, center: width / 2, right: width, end: width }[this.textAlign];
    window.texts.push({ text, left, right: left + width, canvas: this.canvas.width });
    return fillText.call(this, text, x, y, ...more);
  };
`;

type TimeSeries = Extract<WidgetView, { kind: "timeSeries" }>;

suite("charts", () => {
  test("every axis of every chart says what it counts in", async (t) => {
    const { browser, charts } = await openWithTexts(t, { from: FROM_S, to: TO_S });
    assert.ok(charts.length >= 10);
    for (const { id, title, series, left, right } of charts) {
      const hasRight = series.some(({ axis }) => axis === "right");
      const units = [left.label, ...(hasRight ? [right.label] : [])];
      assert.ok(!units.includes(null), `"${title}" names no unit`);
      const shown = browser.locator(`#${id} .axis-unit`);
      assert.deepEqual(await shown.allInnerTexts(), units, title);
      for (const unit of await shown.all())
        assert.equal(await unit.evaluate(isCut), false, `a unit of "${title}" is cut`);
    }
  });

  for (const [where, range] of Object.entries({
    "at the end": { from: FROM_S, to: TO_S },
    "soon after the end": { from: TO_S - 220, to: TO_S - 20 },
  })) {
    test(`nothing that is written on an axis is cut when a full hour is ${where}`, async (t) => {
      const { charts, texts } = await openWithTexts(t, range);
      const last = texts.filter(({ left, right, canvas }) => (left + right) / 2 > canvas - 60);
      if (range.to === TO_S) assert.ok(last.length >= charts.length, "not every chart has a time at its end");
      for (const { text, left, right, canvas } of texts)
        assert.ok(left >= 0 && right <= canvas, `${text} is drawn from ${left} to ${right} of ${canvas}`);
    });
  }

  test("where nothing was measured there is no line", async (t) => {
    const browser = await openWithChart(t, { series: [line("gap", [5, 5, 5, 5, ...gap(12), 5, 5, 5, 5])] });
    const span = await spanOf(browser);
    const columns = await inkOf(browser, "widget-99");
    const ink = (from: number, to: number) =>
      sum(columns.slice(span(from) * columns.length, span(to) * columns.length));
    assert.ok(ink(0.5, 2.5) > 0, "no line before the gap");
    assert.ok(ink(16.5, 18.5) > 0, "no line after the gap");
    assert.equal(ink(4, 15), 0, "a line across the gap");
  });

  test("a pointed-at chart tells the time and the value of every series, also between two points", async (t) => {
    const browser = await openWithChart(t, {
      series: [
        line(
          "up",
          Array.from({ length: 30 }, (_, index) => index),
        ),
        line("rare", [...gap(5), 7, ...gap(24)]),
      ],
    });
    const widget = browser.locator("#widget-99");
    const over = widget.locator(".u-over");
    const { width } = await boxOf(over);
    const point = async (period: number) => {
      await over.hover({ position: { x: (width * period) / 30, y: 20 } });
      const time = new Date(1000 * (FROM_S + Math.round(period) * PERIOD_S));
      const shown = time.toTimeString().slice(0, 8).replace(/:00$/, "");
      await widget
        .locator(".period")
        .filter({ hasText: new RegExp(`^${shown} · 10 s$`) })
        .waitFor();
      return widget.locator(".legend .number").allInnerTexts();
    };
    assert.deepEqual(await point(5), ["5", "7"]);
    assert.deepEqual(await point(8.3), ["8", "–"]);
    assert.deepEqual(await point(8.7), ["9", "–"]);
    await browser.locator("h1").hover();
    await widget
      .locator(".period")
      .filter({ hasText: /^10 s$/ })
      .waitFor();
    assert.deepEqual(await widget.locator(".legend .number").allInnerTexts(), ["29", "7"]);
  });

  test("a lone bar that begins long before the chart fills it", async (t) => {
    const browser = await openWithChart(t, {
      stacked: true,
      periodSeconds: 600,
      series: [{ ...line("of ten minutes", []), timestamps: [TO_S - 600], values: [6] }],
    });
    assert.ok(sum(await inkOf(browser, "widget-99")) > 0, "an empty canvas");
  });
});

interface Text {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly canvas: number;
}

/** One value a period; of `null` there was none. */
function line(label: string, values: readonly (number | null)[]): SeriesView {
  const points = values.flatMap((value, index) =>
    value === null ? [] : [{ timestamp: FROM_S + index * PERIOD_S, value }],
  );
  return {
    ...{ label, name: label, color: null, axis: "left", unit: null, stat: "" },
    timestamps: points.map(({ timestamp }) => timestamp),
    values: points.map(({ value }) => value),
  };
}

function gap(periods: number): null[] {
  return new Array<null>(periods).fill(null);
}

function atTheEnd(series: SeriesView): SeriesView {
  return { ...series, timestamps: [TO_S - 60], values: [123_456] };
}

/** The page with all of its charts, and what is written on their canvases. */
async function openWithTexts(test: TestContext, range: { readonly from: number; readonly to: number }) {
  const { page } = await startLocal(test);
  const events = await firstEvents(page.url);
  const view = JSON.parse(events.get("dashboard") ?? "") as DashboardView;
  const widgets = view.widgets.map((widget) =>
    widget.kind === "timeSeries" ? { ...widget, series: widget.series.map(atTheEnd) } : widget,
  );
  events.set("dashboard", JSON.stringify({ ...view, ...range, widgets }));
  const browser = await openPage(test, page.url, {
    ...TALL,
    initScript: RECORD_TEXTS,
    prepare: (context) => tell(context, events),
  });
  const charts = view.widgets.filter((widget): widget is TimeSeries => widget.kind === "timeSeries");
  for (const { id } of charts) await browser.locator(`#${id} canvas`).waitFor();
  const texts = await browser.evaluate(() => (globalThis as unknown as { texts: Text[] }).texts);
  return { browser, charts, texts };
}

/** The page with one chart more, `widget-99`. */
async function openWithChart(test: TestContext, chart: Partial<TimeSeries>): Promise<Page> {
  const { page } = await startLocal(test);
  const events = await firstEvents(page.url);
  const view = JSON.parse(events.get("dashboard") ?? "") as DashboardView;
  const widget: TimeSeries = {
    ...{ id: "widget-99", title: "One more", x: 0, y: 60, width: 8, height: 6, lines: [], series: [] },
    ...{ kind: "timeSeries", stacked: false, periodSeconds: PERIOD_S },
    left: { min: 0, max: null, label: "count" },
    right: { min: null, max: null, label: null },
    ...chart,
  };
  const shown = { ...view, from: FROM_S, to: TO_S, widgets: [...view.widgets, widget] };
  events.set("dashboard", JSON.stringify(shown));
  const browser = await openPage(test, page.url, { ...TALL, prepare: (context) => tell(context, events) });
  await browser.locator("#widget-99 canvas").waitFor();
  return browser;
}

/** Where a period of the chart stands on its canvas, as a fraction of the canvas' width. */
async function spanOf(browser: Page): Promise<(period: number) => number> {
  const [plot, canvas] = await Promise.all(
    [".u-over", "canvas"].map((part) => boxOf(browser.locator(`#widget-99 ${part}`))),
  );
  assert.ok(plot !== undefined && canvas !== undefined);
  return (period) => (plot.x - canvas.x + (plot.width * period) / 30) / canvas.width;
}

async function boxOf(locator: Locator) {
  const box = await locator.boundingBox();
  assert.ok(box !== null);
  return box;
}

function isCut(element: Element): boolean {
  return element.scrollWidth > element.clientWidth;
}
