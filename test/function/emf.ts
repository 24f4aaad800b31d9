import assert from "node:assert/strict";
import { Ajv } from "ajv";
import {
  DIMENSIONS,
  LABEL_DIMENSION,
  LABEL_METRIC,
  METRICS,
  NAMESPACE,
  VERSION_DIMENSION,
  VERSION_METRICS,
} from "../../src/function/metrics.ts";
import type { EmfDocument } from "../../src/local/lambda/events.ts";
import schema from "./emf.schema.json" with { type: "json" };

const ajv = new Ajv({ allErrors: true });
const validate = ajv.compile<EmfDocument>(schema);

const DAY_MS = 86_400_000;
const MAX_EVENT_BYTES = 2 ** 20;

/**
 * Asserts that CloudWatch takes a line's metrics: AWS's JSON schema, and the rules of the specification that it leaves
 * open (targets exist, 100 metrics and 100 values, storage resolution, age, size).
 */
export function assertValidEmf(line: string): EmfDocument {
  assert.ok(Buffer.byteLength(line) <= MAX_EVENT_BYTES);
  const document: unknown = JSON.parse(line);
  if (!validate(document)) throw new assert.AssertionError({ message: ajv.errorsText(validate.errors) });
  const { Timestamp, CloudWatchMetrics } = document._aws;
  const ageMs = Date.now() - Timestamp;
  assert.ok(ageMs < 14 * DAY_MS && ageMs > -2 * 3_600_000, `${ageMs} ms old`);
  for (const { Dimensions, Metrics } of CloudWatchMetrics) {
    for (const name of Dimensions.flat()) {
      const value = document[name];
      assert.ok(typeof value === "string" && /^[\x20-\x7e]{1,1024}$/.test(value), `dimension ${name}`);
    }
    assert.ok(Metrics.length >= 1 && Metrics.length <= 100);
    for (const { Name, StorageResolution } of Metrics) {
      assert.ok(
        StorageResolution === undefined || [1, 60].includes(StorageResolution),
        `resolution of ${Name}`,
      );
      const values = [document[Name]].flat();
      assert.ok(values.length >= 1 && values.length <= 100, `${values.length} values of ${Name}`);
      assert.ok(values.every(Number.isFinite), `values of ${Name}`);
    }
  }
  return document;
}

/**
 * Asserts besides that the metrics are ours: namespace, names and units as in `metrics.ts`, all with one set of dimensions,
 * those that judge a version with its number too, and the count of a label with that.
 */
export function assertOurEmf(line: string): EmfDocument {
  const document = assertValidEmf(line);
  for (const { Namespace, Dimensions, Metrics } of document._aws.CloudWatchMetrics) {
    assert.equal(Namespace, NAMESPACE);
    const [set = [], ...others] = Dimensions;
    const isOfVersion = set.includes(VERSION_DIMENSION);
    const isOfLabel = set.includes(LABEL_DIMENSION);
    const further = isOfVersion ? [VERSION_DIMENSION] : isOfLabel ? [LABEL_DIMENSION] : [];
    assert.deepEqual(others, []);
    assert.deepEqual([...set].sort(), [...DIMENSIONS, ...further].sort());
    if (isOfVersion) assert.deepEqual(Metrics.map(({ Name }) => Name).sort(), [...VERSION_METRICS].sort());
    assert.equal(
      Metrics.some(({ Name }) => Name === LABEL_METRIC),
      isOfLabel,
    );
    for (const { Name, Unit } of Metrics) assert.equal(Unit, METRICS[Name as keyof typeof METRICS], Name);
  }
  return document;
}

/** All values of a metric in some documents. */
export function valuesOf(documents: readonly EmfDocument[], name: keyof typeof METRICS): number[] {
  return documents.flatMap((document) =>
    document[name] === undefined ? [] : [document[name]].flat(),
  ) as number[];
}
