import assert from "node:assert/strict";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  type S3Client,
} from "@aws-sdk/client-s3";
import { createLocalClient } from "../../src/local/s3/client.ts";
import { type Layout, startFunction } from "../../src/measure/deployed/environment.ts";

/** What one event brought about. */
export interface Effect {
  readonly response: unknown;
  /** The result documents that it published, by key. */
  readonly results: Readonly<Record<string, unknown>>;
}

export interface Run {
  readonly effects: ReadonlyMap<string, Effect>;
  /** Every metric that was emitted: name → its dimensions. */
  readonly metrics: ReadonlyMap<string, readonly (readonly string[])[]>;
  readonly log: readonly string[];
}

const RESULTS_BUCKET = "results";

/**
 * Gives a function that is started afresh one event after another. Between two events the results bucket is emptied, so
 * that each event's effect is its own.
 *
 * @param s3Url a local S3 endpoint that has the pictures and an empty bucket `results`
 */
export async function runEvents(
  layout: Layout,
  s3Url: string,
  events: ReadonlyMap<string, unknown>,
): Promise<Run> {
  const client = createLocalClient(s3Url);
  const running = await startFunction({
    ...layout,
    environment: {
      ...layout.environment,
      RESULTS_BUCKET,
      AWS_ENDPOINT_URL_S3: s3Url,
      S3_FORCE_PATH_STYLE: "true",
    },
  });
  try {
    const effects = new Map<string, Effect>();
    for (const [name, event] of events) {
      const response = await running.invoke(event);
      effects.set(name, { response, results: await takeResults(client) });
    }
    const metrics = new Map<string, readonly (readonly string[])[]>();
    for (const { _aws } of running.emf) {
      for (const { Dimensions, Metrics } of _aws.CloudWatchMetrics) {
        for (const { Name } of Metrics) metrics.set(Name, Dimensions);
      }
    }
    return { effects, metrics, log: running.log };
  } finally {
    running.close();
    client.destroy();
  }
}

/** All result documents, which are deleted. */
async function takeResults(client: S3Client): Promise<Record<string, unknown>> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: RESULTS_BUCKET }));
  const results: Record<string, unknown> = {};
  for (const { Key } of Contents) {
    const address = { Bucket: RESULTS_BUCKET, Key };
    const { Body } = await client.send(new GetObjectCommand(address));
    results[String(Key)] = JSON.parse((await Body?.transformToString()) ?? "null");
    await client.send(new DeleteObjectCommand(address));
  }
  return results;
}

/** Members that tell when and how fast, not what. */
const INCIDENTAL = new Set(["classifiedAt", "requestId", "timingsMs"]);

/**
 * Asserts that two effects are the same but for times and request ids, with the same label first in each list of
 * predictions and scores within `tolerance`. Scores differ a little since each CPU decodes and resizes in an order of its
 * own, and one step of one quantised pixel can move a quantised logit; labels behind the first may then change places.
 */
export function assertSameEffect(actual: unknown, expected: unknown, tolerance: number, path = ""): void {
  if (typeof actual !== "object" || typeof expected !== "object" || actual === null || expected === null) {
    assert.deepEqual(actual, expected, path);
    return;
  }
  const [left, right] = [members(actual), members(expected)];
  assert.deepEqual(Object.keys(left).sort(), Object.keys(right).sort(), path);
  for (const [name, value] of Object.entries(left)) {
    const at = `${path}/${name}`;
    if (name === "predictions") assertSamePredictions(value, right[name], tolerance, at);
    else assertSameEffect(value, right[name], tolerance, at);
  }
}

function members(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !INCIDENTAL.has(name)));
}

interface Prediction {
  readonly label: string;
  readonly score: number;
}

function assertSamePredictions(actual: unknown, expected: unknown, tolerance: number, path: string): void {
  const [left, right] = [actual as Prediction[], expected as Prediction[]];
  assert.equal(left.length, right.length, path);
  assert.equal(left[0]?.label, right[0]?.label, `${path}/0/label`);
  for (const [index, { score }] of left.entries()) {
    const wanted = Number(right[index]?.score);
    assert.ok(
      Math.abs(score - wanted) <= tolerance,
      `${path}/${index}: ${score}, expected ${wanted} ± ${tolerance}`,
    );
  }
}
