import assert from "node:assert/strict";
import test from "node:test";
import { parseDashboardBody, parseRange } from "../../../../src/local/page/dashboard/body.ts";
import type { MetricWidget, Widget } from "../../../../src/local/page/dashboard/widget.ts";

function parse(properties: object, type = "metric"): Widget {
  const [widget] = parseDashboardBody(
    JSON.stringify({ widgets: [{ type, x: 1, y: 2, width: 3, height: 4, properties }] }),
  );
  assert.ok(widget !== undefined);
  return widget;
}

function parseMetric(properties: object): MetricWidget {
  const widget = parse(properties);
  assert.equal(widget.kind, "metric", JSON.stringify(widget));
  return widget as MetricWidget;
}

test("a widget keeps its place, title, view and stacking", () => {
  const widget = parseMetric({ title: "T", view: "singleValue", stacked: true, metrics: [["N", "A"]] });
  const { title, view, stacked, x, y, width, height } = widget;
  assert.deepEqual([title, view, stacked, x, y, width, height], ["T", "singleValue", true, 1, 2, 3, 4]);
});

test("dots repeat the metric above", () => {
  const { entries } = parseMetric({
    metrics: [
      ["N", "A", "service", "s", "model", "m"],
      [".", "B", ".", ".", ".", "other"],
      ["...", "third"],
      [".", "C", { stat: "p99" }],
    ],
  });
  assert.deepEqual(
    entries.map(({ source }) => source.kind === "metric" && [source.name, source.dimensions]),
    [
      ["A", { service: "s", model: "m" }],
      ["B", { service: "s", model: "other" }],
      ["B", { service: "s", model: "third" }],
      ["C", {}],
    ],
  );
});

test("properties of the widget are defaults of its metrics", () => {
  const { entries } = parseMetric({
    stat: "Sum",
    period: 60,
    metrics: [
      ["N", "A"],
      ["N", "B", { stat: "p99", period: 300, yAxis: "right", visible: false, id: "b", label: "L" }],
    ],
  });
  assert.deepEqual(
    entries.map(({ id, stat, periodMs, axis, visible, label }) => [id, stat, periodMs, axis, visible, label]),
    [
      ["#0", "Sum", 60_000, "left", true, undefined],
      ["b", "p99", 300_000, "right", false, "L"],
    ],
  );
});

test("without a statistic and a period CloudWatch's defaults hold", () => {
  const { entries } = parseMetric({ metrics: [["N", "A"]] });
  assert.deepEqual([entries[0]?.stat, entries[0]?.periodMs], ["Average", 300_000]);
});

test("expressions, annotations and axes are read", () => {
  const widget = parseMetric({
    metrics: [[{ expression: "a+1", id: "e" }]],
    annotations: {
      horizontal: [{ value: 5, label: "limit" }, [{ value: 1 }, { value: 2 }]],
      alarms: ["arn"],
    },
    yAxis: { left: { min: 0, label: "ms" }, right: { max: 9 } },
  });
  assert.deepEqual(widget.entries[0]?.source, { kind: "expression", expression: "a+1" });
  assert.deepEqual(
    widget.lines.map(({ value }) => value),
    [5, 1, 2],
  );
  assert.deepEqual(
    [widget.left.min, widget.left.label, widget.right.max, widget.alarms],
    [0, "ms", 9, ["arn"]],
  );
});

test("a widget that cannot be drawn keeps its title and says why", () => {
  const cases: [object, string, RegExp][] = [
    [{ title: "Logs", query: "fields" }, "log", /type "log"/],
    [{ title: "Pie", view: "pie", metrics: [["N", "A"]] }, "metric", /view "pie"/],
    [{ title: "Trim", stat: "tm99", metrics: [["N", "A"]] }, "metric", /statistic "tm99"/],
    [{ title: "Odd", metrics: [["N", "A", "service"]] }, "metric", /pairs of dimensions/],
    [{ title: "Text" }, "text", /markdown/],
  ];
  for (const [properties, type, reason] of cases) {
    const widget = parse(properties, type);
    assert.equal(widget.kind, "undrawable");
    assert.equal(widget.title, (properties as { title: string }).title);
    assert.match(widget.kind === "undrawable" ? widget.reason : "", reason);
  }
});

test("a body that is not a dashboard is an error", () => {
  assert.throws(() => parseDashboardBody("{}"), /widgets is undefined: expected a list/);
  assert.throws(() => parseDashboardBody("[]"), /expected an object/);
  assert.throws(() => parseDashboardBody("not json"), SyntaxError);
});

test("the range is the dashboard's start, and three hours without one", () => {
  const rangeOf = (start?: string) => parseRange(JSON.stringify({ start, widgets: [] }));
  assert.deepEqual(
    ["-PT15M", "-PT3H", "-P1D", undefined].map(rangeOf),
    [900_000, 10_800_000, 86_400_000, 10_800_000],
  );
  assert.throws(() => rangeOf("2026-01-01"), /expected a duration/);
});
