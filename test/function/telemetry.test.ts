import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { LABEL_METRIC, MAX_COUNTED_LABELS, METRICS } from "../../src/function/metrics.ts";
import type { Outcome } from "../../src/function/outcome.ts";
import { createMetrics, publishOutcomes, recordColdStart } from "../../src/function/telemetry.ts";
import { assertOurEmf, assertValidEmf, valuesOf } from "./emf.ts";
import { done } from "./triggers/done.ts";

/** Lines of JSON that are written to stdout meanwhile; other writes, those of the test runner, pass. */
function captureLines(t: TestContext): string[] {
  const lines: string[] = [];
  const write = process.stdout.write.bind(process.stdout) as (...args: unknown[]) => boolean;
  t.mock.method(process.stdout, "write", (...args: unknown[]) => {
    const [text] = args;
    if (typeof text !== "string" || !text.startsWith("{")) return write(...args);
    lines.push(...text.trimEnd().split("\n"));
    return true;
  });
  return lines;
}

function classified(): Outcome {
  const { outcome } = done("0", "classified");
  assert.equal(outcome.status, "classified");
  const timingsMs = { fetch: 1.5, decode: 2, normalize: 0.1, infer: 3.25, rank: 0.01 };
  const measured = { durationMs: 8, publishMs: 1, timingsMs, pixels: 480, bytes: 1234 };
  return { ...outcome, measured } as Outcome;
}

const CONTEXT = { service: "s", requestId: "r", version: "7", labelCount: 7 };
const asDone = (outcome: Outcome) => ({ id: "0", outcome });

function flushed(t: TestContext, outcomes: readonly Outcome[], coldStart = false, context = CONTEXT) {
  const lines = captureLines(t);
  const metrics = createMetrics("my-service", "my-model");
  if (coldStart) recordColdStart(metrics, 81.23456);
  publishOutcomes(metrics, context, outcomes.map(asDone));
  t.mock.restoreAll();
  return lines.filter((line) => line.includes("_aws")).map(assertOurEmf);
}

test("a cold start with a classified picture emits every metric there is, in one valid line, its label in another", (t) => {
  const [document, ofLabel, ...others] = flushed(t, [classified()], true);
  assert.equal(others.length, 0);
  const [all, ofVersion, ...more] = document?._aws.CloudWatchMetrics ?? [];
  assert.deepEqual(
    all?.Metrics.map(({ Name }) => Name).sort(),
    Object.keys(METRICS)
      .filter((name) => name !== LABEL_METRIC)
      .sort(),
  );
  assert.deepEqual(ofLabel?.[LABEL_METRIC], 1);
  assert.deepEqual(ofVersion?.Dimensions, [["service", "model", "version"]]);
  assert.deepEqual(more, []);
  assert.deepEqual([document?.service, document?.model, document?.version], ["my-service", "my-model", "7"]);
  assert.equal([document?.ModelLoadDuration].flat()[0], 81.235);
});

test("labels are counted, of a model with few; a label that CloudWatch would drop is made one that it takes", (t) => {
  const labelled = (label: string): Outcome => {
    const outcome = classified();
    assert.equal(outcome.status, "classified");
    return {
      ...outcome,
      result: { ...outcome.result, predictions: [{ label, index: 0, score: 0.5 }] },
    } as Outcome;
  };
  const outcomes = [labelled("photo"), labelled("icon"), labelled("photo"), labelled("犬 dog")];
  const counts = (labelCount: number) =>
    flushed(t, outcomes, false, { ...CONTEXT, labelCount }).flatMap((document) =>
      document.label === undefined ? [] : [[document.label, document[LABEL_METRIC], document.model]],
    );
  assert.deepEqual(counts(MAX_COUNTED_LABELS), [
    ["photo", 2, "my-model"],
    ["icon", 1, "my-model"],
    ["? dog", 1, "my-model"],
  ]);
  assert.deepEqual(counts(MAX_COUNTED_LABELS + 1), []);
});

test("counts are one value an invocation, zeros too; durations one a picture that has them", (t) => {
  const ends = ["INVALID_IMAGE", "INVALID_EVENT", "FETCH_FAILED", "superseded"] as const;
  const documents = flushed(t, [classified(), classified(), ...ends.map((end) => done("0", end).outcome)]);
  const expected = {
    BatchSize: 5,
    ImagesClassified: 2,
    ImagesRejected: 1,
    EntriesUnreadable: 1,
    ImagesFailed: 1,
    ImagesSuperseded: 1,
  };
  for (const [name, value] of Object.entries(expected)) {
    assert.deepEqual(valuesOf(documents, name as keyof typeof METRICS), [value], name);
  }
  assert.equal(valuesOf(documents, "InferDuration").length, 2);
  assert.equal(valuesOf(documents, "ImageDuration").length, 3);
  assert.deepEqual(valuesOf(flushed(t, []), "ImagesFailed"), [0]);
});

test("the same outcome twice counts twice and is measured once", (t) => {
  const outcome = classified();
  const documents = flushed(t, [outcome, outcome]);
  assert.deepEqual(valuesOf(documents, "ImagesClassified"), [2]);
  assert.equal(valuesOf(documents, "ImageDuration").length, 1);
});

test("250 pictures of one invocation are several valid lines, none without its dimensions, no value lost", (t) => {
  const documents = flushed(t, Array.from({ length: 250 }, classified));
  assert.ok(documents.length > 1);
  assert.equal(valuesOf(documents, "InferDuration").length, 250);
  assert.equal(
    valuesOf(documents, "ImagePixels").reduce((sum, pixels) => sum + pixels, 0),
    250 * 480,
  );
  assert.deepEqual(valuesOf(documents, "BatchSize"), [250]);
  // The counts that judge the version are in the one line that names it.
  assert.deepEqual(
    documents.filter(({ version }) => version !== undefined).map(({ BatchSize }) => BatchSize),
    [250],
  );
});

test("each rejected or failed picture is one line of JSON with its code, on stdout", (t) => {
  const lines = captureLines(t);
  const ends = ["classified", "superseded", "INVALID_IMAGE", "FETCH_FAILED", "INVALID_EVENT"] as const;
  publishOutcomes(
    createMetrics("s", "m"),
    CONTEXT,
    ends.map((end) => done("0", end, "two\nlines")),
  );
  t.mock.restoreAll();
  const parsed = lines.map((line) => JSON.parse(line)).filter(({ _aws }) => _aws === undefined);
  assert.deepEqual(
    parsed.map(({ level, code, retryable, key, requestId }) => [level, code, retryable, key, requestId]),
    [
      ["WARN", "INVALID_IMAGE", false, "k", "r"],
      ["ERROR", "FETCH_FAILED", true, "k", "r"],
      ["WARN", "INVALID_EVENT", false, undefined, "r"],
    ],
  );
});

/** A valid line, spoilt. */
const SPOILT: Record<string, (document: Record<string, unknown>) => void> = {
  "without its time": (document) => delete (document._aws as { Timestamp?: number }).Timestamp,
  "15 days old": (document) =>
    Object.assign(document._aws ?? {}, { Timestamp: Date.now() - 15 * 86_400_000 }),
  "whose metric is nowhere": (document) => delete document.BatchSize,
  "whose dimension is nowhere": (document) => delete document.model,
  "with 101 values": (document) => Object.assign(document, { BatchSize: Array(101).fill(1) }),
  "with a value that is text": (document) => Object.assign(document, { BatchSize: "1" }),
};

for (const [what, spoil] of Object.entries(SPOILT)) {
  test(`the check of these tests refuses a line ${what}`, (t) => {
    const [document] = flushed(t, [classified()]);
    const spoilt = structuredClone(document) as unknown as Record<string, unknown>;
    spoil(spoilt);
    assert.throws(() => assertValidEmf(JSON.stringify(spoilt)), assert.AssertionError);
  });
}
