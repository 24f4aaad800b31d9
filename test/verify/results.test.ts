import assert from "node:assert/strict";
import { test } from "node:test";
import { PutObjectAnnotationCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { Cloud } from "../../src/verify/cloud.ts";
import { findDeployment } from "../../src/verify/deployment.ts";
import { readResult } from "../../src/verify/results.ts";
import { startEndpoint } from "../local/s3/harness.ts";
import { OUTPUTS } from "./stack.ts";

const RESULT = { status: "classified", predictions: [{ label: "photo", score: 1 }] };

test("a result is read from its object, and is not there before it is", async (t) => {
  const { client } = await startEndpoint(t, { buckets: ["uploads", "results"] });
  const place = { s3: client, uploadsBucket: "uploads", resultsBucket: "results", annotationName: undefined };
  assert.equal(await readResult(place, "k.jpg"), undefined);
  const Body = JSON.stringify(RESULT);
  await client.send(new PutObjectCommand({ Bucket: "results", Key: "k.jpg.json", Body }));
  assert.deepEqual(await readResult(place, "k.jpg"), RESULT);
  await assert.rejects(readResult({ ...place, resultsBucket: "none" }, "k.jpg"), { name: "NoSuchBucket" });
});

test("a result is read from the annotation of its upload, and is not there before it is", async (t) => {
  const { client } = await startEndpoint(t, { buckets: ["uploads"] });
  const place = {
    s3: client,
    uploadsBucket: "uploads",
    resultsBucket: "none",
    annotationName: "classification",
  };
  assert.equal(await readResult(place, "k.jpg"), undefined);
  const where = { Bucket: "uploads", Key: "k.jpg" };
  await client.send(new PutObjectCommand({ ...where, Body: "image" }));
  assert.equal(await readResult(place, "k.jpg"), undefined);
  const AnnotationPayload = JSON.stringify(RESULT);
  await client.send(
    new PutObjectAnnotationCommand({ ...where, AnnotationName: "classification", AnnotationPayload }),
  );
  assert.deepEqual(await readResult(place, "k.jpg"), RESULT);
});

test("where results are follows from the stack, and lines, which cannot be waited for, are refused", async () => {
  const find = (parameters: Readonly<Record<string, string>>) =>
    findDeployment(
      {
        describeStack: async () => ({ outputs: OUTPUTS, parameters, alarmNames: [] }),
        queueUrl: async () => "url",
        functionState: async () => ({ environment: { ANNOTATION_NAME: "classification" } }),
      } as unknown as Cloud,
      "stack",
    );
  assert.equal((await find({})).annotationName, undefined);
  assert.equal((await find({ ResultsAs: "object" })).annotationName, undefined);
  assert.equal((await find({ ResultsAs: "annotation+lines" })).annotationName, "classification");
  await assert.rejects(find({ ResultsAs: "lines" }), /ResultsAs=lines.*object or annotation/);
});
