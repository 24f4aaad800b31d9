// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation fills these in
import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv } from "ajv";
import {
  LABEL_DIMENSION,
  LABEL_METRIC,
  METRICS,
  NAMESPACE,
  VERSION_DIMENSION,
  VERSION_METRICS,
} from "../../src/function/metrics.ts";
import { createResolver } from "../../src/local/page/dashboard/resolve.ts";
import { body, bodyVariables, operands, widgets } from "./dashboard.ts";
import {
  type Fields,
  fields,
  list,
  ofType,
  parameters,
  properties,
  resources,
  template,
  type Value,
} from "./read.ts";

const axis = {
  type: "object",
  additionalProperties: false,
  properties: {
    label: { type: "string" },
    min: { type: "number" },
    max: { type: "number" },
    showUnits: { type: "boolean" },
  },
};

// CloudWatch's "Dashboard body structure and syntax", as far as it is used here. CloudFormation hands the body over
// unread, and a wrong one fails only during the deployment.
const bodySchema = {
  type: "object",
  required: ["widgets"],
  additionalProperties: false,
  properties: {
    start: { type: "string", pattern: "^-P(T\\d+[HM]|\\d+D)$" },
    periodOverride: { enum: ["auto", "inherit"] },
    widgets: {
      type: "array",
      maxItems: 500,
      items: {
        type: "object",
        required: ["type", "x", "y", "width", "height", "properties"],
        additionalProperties: false,
        properties: {
          type: { enum: ["metric", "text", "alarm"] },
          x: { type: "integer", minimum: 0, maximum: 23 },
          y: { type: "integer", minimum: 0 },
          width: { type: "integer", minimum: 1, maximum: 24 },
          height: { type: "integer", minimum: 1, maximum: 1000 },
          properties: { type: "object" },
        },
      },
    },
  },
};

const propertiesSchemas: Readonly<Record<string, object>> = {
  text: {
    type: "object",
    required: ["markdown"],
    additionalProperties: false,
    properties: { markdown: { type: "string" } },
  },
  alarm: {
    type: "object",
    required: ["alarms"],
    additionalProperties: false,
    properties: {
      title: { type: "string" },
      alarms: { type: "array", items: { type: "string" }, minItems: 1 },
    },
  },
  metric: {
    type: "object",
    required: ["title", "view", "region", "period", "metrics"],
    additionalProperties: false,
    properties: {
      title: { type: "string" },
      view: { enum: ["timeSeries", "singleValue"] },
      stacked: { type: "boolean" },
      region: { const: "${AWS::Region}" },
      period: { type: "integer", multipleOf: 60, minimum: 60 },
      yAxis: { type: "object", additionalProperties: false, properties: { left: axis, right: axis } },
      annotations: {
        type: "object",
        additionalProperties: false,
        properties: {
          horizontal: {
            type: "array",
            items: {
              type: "object",
              required: ["value"],
              additionalProperties: false,
              properties: { label: { type: "string" }, value: { type: "number" } },
            },
          },
        },
      },
      metrics: {
        type: "array",
        minItems: 1,
        maxItems: 500,
        items: {
          type: "array",
          minItems: 1,
          items: { anyOf: [{ type: "string" }, { $ref: "#/$defs/options" }] },
        },
      },
    },
    $defs: {
      options: {
        type: "object",
        additionalProperties: false,
        properties: {
          expression: { type: "string" },
          id: { type: "string", pattern: "^[a-z]\\w*$" },
          label: { type: "string" },
          stat: {
            type: "string",
            pattern:
              "^(Sum|Average|Minimum|Maximum|SampleCount|p\\d{1,2}(\\.\\d+)?|PR\\(:\\d+(\\.\\d+)?\\))$",
          },
          visible: { type: "boolean" },
          yAxis: { enum: ["left", "right"] },
        },
      },
    },
  },
};

const ajv = new Ajv({ allErrors: true });

test("the dashboard's body is one that CloudWatch takes", () => {
  assert.ok(ajv.validate(bodySchema, body), ajv.errorsText());
  for (const { type, properties: given } of widgets) {
    assert.ok(ajv.validate(propertiesSchemas[type] ?? false, given), `${given.title}: ${ajv.errorsText()}`);
  }
});

test("the widgets fill 24 columns and none covers another", () => {
  const taken = new Map<string, string>();
  for (const { x, y, width, height, properties: given } of widgets) {
    assert.ok(x + width <= 24, `${given.title} ends at column ${x + width}`);
    for (let column = x; column < x + width; column++) {
      for (let row = y; row < y + height; row++) {
        const cell = `${column}/${row}`;
        assert.equal(taken.get(cell), undefined, `${given.title} covers ${taken.get(cell)}`);
        taken.set(cell, String(given.title));
      }
    }
  }
  const rows = Math.max(...widgets.map(({ y, height }) => y + height));
  assert.equal(taken.size, rows * 24, "a gap between the widgets");
});

test("every metric on the dashboard says which statistic, and every expression knows its operands", () => {
  for (const { metrics, properties: given } of widgets) {
    const ids = new Set(metrics.map(({ options }) => options.id).filter((id) => id !== undefined));
    for (const { name, options } of metrics) {
      if (name === undefined) {
        for (const operand of operands(String(options.expression))) {
          assert.ok(
            ids.has(operand),
            `${given.title}: ${options.expression} uses ${operand}, which no metric is called`,
          );
        }
      } else {
        assert.notEqual(options.stat, undefined, `${given.title}: ${name} without a statistic`);
      }
      // A search names each line that it finds by itself.
      if (options.visible !== false && !isSearch(options))
        assert.notEqual(options.label, undefined, `${given.title}: a line without a label`);
    }
    const count = metrics.filter(({ options }) => options.id !== undefined).length;
    assert.equal(ids.size, count, `${given.title}: two metrics with one id`);
  }
});

function isSearch({ expression }: Fields): boolean {
  return String(expression).startsWith("SEARCH(");
}

/** Search expressions, read. */
const searched = widgets
  .flatMap(({ metrics }) => metrics.filter(({ options }) => isSearch(options)))
  .map(({ options }) => {
    const [, names = "", terms = ""] =
      /^SEARCH\('\{([^}]*)\}(.*)', '\w+', \d+\)$/.exec(String(options.expression)) ?? [];
    const exact = Object.fromEntries(
      [...terms.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
    );
    return { names: names.split(","), exact };
  });

/** [namespace, name, dimensions] of everything that an alarm looks at. */
const alarmed = ofType("AWS::CloudWatch::Alarm").flatMap(([id, alarm]) => {
  const direct = alarm.MetricName === undefined ? [] : [alarm];
  const inMath = list(alarm.Metrics).flatMap((entry) => {
    const { MetricStat } = fields(entry);
    return MetricStat === undefined ? [] : [fields(fields(MetricStat).Metric)];
  });
  return [...direct, ...inMath].map(({ Namespace, MetricName, Dimensions }) => ({
    id,
    namespace: String(Namespace),
    name: String(MetricName),
    dimensions: Object.fromEntries(
      list(Dimensions).map((dimension) => [fields(dimension).Name, fields(dimension).Value] as const),
    ) as Readonly<Record<string, Value>>,
  }));
});

const shown = widgets.flatMap(({ metrics, properties: given }) =>
  metrics
    .filter(({ name }) => name !== undefined)
    .map((metric) => ({ title: String(given.title), ...metric })),
);

test("nothing is on the dashboard or in an alarm that the function does not emit", () => {
  const own = [...shown, ...alarmed].filter(({ namespace }) => !namespace?.startsWith("AWS/"));
  assert.ok(own.length > 0);
  for (const metric of own) {
    assert.equal(metric.namespace, NAMESPACE);
    assert.ok(String(metric.name) in METRICS, `${metric.name} is not in src/function/metrics.ts`);
  }
});

test("nothing is emitted that is not on the dashboard", () => {
  const names = new Set(shown.filter(({ namespace }) => namespace === NAMESPACE).map(({ name }) => name));
  for (const { exact } of searched) names.add(exact.MetricName);
  assert.deepEqual([...names].sort(), Object.keys(METRICS).sort());
});

test("the function's own metrics are read with the dimensions that they are emitted with", () => {
  const environment = fields(fields(properties("ClassifierFunction").Environment).Variables);
  assert.deepEqual(environment.POWERTOOLS_SERVICE_NAME, { Ref: "ServiceName" });
  assert.deepEqual(environment.MODEL_DIR, { "Fn::Sub": "/opt/model/${ModelName}" });
  for (const { namespace, name, dimensions } of shown) {
    if (namespace !== NAMESPACE) continue;
    assert.deepEqual(dimensions, { service: "${ServiceName}", model: "${ModelName}" }, name);
  }
  assert.deepEqual(searched, [
    {
      names: [NAMESPACE, LABEL_DIMENSION, "model", "service"],
      exact: { MetricName: LABEL_METRIC, service: "${ServiceName}", model: "${ModelName}" },
    },
  ]);
  for (const { id, namespace, name, dimensions } of alarmed) {
    if (namespace !== NAMESPACE) continue;
    const { [VERSION_DIMENSION]: version, ...others } = dimensions;
    assert.deepEqual(others, { service: { Ref: "ServiceName" }, model: { Ref: "ModelName" } }, id);
    if (version !== undefined)
      assert.ok(
        VERSION_METRICS.some((known) => known === name),
        `${id}: ${name}`,
      );
  }
});

test("AWS's metrics are those of the stack's own function and queues", () => {
  const dimension: Readonly<Record<string, [string, RegExp]>> = {
    "AWS/Lambda": ["FunctionName", /^\$\{ClassifierFunction\}$/],
    "AWS/SQS": [
      "QueueName",
      /^\$\{(UploadsQueue|IsolationQueue|UploadsDeadLetterQueue|AsynchronousFailuresQueue)\.QueueName\}$/,
    ],
  };
  for (const { title, namespace, dimensions } of shown) {
    if (namespace === NAMESPACE) continue;
    const [key, pattern] = dimension[String(namespace)] ?? [];
    assert.ok(key !== undefined && pattern !== undefined, `${title}: unknown namespace ${namespace}`);
    assert.deepEqual(Object.keys(dimensions), [key], title);
    assert.match(String(dimensions[key]), pattern, title);
  }
});

test("everything in the body that is filled in at deployment exists", () => {
  for (const [, name] of JSON.stringify(body).matchAll(/\$\{([^}]+)\}/g)) {
    const [id] = String(name).split(".");
    assert.ok(
      String(name).startsWith("AWS::") ||
        [resources, parameters, bodyVariables].some((known) => String(id) in known),
      `\${${name}}`,
    );
  }
});

test("a chart stacks the stages of a picture at p50, p90 and p99", () => {
  const stages = Object.keys(METRICS).filter(
    (name) => name.endsWith("Duration") && name !== "ImageDuration" && name !== "ModelLoadDuration",
  );
  for (const stat of ["p50", "p90", "p99"]) {
    const chart = widgets.find(
      ({ properties: given, metrics }) =>
        given.stacked === true && metrics.every(({ options }) => options.stat === stat),
    );
    assert.deepEqual(
      chart?.metrics.map(({ name }) => name),
      stages,
      stat,
    );
  }
});

test("the annotations of the invocation chart are the function's limit and the alarm's threshold", () => {
  const chart = widgets.find(({ properties: given }) => given.annotations !== undefined);
  const lines = list(fields(chart?.properties.annotations).horizontal).map((line) => fields(line).value);
  const timeoutMs = Number(properties("ClassifierFunction").Timeout) * 1000;
  assert.deepEqual(lines, [timeoutMs, properties("DurationAlarm").Threshold]);
});

test("all alarms stand on the dashboard", () => {
  const listed = widgets
    .filter(({ type }) => type === "alarm")
    .flatMap(({ properties: given }) => list(given.alarms));
  assert.deepEqual(
    listed.map(String).sort(),
    ofType("AWS::CloudWatch::Alarm")
      .map(([id]) => `\${${id}.Arn}`)
      .sort(),
  );
});

/** PUT requests of a way of publishing: per image, per invocation. */
const PUTS = { object: [1, 0], annotation: [1, 0], lines: [0, 1], "annotation+lines": [1, 1] } as const;

for (const [way, [perImage, perInvocation]] of Object.entries(PUTS)) {
  test(`the S3 requests in the cost are those of ${way}`, () => {
    const resolve = createResolver(template, { ResultsAs: way });
    const { PutsPerImage, PutsPerInvocation } = resolve(bodyVariables) as Fields;
    assert.deepEqual([PutsPerImage, PutsPerInvocation], [perImage, perInvocation]);
  });
}

test("a cost is shown only of twenty images and more in an hour: one cold start alone would be thousands a million", () => {
  const costs = widgets.filter(({ properties: given }) => given.title?.includes("million pictures"));
  assert.equal(costs.length, 2);
  for (const { properties: given, metrics } of costs) {
    assert.equal(given.period, 3600);
    const pictures = metrics.find(({ options }) => options.id === "pictures");
    assert.equal(pictures?.options.expression, "IF(all >= 20, all)");
  }
});

test("the cost of a million pictures is Lambda's, S3's and SQS's, a part each", () => {
  const numbers: Readonly<Record<string, number>> = {
    duration: 60_000, // ms: 1000 pictures of 60 ms
    invocations: 100,
    pictures: 1000,
  };
  const price = (name: string) => Number(fields(parameters[name]).Default);
  const chart = widgets.find(
    ({ properties: given }) => given.stacked === true && given.title?.includes("million pictures"),
  );
  const amounts = Object.fromEntries(
    (chart?.metrics ?? [])
      .filter(({ options }) => options.expression !== undefined && options.visible !== false)
      .map(({ options }) => {
        const text = String(options.expression)
          .replaceAll("${PutsPerImage}", "1")
          .replaceAll("${PutsPerInvocation}", "1")
          .replaceAll(/\$\{(\w+)\}/g, (_, name) => String(fields(parameters[name]).Default))
          .replaceAll(/[a-z]\w*/g, (name) => String(numbers[name]));
        // Digits and arithmetic alone are left.
        assert.match(text, /^[\d.+\-*/() ]+$/);
        return [String(options.id), Number(new Function(`return ${text}`)())];
      }),
  );
  const close = (actual: number | undefined, expected: number) =>
    assert.ok(Math.abs(Number(actual) - expected) < 1e-9, `${actual} ≠ ${expected}`);
  close(amounts.compute, 0.06 * (1769 / 1024) * price("PricePerMillionGbSeconds"));
  close(amounts.requests, price("PricePerMillionInvocations") / 10);
  close(amounts.s3, price("PricePerMillionS3Gets") + price("PricePerMillionS3Puts") * 1.1);
  // One message sent a picture; one receive and one delete a batch.
  close(amounts.sqs, price("PricePerMillionSqsRequests") * 1.2);
});

test("every alarm tells by e-mail where one is given, and treats silence as health", () => {
  const actions = { "Fn::If": ["HasAlarmEmail", [{ Ref: "AlarmTopic" }], { Ref: "AWS::NoValue" }] };
  for (const [id, alarm] of ofType("AWS::CloudWatch::Alarm")) {
    assert.deepEqual(alarm.AlarmActions, actions, id);
    assert.deepEqual(alarm.OKActions, actions, id);
    assert.equal(alarm.TreatMissingData, "notBreaching", id);
    assert.match(String(alarm.AlarmDescription), /\w/, id);
  }
});

test("alarms' expressions know their operands, and one of their metrics is the result", () => {
  for (const [id, alarm] of ofType("AWS::CloudWatch::Alarm")) {
    const metrics = list(alarm.Metrics).map((entry) => fields(entry));
    if (metrics.length === 0) continue;
    assert.equal(metrics.filter(({ ReturnData }) => ReturnData !== false).length, 1, id);
    const ids = metrics.map(({ Id }) => Id);
    for (const { Expression } of metrics) {
      for (const operand of Expression === undefined ? [] : operands(String(Expression))) {
        assert.ok(ids.includes(operand), `${id}: ${operand}`);
      }
    }
  }
});

test("the alarms watch dead letters, age, failures, p99 against the timeout, throttles and errors", () => {
  const watched = (id: string) => alarmed.filter((metric) => metric.id === id).map(({ name }) => name);
  assert.deepEqual(watched("DeadLetterAlarm"), Array(2).fill("ApproximateNumberOfMessagesVisible"));
  assert.deepEqual(watched("QueueAgeAlarm"), ["ApproximateAgeOfOldestMessage"]);
  assert.deepEqual(watched("IsolationAgeAlarm"), ["ApproximateAgeOfOldestMessage"]);
  assert.deepEqual(watched("FailureRateAlarm").sort(), [
    "ImagesClassified",
    "ImagesFailed",
    "ImagesRejected",
    "ImagesSuperseded",
  ]);
  assert.deepEqual(watched("ThrottlesAlarm"), ["Throttles"]);
  assert.deepEqual(watched("FunctionErrorsAlarm"), ["Errors"]);
  const { ExtendedStatistic, Threshold } = properties("DurationAlarm");
  assert.equal(ExtendedStatistic, "p99");
  assert.ok(Number(Threshold) < Number(properties("ClassifierFunction").Timeout) * 1000);
});

test("prices are written without an exponent, which metric math does not read", () => {
  for (const [name, parameter] of Object.entries(parameters)) {
    if (!name.startsWith("Price")) continue;
    // As Python writes the number, for SAM and CloudFormation do: from 0.0001 on without an exponent.
    const price = Number(fields(parameter).Default);
    assert.ok(price === 0 || price >= 0.0001, `${name}: ${price}`);
  }
});

test("a deployment is rolled back on errors and slowness of the version that it brings, not of the one before", () => {
  const { Alarms } = fields(properties("ClassifierFunction").DeploymentPreference);
  assert.deepEqual(Alarms, [
    { Ref: "VersionErrorsAlarm" },
    { Ref: "VersionFailureRateAlarm" },
    { Ref: "VersionDurationAlarm" },
  ]);
  for (const id of ["VersionErrorsAlarm", "VersionDurationAlarm"]) {
    assert.deepEqual(
      alarmed.find((metric) => metric.id === id)?.dimensions,
      {
        FunctionName: { Ref: "ClassifierFunction" },
        Resource: { "Fn::Sub": `\${ClassifierFunction}:live` },
        ExecutedVersion: { "Fn::GetAtt": "ClassifierFunction.Version.Version" },
      },
      id,
    );
  }
});

test("a deployment is rolled back on the alarms that the composite alarm joins", () => {
  const { Alarms, Type } = fields(properties("ClassifierFunction").DeploymentPreference);
  assert.deepEqual(Type, { Ref: "DeploymentType" });
  const rule = String(fields(properties("DeploymentAlarm").AlarmRule)["Fn::Sub"]);
  const joined = [...rule.matchAll(/ALARM\("\$\{(\w+)\}"\)/g)].map(([, id]) => ({ Ref: id }) as Fields);
  assert.ok(joined.length > 0);
  assert.deepEqual(Alarms, joined);
  assert.equal(properties("ClassifierFunction").AutoPublishAlias, "live");
  assert.equal(properties("ClassifierFunction").AutoPublishAliasAllProperties, true);
});
