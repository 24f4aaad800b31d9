import assert from "node:assert/strict";
import test from "node:test";
import {
  LABEL_DIMENSION,
  LABEL_METRIC,
  METRICS,
  NAMESPACE,
  VERSION_DIMENSION,
  VERSION_METRICS,
} from "../../../../src/function/metrics.ts";
import { AlarmStates } from "../../../../src/local/page/dashboard/alarms.ts";
import { drawDashboard } from "../../../../src/local/page/dashboard/draw.ts";
import { MetricStore } from "../../../../src/local/page/dashboard/metric-store.ts";
import { aggregate, isStatistic } from "../../../../src/local/page/dashboard/statistics.ts";
import { type Dashboard, readDashboard } from "../../../../src/local/page/dashboard/template.ts";
import { readTemplate } from "../../../../src/local/template.ts";

const DIMENSIONS = { service: "graviton-image-classifier", model: "some-model" };
const QUEUES = ["UploadsQueue", "IsolationQueue", "UploadsDeadLetterQueue", "AsynchronousFailuresQueue"];
const SQS = [
  "ApproximateNumberOfMessagesVisible",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateAgeOfOldestMessage",
];
const LAMBDA = ["Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"];
const TO_MS = 10_000_000;

async function readOwn(): Promise<Dashboard> {
  return readDashboard(await readTemplate(), { ModelName: "some-model" });
}

/** A store in which everything that the function, the queues and Lambda emit has a value. */
function fullStore(): MetricStore {
  const store = new MetricStore();
  const add = (namespace: string, name: string, dimensions: Record<string, string>) => {
    for (let minute = 1; minute <= 5; minute += 1)
      store.add({ namespace, name, dimensions }, "None", TO_MS - minute * 60_000, [minute]);
  };
  for (const name of Object.keys(METRICS)) add(NAMESPACE, name, DIMENSIONS);
  for (const label of ["photo", "chart"])
    add(NAMESPACE, LABEL_METRIC, { ...DIMENSIONS, [LABEL_DIMENSION]: label });
  for (const name of VERSION_METRICS) add(NAMESPACE, name, { ...DIMENSIONS, [VERSION_DIMENSION]: "$LATEST" });
  for (const queue of QUEUES) for (const name of SQS) add("AWS/SQS", name, { QueueName: queue });
  const FunctionName = "ClassifierFunction";
  const version = { FunctionName, Resource: `${FunctionName}:live`, ExecutedVersion: "$LATEST" };
  for (const name of LAMBDA)
    for (const dimensions of [{ FunctionName }, version]) add("AWS/Lambda", name, dimensions);
  return store;
}

function draw(dashboard: Dashboard, store: MetricStore, speed = 1) {
  const states = new AlarmStates(store);
  states.evaluate(dashboard.alarms, TO_MS, speed);
  return drawDashboard(dashboard, { store, states, fromMs: TO_MS - 3 * 3_600_000, toMs: TO_MS, speed });
}

test("every widget of the deployed dashboard can be drawn, and every line has points", async () => {
  const { widgets } = draw(await readOwn(), fullStore());
  assert.ok(widgets.length >= 10);
  for (const widget of widgets) {
    assert.notEqual(
      widget.kind,
      "undrawable",
      `${widget.title}: ${widget.kind === "undrawable" && widget.reason}`,
    );
    if (widget.kind !== "timeSeries" && widget.kind !== "singleValue") continue;
    assert.ok(widget.series.length > 0, `${widget.title} draws nothing`);
    for (const series of widget.series)
      assert.ok(series.values.length > 0, `${widget.title}: ${series.label} is empty`);
  }
});

test("the period, statistic, label and stacking are those of the template", async () => {
  const { widgets } = draw(await readOwn(), fullStore());
  const pictures = widgets.find(({ title }) => title === "Pictures");
  assert.equal(pictures?.kind, "timeSeries");
  if (pictures?.kind !== "timeSeries") return;
  assert.equal(pictures.periodSeconds, 60);
  assert.equal(pictures.stacked, true);
  assert.deepEqual(pictures.series.map(({ label, stat }) => [label, stat])[0], ["classified", "Sum"]);
});

test("a search draws a line for each label that came, of this model alone, by its name", async () => {
  const store = fullStore();
  const other = { ...DIMENSIONS, model: "another", [LABEL_DIMENSION]: "dog" };
  store.add({ namespace: NAMESPACE, name: LABEL_METRIC, dimensions: other }, "Count", TO_MS - 60_000, [1]);
  const { widgets } = draw(await readOwn(), store);
  const chart = widgets.find(({ title }) => title === "What comes in: pictures by label");
  assert.equal(chart?.kind, "timeSeries");
  const series = chart?.kind === "timeSeries" ? chart.series : [];
  assert.deepEqual(
    series.map(({ label, values }) => [label, values.length]),
    [
      ["chart", 5],
      ["photo", 5],
    ],
  );
});

test("no cost is told of an hour with fewer than twenty pictures: a cold start would be most of it", async () => {
  const dashboard = await readOwn();
  const costs = (pictures: number) => {
    const store = new MetricStore();
    const add = (namespace: string, name: string, dimensions: Record<string, string>, value: number) =>
      store.add({ namespace, name, dimensions }, "None", TO_MS - 60_000, [value]);
    add(NAMESPACE, "ImagesClassified", DIMENSIONS, pictures);
    add("AWS/Lambda", "Invocations", { FunctionName: "ClassifierFunction" }, 2);
    add("AWS/Lambda", "Duration", { FunctionName: "ClassifierFunction" }, 1000);
    return draw(dashboard, store)
      .widgets.filter(({ title }) => title.startsWith("Estimated cost"))
      .map((widget) => ("series" in widget ? widget.series.map(({ values }) => values.length) : []));
  };
  assert.deepEqual(costs(19), [[0], [0, 0, 0, 0]]);
  assert.deepEqual(costs(20), [[1], [1, 1, 1, 1]]);
});

test("a percentile rank is the share of the values up to its number", () => {
  assert.equal(aggregate([0.2, 0.5, 0.6, 0.99], "PR(:0.5)"), 50);
  assert.ok(isStatistic("PR(:0.5)") && !isStatistic("PR(0.1:0.5)"));
});

test("the threshold of an alarm is a line on the chart of its metric, with its state", async () => {
  const { widgets } = draw(await readOwn(), fullStore());
  const alarmsOf = (title: string) => {
    const widget = widgets.find((candidate) => candidate.title.startsWith(title));
    return widget?.kind === "timeSeries"
      ? widget.lines.map(({ alarm, value, axis }) => [alarm?.name, value, axis, alarm?.state])
      : [];
  };
  assert.deepEqual(alarmsOf("Queue: waiting"), [["QueueAgeAlarm", 600, "right", "OK"]]);
  assert.deepEqual(alarmsOf("Rejected and failed"), [["FailureRateAlarm", 5, "left", "ALARM"]]);
  assert.deepEqual(alarmsOf("Invocation against"), [
    [undefined, 30_000, "left", undefined],
    ["DurationAlarm", 24_000, "left", "OK"],
  ]);
});

test("every alarm of the template is evaluated", async () => {
  const { alarms } = draw(await readOwn(), fullStore());
  const states = Object.fromEntries(alarms.map(({ name, state }) => [name, state]));
  assert.equal(states.FunctionErrorsAlarm, "ALARM");
  assert.equal(states.DeadLetterAlarm, "ALARM");
  assert.equal(states.DeploymentAlarm, "ALARM");
  assert.equal(states.VersionFailureRateAlarm, "ALARM");
  assert.equal(states.DurationAlarm, "OK");
  const quiet = draw(await readOwn(), new MetricStore()).alarms;
  for (const alarm of quiet) assert.equal(alarm.state, "OK", `${alarm.name} without data`);
});

test("twelve times faster, a minute is five seconds", async () => {
  const store = fullStore();
  for (let second = 1; second <= 60; second += 1) {
    store.add(
      { namespace: NAMESPACE, name: "ImagesClassified", dimensions: DIMENSIONS },
      "Count",
      TO_MS - second * 1000,
      [1],
    );
  }
  const pictures = draw(await readOwn(), store, 12).widgets.find(({ title }) => title === "Pictures");
  assert.equal(pictures?.kind === "timeSeries" && pictures.periodSeconds, 5);
  const last = pictures?.kind === "timeSeries" ? pictures.series[0]?.values.at(-1) : undefined;
  assert.equal(last, 5);
});

test("a widget that fails to compute is shown with the reason, and the others are drawn", async () => {
  const { widgets: own, ...others } = await readOwn();
  const broken = own.map((widget) =>
    widget.kind === "metric" && widget.title === "Pictures"
      ? {
          ...widget,
          entries: widget.entries.map((entry) => ({
            ...entry,
            source: { kind: "expression", expression: "NO_SUCH(1)" } as const,
          })),
        }
      : widget,
  );
  const drawn = draw({ widgets: broken, ...others }, fullStore()).widgets;
  const undrawable = drawn.filter(({ kind }) => kind === "undrawable");
  assert.deepEqual(
    undrawable.map(({ title }) => title),
    ["Pictures"],
  );
  assert.match(undrawable[0]?.kind === "undrawable" ? undrawable[0].reason : "", /NO_SUCH\(\) is not known/);
});
