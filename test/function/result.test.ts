import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv } from "ajv";
import { ClassifierError, ERRORS } from "../../src/function/errors.ts";
import schema from "../../src/function/result.schema.json" with { type: "json" };
import { classifiedResult, rejectedResult } from "../../src/function/result.ts";
import { PROJECT_DIR } from "./harness.ts";

const ajv = new Ajv({ allErrors: true, strict: true, strictRequired: false });
const validate = ajv.compile(schema);

const ORIGIN = {
  model: { name: "tiny", sha256: "ab".repeat(32), fingerprint: "1".repeat(64) },
  requestId: "request-1",
};
const SOURCE = {
  bucket: "uploads",
  key: "a b/ü.jpg",
  versionId: "v1",
  eTag: "e",
  sequencer: "0A1F",
  sizeBytes: 12,
};
const CLASSIFICATION = {
  image: { format: "jpeg", width: 640, height: 480 },
  predictions: [{ label: "photo", index: 5, score: 0.98 }],
  timingsMs: { fetch: 1.23456, decode: 2, normalize: 0.0004, infer: 3, rank: 0 },
} as const;

const classified = () => classifiedResult(ORIGIN, SOURCE, CLASSIFICATION);
const rejected = () =>
  rejectedResult(ORIGIN, { bucket: "b", key: "k" }, new ClassifierError("OBJECT_EMPTY", "0 bytes"));

test("a classified and a rejected result are what the JSON schema describes", () => {
  for (const result of [classified(), rejected()]) {
    assert.equal(validate(JSON.parse(JSON.stringify(result))), true, ajv.errorsText(validate.errors));
  }
});

test("the schema refuses what is neither: a wrong status, a missing part, parts of both, a wrong hash", () => {
  const good = classified();
  const { predictions: _, ...withoutPredictions } = good;
  const wrong = [
    { ...good, status: "failed" },
    withoutPredictions,
    { ...good, error: { code: "INVALID_IMAGE", message: "m" } },
    { ...rejected(), predictions: good.predictions },
    { ...good, model: { name: "m", sha256: "short" } },
    { ...good, schemaVersion: 2 },
    { ...rejected(), error: { code: "FETCH_FAILED", message: "a retryable code is no result" } },
  ];
  for (const result of wrong) assert.equal(validate(result), false, JSON.stringify(result));
});

test("the schema lists the codes of rejections: the permanent ones of an upload that could be named", () => {
  const permanent = Object.entries(ERRORS).filter(
    ([, { retryable, stage }]) => !retryable && stage !== "trigger",
  );
  assert.deepEqual(
    schema.properties.error.properties.code.enum,
    permanent.map(([code]) => code),
  );
});

test("stage times are rounded to microseconds", () => {
  assert.deepEqual(classified().timingsMs, { fetch: 1.235, decode: 2, normalize: 0, infer: 3, rank: 0 });
});

test("a result names its source, model, request and time", () => {
  const { source, model, requestId, classifiedAt, schemaVersion } = rejected();
  assert.deepEqual(
    { source, model, requestId, schemaVersion },
    {
      ...ORIGIN,
      source: { bucket: "b", key: "k" },
      schemaVersion: 1,
    },
  );
  assert.equal(new Date(classifiedAt).toISOString(), classifiedAt);
});

test("the documentation links the schema", () => {
  const text = readFileSync(join(PROJECT_DIR, "docs/configuration.md"), "utf8");
  assert.ok(text.includes("src/function/result.schema.json"));
});
