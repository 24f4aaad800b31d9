import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { lineThrough } from "../../src/measure/cost/measure.ts";
import { metricQueries, readMetrics } from "../../src/measure/cost/metrics-file.ts";
import {
  type Assumptions,
  computeDollars,
  dollarsPerMillion,
  invocationMs,
  REQUESTS,
  type Work,
} from "../../src/measure/cost/model.ts";
import { PRICES } from "../../src/measure/cost/prices.ts";
import { best, settingOf, sweep } from "../../src/measure/cost/sweep.ts";
import { assertMeasured } from "./assert-measured.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

const WORK: Work = {
  cpuFixedMs: 2,
  cpuPerPictureMs: 6,
  mainFixedMs: 1,
  mainPerPictureMs: 4,
  initMs: 200,
  peakMemoryMb: 150,
  logBytes: { fixed: 0, perPicture: 500 },
  requests: REQUESTS.object,
  resultBytesPerPicture: 0,
};
const ASSUMPTIONS: Assumptions = {
  s3RequestMs: 0,
  imagesInFlight: 3,
  coldStartShare: 0.01,
  cpuRatio: { arm64: 1, x86: 1 },
};
const NOTHING = {
  initMs: 0,
  coldStartShare: 0,
  logBytes: { fixed: 0, perPicture: 0 },
  requests: REQUESTS.object,
  resultBytesPerPicture: 0,
};

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-9 * Math.max(1, expected), `${actual} is not ${expected}`);
}

test("a second of 1024 MB costs the price of a GB-second", () => {
  near(computeDollars(PRICES, "arm64", 1024, 1000), 0.0000133334);
  near(computeDollars(PRICES, "x86", 2048, 500), 0.0000166667);
});

test("a started millisecond is paid whole", () => {
  near(computeDollars(PRICES, "arm64", 1024, 10.1), computeDollars(PRICES, "arm64", 1024, 11));
});

test("a million pictures in batches of 10 are 100,000 invocations, a million messages and two million S3 requests", () => {
  const dollars = dollarsPerMillion(PRICES, "arm64", 1024, 10, 100, NOTHING);
  near(dollars.compute, 100_000 * 0.1 * 0.0000133334);
  near(dollars.requests, 0.02);
  near(dollars.sqs, 1.2 * 0.4);
  near(dollars.s3, 0.4 + 5);
  near(dollars.total, 0.133334 + 0.02 + 0.48 + 5.4);
});

test("SQS receives and deletes at most ten messages a request, so larger batches save no more there", () => {
  const sqs = (batch: number) => dollarsPerMillion(PRICES, "arm64", 1024, batch, 100, NOTHING).sqs;
  near(sqs(1), 3 * 0.4);
  near(sqs(100), sqs(10));
});

test("each way's requests are paid: a PUT an image, or one an invocation", () => {
  const s3 = (way: keyof typeof REQUESTS, batch: number) =>
    dollarsPerMillion(PRICES, "arm64", 1024, batch, 100, { ...NOTHING, requests: REQUESTS[way] }).s3;
  near(s3("object", 100), 5.4);
  near(s3("annotation", 100), 5.4);
  near(s3("lines", 1), 5.4);
  near(s3("lines", 100), 0.4 + 0.05);
  near(s3("annotation+lines", 100), 5.4 + 0.05);
});

test("lines in batches of 100 stay within $2.00 a million and objects within $6.25, with what was measured", () => {
  // Of `npm run cost` on 26 November 2026, rounded up.
  const work: Work = {
    ...WORK,
    cpuPerPictureMs: 11,
    logBytes: { fixed: 2500, perPicture: 90 },
    resultBytesPerPicture: 1000,
  };
  const assumptions = { ...ASSUMPTIONS, s3RequestMs: 30, imagesInFlight: 16 };
  const total = (way: keyof typeof REQUESTS, batch: number) =>
    settingOf({ ...work, requests: REQUESTS[way] }, assumptions, PRICES, "arm64", 1769, batch).dollars.total;
  assert.ok(total("lines", 100) <= 2, `${total("lines", 100)}`);
  assert.ok(total("object", 100) <= 6.25, `${total("object", 100)}`);
});

test("every price has a source and a date", () => {
  for (const [name, group] of Object.entries(PRICES)) {
    if (typeof group !== "object") continue;
    assert.match(group.source, /^https:/, name);
    assert.match(group.date, /^2026-\d\d-\d\d$/, name);
    assert.equal(typeof group.checked, "boolean", name);
  }
});

test("cold starts and log bytes are paid", () => {
  const extra = { ...NOTHING, initMs: 200, coldStartShare: 0.01, logBytes: { fixed: 1000, perPicture: 0 } };
  const dollars = dollarsPerMillion(PRICES, "arm64", 1024, 1, 100, extra);
  near(dollars.coldStarts, 10_000 * 0.2 * 0.0000133334);
  near(dollars.logs, 0.5);
});

test("one vCPU is bound by all CPU work, two by the main thread, and half a vCPU takes twice as long", () => {
  const at = (memoryMb: number) => invocationMs(WORK, ASSUMPTIONS, "arm64", memoryMb, 10);
  assert.deepEqual(at(1769), { ms: 62, boundBy: "CPU" });
  assert.deepEqual(at(2 * 1769), { ms: 41, boundBy: "main thread" });
  assert.deepEqual(at(1769 / 2), { ms: 124, boundBy: "CPU" });
});

test("slow S3 bounds a batch by its lanes' turns", () => {
  const slow = invocationMs(WORK, { ...ASSUMPTIONS, s3RequestMs: 50 }, "arm64", 1769, 10);
  assert.deepEqual(slow, { ms: 2 + 4 * (100 + 6), boundBy: "waiting for S3" });
});

test("a slower CPU takes longer in proportion", () => {
  const cpuRatio = { arm64: 1.5, x86: 1 };
  assert.equal(invocationMs(WORK, { ...ASSUMPTIONS, cpuRatio }, "arm64", 1769, 10).ms, 93);
});

test("the sweep leaves out memory that the function does not fit in", () => {
  const settings = sweep({ ...WORK, peakMemoryMb: 600 }, ASSUMPTIONS, PRICES, "arm64");
  assert.equal(Math.min(...settings.map(({ memoryMb }) => memoryMb)), 768);
});

test("of settings within 1% of the best the one with the least memory is taken", () => {
  const settings = [512, 1024].map((memoryMb) => settingOf(WORK, ASSUMPTIONS, PRICES, "arm64", memoryMb, 10));
  assert.equal(best(settings, ({ memoryMb }) => (memoryMb === 512 ? 1.009 : 1)).memoryMb, 512);
  assert.equal(best(settings, ({ memoryMb }) => (memoryMb === 512 ? 1.011 : 1)).memoryMb, 1024);
});

test("the line through two batch sizes never has a negative fixed part", () => {
  assert.deepEqual(
    lineThrough([
      [1, 8],
      [10, 62],
    ]),
    { fixed: 2, perPicture: 6 },
  );
  assert.deepEqual(
    lineThrough([
      [1, 5],
      [10, 60],
    ]),
    { fixed: 0, perPicture: 6 },
  );
});

test("the published price is the published throughput on the published instance", () => {
  const { instancePerHour, picturesPerSecond, perMillionPictures } = PRICES.published;
  const dollars = (1e6 / picturesPerSecond / 3600) * instancePerHour;
  assert.ok(Math.abs(dollars - perMillionPictures) < 0.02, `${dollars}`);
});

test("the template's prices are those of the cost model", async () => {
  const { readTemplate } = await import("../../src/local/template.ts");
  const template = (await readTemplate()) as { Parameters: Record<string, { Default: number }> };
  const given = (name: string) => Number(template.Parameters[name]?.Default);
  near(given("PricePerMillionGbSeconds") / 1e6, PRICES.lambda.arm64PerGbSecond);
  near(given("PricePerMillionInvocations"), PRICES.lambda.perMillionRequests);
  near(given("PricePerMillionS3Gets"), PRICES.s3.perThousandGets * 1000);
  near(given("PricePerMillionS3Puts"), PRICES.s3.perThousandPuts * 1000);
  near(given("PricePerMillionSqsRequests"), PRICES.sqs.perMillionRequests);
});

test("a metrics file lacking a query is refused by its id", () => {
  assert.throws(() => readMetrics('{"MetricDataResults": []}'), /Id invocations, found none/);
  assert.throws(() => readMetrics("{}"), /MetricDataResults/);
});

test("--metrics prices what the deployed function did, and the queries ask for all of it", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "cost-test-"));
  t.after(() => rm(dir, { recursive: true }));
  const values = { invocations: [60, 40], duration: [6000, 4000], pictures: [500, 500] };
  const ids = metricQueries("f", "s", "m").map((query) => (query as { Id: string }).Id);
  assert.deepEqual(ids, Object.keys(values));
  const results = Object.entries(values).map(([Id, Values]) => ({ Id, Label: Id, Timestamps: [], Values }));
  await writeFile(join(dir, "metrics.json"), JSON.stringify({ MetricDataResults: results }));
  const args = ["src/measure/cost.ts", "--metrics", join(dir, "metrics.json"), "--memory", "1024", "--json"];
  const { stdout } = await run(process.execPath, args, { cwd: ROOT });
  const { basis, deployed } = JSON.parse(stdout) as {
    basis: string;
    deployed: { batch: number; msPerPicture: number; dollars: { compute: number } }[];
  };
  assert.equal(basis, "metrics of the deployed function");
  assert.equal(deployed[0]?.batch, 10);
  assert.equal(deployed[0]?.msPerPicture, 10);
  near(deployed[0]?.dollars.compute ?? 0, 100_000 * 0.1 * 0.0000133334);
});

test("an unreadable metrics file ends with 1 and one line", async () => {
  await assert.rejects(
    run(process.execPath, ["src/measure/cost.ts", "--metrics", "/nowhere.json"], { cwd: ROOT }),
    (error: { code: number; stderr: string }) => error.code === 1 && /^cost: ENOENT.*\n$/.test(error.stderr),
  );
});

test("the real function is measured on batches of 1 and 10, and makes the requests of lines", () =>
  assertMeasured("lines"));
