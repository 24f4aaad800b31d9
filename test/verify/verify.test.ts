import assert from "node:assert/strict";
import { test } from "node:test";
import { ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import { DIMENSIONS } from "../../src/function/metrics.ts";
import type { LocalStack } from "../../src/local/stack.ts";
import { RESULTS_BUCKET, UPLOADS_BUCKET } from "../../src/local/stack-events.ts";
import type { Cloud } from "../../src/verify/cloud.ts";
import { Interruption } from "../../src/verify/interruption.ts";
import { renderReport } from "../../src/verify/print.ts";
import { verify } from "../../src/verify/verify.ts";
import { ALIAS_ARN, MODEL, OUTPUTS, startLocalStack } from "./stack.ts";

const LIMIT = { timeout: 120_000 };
const QUICK = { timeoutMs: 2000, pollMs: 20 };

/** AWS beside S3, told by a local stack: its EMF lines, its queues, its reports. */
function cloudOf(stack: LocalStack, changes: Partial<Cloud> = {}): Cloud {
  const sums = new Map<string, number>();
  const billed: number[] = [];
  stack.events.on("emf", ({ document }) => {
    assert.deepEqual(
      DIMENSIONS.map((dimension) => typeof document[dimension]),
      ["string", "string"],
    );
    for (const [name, value] of Object.entries(document)) {
      const values = Array.isArray(value) ? value : [value];
      sums.set(
        name,
        values.reduce((sum, one) => sum + Number(one), sums.get(name) ?? 0),
      );
    }
  });
  stack.events.on("invocation", ({ billedDurationMs }) => billed.push(billedDurationMs));
  return {
    describeStack: async () => ({
      outputs: OUTPUTS,
      parameters: { ModelName: MODEL },
      alarmNames: ["age", "dead"],
    }),
    alarms: async (names) => names.map((name) => ({ name, state: "OK", reason: "" })),
    countMessages: async (url) => {
      const { dead, isolation } = stack.queueCounts();
      return url.endsWith("isolation") ? isolation.waiting + isolation.inFlight : dead;
    },
    queueUrl: async (arn) => `https://sqs/${arn.split(":").at(-1)}`,
    functionState: async () => ({
      liveVersion: "7",
      otherVersions: [],
      newestVersion: "7",
      memoryMb: 1769,
      environment: { MODEL_DIR: `/opt/model/${MODEL}` },
    }),
    sumMetric: async ({ name }) => sums.get(name) ?? 0,
    billedDurations: async () => billed,
    ...changes,
  };
}

async function leftIn(stack: LocalStack): Promise<number> {
  let left = 0;
  for (const Bucket of [UPLOADS_BUCKET, RESULTS_BUCKET]) {
    const { Versions = [], DeleteMarkers = [] } = await stack.client.send(
      new ListObjectVersionsCommand({ Bucket }),
    );
    left += Versions.length + DeleteMarkers.length;
  }
  return left;
}

test("a stack that works passes every check, is measured, and is left as it was", LIMIT, async (t) => {
  const stack = await startLocalStack(t);
  const steps: string[] = [];
  const done: number[] = [];
  const report = await verify(cloudOf(stack), stack.client, {
    stack: "any",
    timeoutMs: 30_000,
    patience: QUICK,
    settleMs: 200,
    bench: 40,
    onStep: (step) => steps.push(step),
    onImage: (count) => done.push(count),
  });
  assert.deepEqual(
    report.checks.filter(({ ok }) => !ok),
    [],
  );
  assert.deepEqual([steps.at(0), steps.at(-1), done.at(-1)], ["reading the stack", "cleaning up", 40]);
  assert.deepEqual(
    report.checks.map(({ name }) => name),
    ["version", "images", "broken image", "overwritten image", "metrics", "queues", "alarms"],
  );
  assert.ok(
    report.images.every(({ latencyMs, document }) => latencyMs > 0 && document?.status === "classified"),
  );
  const { bench } = report;
  assert.ok(bench !== undefined);
  assert.deepEqual([bench.images, bench.withoutResult], [40, 0]);
  assert.ok(bench.imagesPerSecond > 0 && bench.latencyMs.p50 <= bench.latencyMs.p99);
  assert.ok(bench.invocations > 0 && bench.billedMs > 0);
  const { total, ...parts } = bench.perMillionImages;
  const sum = Object.values(parts).reduce((all, part) => all + part, 0);
  assert.ok(Math.abs(total - sum) < 1e-9 && parts.compute > 0 && parts.s3 > 5);
  assert.equal(await leftIn(stack), 0);
  const text = renderReport(report);
  assert.match(text, /barcode-1\.png[^\n]*barcode[^\n]*%/);
  assert.match(text, /ok {5} overwritten image/);
  assert.match(text, /A million images: \$\d/);
});

test("a stack whose results are annotations passes too", LIMIT, async (t) => {
  const stack = await startLocalStack(t, { RESULTS_AS: "annotation" });
  const parameters = { ModelName: MODEL, ResultsAs: "annotation" };
  const environment = { MODEL_DIR: `/opt/model/${MODEL}`, ANNOTATION_NAME: "classification" };
  const cloud = cloudOf(stack, {
    describeStack: async () => ({ outputs: OUTPUTS, parameters, alarmNames: ["age"] }),
    functionState: async () => ({
      liveVersion: "7",
      otherVersions: [],
      newestVersion: "7",
      memoryMb: 1769,
      environment,
    }),
  });
  const report = await verify(cloud, stack.client, {
    stack: "any",
    timeoutMs: 30_000,
    patience: QUICK,
    settleMs: 100,
    bench: 0,
    onStep: () => {},
    onImage: () => {},
  });
  assert.deepEqual(
    report.checks.filter(({ ok }) => !ok),
    [],
  );
  assert.equal(await leftIn(stack), 0);
});

test("a function that gives no results fails the images, and is cleaned up after", LIMIT, async (t) => {
  const stack = await startLocalStack(t);
  stack.setConcurrency(0);
  const report = await verify(cloudOf(stack), stack.client, {
    stack: "any",
    timeoutMs: 300,
    patience: { timeoutMs: 50, pollMs: 20 },
    settleMs: 10,
    bench: 10_000,
    onStep: () => {},
    onImage: () => {},
  });
  assert.deepEqual(
    report.checks.filter(({ ok }) => !ok).map(({ name }) => name),
    ["images", "broken image", "overwritten image", "metrics"],
  );
  assert.match(
    report.checks.find(({ name }) => name === "images")?.detail ?? "",
    /^none of 14 has a result in time; the function's log is classifier-logs$/,
  );
  assert.equal(report.bench, undefined, "nothing is pushed into a stack that classifies nothing");
  assert.match(renderReport(report), /no result/);
  assert.equal(await leftIn(stack), 0);
});

test(
  "an interruption begins nothing more, and what was uploaded is removed with its results",
  LIMIT,
  async (t) => {
    const stack = await startLocalStack(t);
    const interruption = new Interruption();
    let uploads = 0;
    stack.events.on("upload", () => uploads++);
    const run = verify(cloudOf(stack), stack.client, {
      stack: "any",
      timeoutMs: 60_000,
      patience: QUICK,
      settleMs: 10,
      bench: 10_000,
      interruption,
      onStep: () => {},
      onImage: (done) => done === 5 && interruption.request(),
    });
    await assert.rejects(run, { name: "Interrupted" });
    assert.ok(uploads < 200, `${uploads} uploads`);
    assert.deepEqual(await Promise.all([leftIn(stack), stack.queueCounts().waiting]), [0, 0]);
  },
);

test("an interruption ends a wait for a result that does not come", LIMIT, async (t) => {
  const stack = await startLocalStack(t);
  stack.setConcurrency(0);
  const interruption = new Interruption();
  const run = verify(cloudOf(stack), stack.client, {
    stack: "any",
    timeoutMs: 600_000,
    patience: { timeoutMs: 600_000, pollMs: 20 },
    settleMs: 10,
    bench: 0,
    interruption,
    onStep: (step) => step.startsWith("classifying") && interruption.request(300),
    onImage: () => {},
  });
  await assert.rejects(run, { name: "Interrupted" });
  assert.equal(await leftIn(stack), 0);
});

test("a stack that is another project's is refused with what it lacks", async (t) => {
  const stack = await startLocalStack(t);
  const { FunctionAlias: _, ...outputs } = OUTPUTS;
  const cloud = cloudOf(stack, { describeStack: async () => ({ outputs, parameters: {}, alarmNames: [] }) });
  const options = {
    stack: "other",
    timeoutMs: 1,
    patience: QUICK,
    settleMs: 0,
    bench: 0,
    onStep: () => {},
    onImage: () => {},
  };
  await assert.rejects(
    verify(cloud, stack.client, options),
    /The stack other has no output FunctionAlias; its outputs are: Uploads/,
  );
  assert.equal(ALIAS_ARN.split(":").at(-1), "live");
});
