import assert from "node:assert/strict";
import { test } from "node:test";
import { type Check, checkAlarms, checkMetrics, checkQueues, checkVersion } from "../../src/verify/checks.ts";
import type { Alarm, Cloud, FunctionState } from "../../src/verify/cloud.ts";
import type { Deployment } from "../../src/verify/deployment.ts";
import { Interruption } from "../../src/verify/interruption.ts";

const DEPLOYMENT: Deployment = {
  uploadsBucket: "uploads",
  resultsBucket: "results",
  aliasArn: "arn:aws:lambda:eu-central-1:123456789012:function:classifier:live",
  logGroup: "logs",
  isolationQueueUrl: "isolation",
  deadLetterQueueUrl: "dead",
  alarmNames: ["age", "dead"],
  annotationName: undefined,
  serviceName: "service",
  modelName: "some-model",
  prefix: "",
  suffix: "",
};
const GOOD: FunctionState = {
  liveVersion: "7",
  otherVersions: [],
  newestVersion: "7",
  memoryMb: 1769,
  environment: { MODEL_DIR: "/opt/model/some-model" },
};
const alarm = (name: string, state = "OK", reason = ""): Alarm => ({ name, state, reason });
const PATIENCE = { timeoutMs: 30, pollMs: 1, interruption: new Interruption() };

const version = (changes: Partial<FunctionState>) =>
  checkVersion({ functionState: async () => ({ ...GOOD, ...changes }) } as unknown as Cloud, DEPLOYMENT);
const alarms = (...found: Alarm[]) =>
  checkAlarms({ alarms: async () => found } as unknown as Cloud, DEPLOYMENT);
const queues = (counts: Readonly<Record<string, number>>) =>
  checkQueues(
    { countMessages: async (url: string) => counts[url] ?? 0 } as unknown as Cloud,
    DEPLOYMENT,
    PATIENCE,
  );

for (const [what, check, ok, detail] of [
  [
    "the newest version with the stack's model",
    () => version({}),
    true,
    /^live is 7, the newest, with some-model$/,
  ],
  [
    "a live version that is not the newest",
    () => version({ liveVersion: "6" }),
    false,
    /7 is the newest, but live is 6/,
  ],
  ["a deployment that is not over", () => version({ otherVersions: ["6"] }), false, /6 gets traffic too/],
  [
    "another model than the stack's",
    () => version({ environment: { MODEL_DIR: "/opt/model/other" } }),
    false,
    /its model is other/,
  ],
  [
    "alarms that are quiet or have no data yet",
    () => alarms(alarm("age"), alarm("dead", "INSUFFICIENT_DATA")),
    true,
    /^2, none in alarm$/,
  ],
  [
    "an alarm that is red",
    () => alarms(alarm("age"), alarm("dead", "ALARM", "1 > 0")),
    false,
    /^dead: 1 > 0$/,
  ],
  [
    "an alarm that is missing",
    () => alarms(alarm("age")),
    false,
    /^dead is in the stack and not in CloudWatch$/,
  ],
  ["empty queues", () => queues({}), true, /^no dead letters, nothing isolated$/],
  ["a dead letter", () => queues({ dead: 1 }), false, /^1 dead letters/],
  ["an upload that is tried alone", () => queues({ isolation: 2 }), false, /^2 uploads are tried alone$/],
] as const satisfies readonly (readonly [string, () => Promise<Check>, boolean, RegExp])[]) {
  test(`${what} ${ok ? "passes" : "fails"}, with what was seen`, async () => {
    const result = await check();
    assert.equal(result.ok, ok, result.detail);
    assert.match(result.detail, detail);
  });
}

test("a stack without alarms fails", async () => {
  const result = await checkAlarms({ alarms: async () => [] } as unknown as Cloud, {
    ...DEPLOYMENT,
    alarmNames: [],
  });
  assert.equal(result.ok, false);
});

test("metrics are asked for until they have arrived, under the function's own dimensions, and not for ever", async () => {
  const asked: unknown[] = [];
  let sum = 0;
  const cloud = {
    sumMetric: async (metric: unknown) => {
      asked.push(metric);
      return sum++;
    },
  } as unknown as Cloud;
  const good = await checkMetrics(cloud, DEPLOYMENT, 3, new Date(), { ...PATIENCE, timeoutMs: 10_000 });
  assert.deepEqual([good.ok, good.detail], [true, "3 classified images"]);
  assert.deepEqual(asked[0], {
    name: "ImagesClassified",
    dimensions: { service: "service", model: "some-model" },
  });
  const bad = await checkMetrics(cloud, DEPLOYMENT, 1_000_000, new Date(), PATIENCE);
  assert.equal(bad.ok, false);
  assert.match(bad.detail, /^expected at least 1000000 classified images, CloudWatch has \d+$/);
});
