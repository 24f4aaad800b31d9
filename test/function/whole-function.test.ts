import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { DeleteObjectCommand, PutObjectTaggingCommand } from "@aws-sdk/client-s3";
import type { Result } from "../../src/function/result.ts";
import {
  fixture,
  PROJECT_DIR,
  type RunningFunction,
  sqsEvent,
  startFunction,
  triageModel,
} from "./harness.ts";

const GOOD = [
  "photo-1.jpg",
  "photo-2.jpg",
  "document-1.png",
  "chart-1.png",
  "icon-2.webp",
  "screenshot-1.png",
  "barcode-1.png",
];

test("of a batch of ten, seven are classified, two rejected with a result, and one comes back", async (t) => {
  const running = await startFunction(t);
  const { s3, metrics, log, upload, result, invoke } = running;
  const records = [];
  for (const name of GOOD) records.push(await upload(name, await fixture(name)));
  const photo = await fixture("photo-1.jpg");
  records.push(await upload("truncated.jpg", photo.subarray(0, photo.length / 2)));
  records.push(await upload("missing.jpg", photo));
  await s3.client.send(new DeleteObjectCommand({ Bucket: "uploads", Key: "missing.jpg" }));
  records.push(await upload("unlucky.jpg", photo));
  s3.setFault({
    kind: "status",
    status: 503,
    code: "SlowDown",
    operations: ["GetObject"],
    matches: (_bucket, key) => key === "unlucky.jpg",
    times: 5,
  });

  const answer = await invoke(sqsEvent(records.map((record) => ({ Records: [record] }))));

  assert.deepEqual(answer, { batchItemFailures: [{ itemIdentifier: "message-9" }] });
  for (const name of GOOD) assert.equal((await result(name))?.status, "classified", name);
  assert.equal(rejection(await result("truncated.jpg")), "INVALID_IMAGE");
  assert.equal(rejection(await result("missing.jpg")), "OBJECT_NOT_FOUND");
  assert.equal(await result("unlucky.jpg"), undefined);
  const logged = log.map(({ level, code, key }) => [level, code, key]);
  assert.deepEqual(
    logged.sort(),
    [
      ["ERROR", "FETCH_FAILED", "unlucky.jpg"],
      ["WARN", "INVALID_IMAGE", "truncated.jpg"],
      ["WARN", "OBJECT_NOT_FOUND", "missing.jpg"],
    ].sort(),
  );
  const { BatchSize, ImagesClassified, ImagesRejected, ImagesFailed, InferDuration } = metrics[0] ?? {};
  const counts = { BatchSize, ImagesClassified, ImagesRejected, ImagesFailed };
  assert.deepEqual(counts, { BatchSize: 10, ImagesClassified: 7, ImagesRejected: 2, ImagesFailed: 1 });
  assert.equal((InferDuration as number[]).length, 7);

  // SQS delivers the one again, and S3's fault ends on the way: two of five answers were left of it.
  assert.deepEqual(await invoke(sqsEvent([{ Records: [records.at(-1)] }])), { batchItemFailures: [] });
  assert.equal((await result("unlucky.jpg"))?.status, "classified");
});

test("a picture's result names the bytes, the model and the request, and its label is the right one", async (t) => {
  const { upload, result, invoke } = await startFunction(t);
  const record = await upload("photo-1.jpg", await fixture("photo-1.jpg"));
  assert.equal(await invoke({ Records: [record] }), undefined);
  const document = await result("photo-1.jpg");
  assert.equal(document?.status, "classified");
  const { bucket, key, eTag, sequencer, sizeBytes } = document?.source ?? {};
  const { name, sha256 } = await triageModel();
  assert.deepEqual(
    { bucket, key, eTag, sequencer, sizeBytes },
    {
      bucket: "uploads",
      key: "photo-1.jpg",
      eTag: record.s3.object.eTag,
      sequencer: record.s3.object.sequencer,
      sizeBytes: record.s3.object.size,
    },
  );
  const { fingerprint, ...model } = document?.model ?? {};
  assert.deepEqual(model, { name, sha256 });
  assert.match(fingerprint ?? "", /^[0-9a-f]{64}$/);
  assert.equal(document?.requestId, "request-1");
  assert.equal(bestLabel(document), "photo");
});

for (const versioning of [false, true]) {
  const where = versioning ? "a versioned bucket" : "a bucket without versions";

  /** One key, overwritten: the two notifications. */
  async function overwrite({ upload }: RunningFunction) {
    const older = await upload("a key.jpg", await fixture("photo-1.jpg"));
    const newer = await upload("a key.jpg", await fixture("document-1.png"));
    return { older: { Records: [older] }, newer: { Records: [newer] } };
  }
  const buckets = [{ name: "uploads", versioning }, "results"];

  test(`in ${where}, the newer upload's result is written once when its events come late, twice and together`, async (t) => {
    const running = await startFunction(t, {}, { buckets });
    const { older, newer } = await overwrite(running);
    const answer = await running.invoke(sqsEvent([newer, older, newer, older]));
    assert.deepEqual(answer, { batchItemFailures: [] });
    assert.equal(bestLabel(await running.result("a key.jpg")), "document");
    assert.equal(running.writes("a key.jpg"), 1);
  });

  test(`in ${where}, the newer upload's result is written once when its events come one by one`, async (t) => {
    const running = await startFunction(t, {}, { buckets });
    const { older, newer } = await overwrite(running);
    for (const event of [newer, older, newer]) {
      assert.deepEqual(await running.invoke(sqsEvent([event])), { batchItemFailures: [] });
    }
    assert.equal(bestLabel(await running.result("a key.jpg")), "document");
    assert.equal(running.writes("a key.jpg"), 1);
  });
}

test("events in order leave the newer upload's result, too", async (t) => {
  const { upload, invoke, result } = await startFunction(t);
  for (const name of ["photo-1.jpg", "document-1.png"]) {
    await invoke({ Records: [await upload("k", await fixture(name))] });
  }
  assert.equal(bestLabel(await result("k")), "document");
});

test("four environments that work on the same key at once leave the newer upload's result", async (t) => {
  const buckets = [{ name: "uploads", versioning: true }, "results"];
  const { upload, environment, result } = await startFunction(t, {}, { buckets });
  const older = await upload("k", await fixture("photo-1.jpg"));
  const newer = await upload("k", await fixture("document-1.png"));
  const answers = await Promise.all(
    [older, newer, older, newer].map(async (record) =>
      (await environment())(sqsEvent([{ Records: [record] }])),
    ),
  );
  for (const answer of answers) assert.deepEqual(answer, { batchItemFailures: [] });
  assert.equal(bestLabel(await result("k")), "document");
});

test("with no time left a batch comes back whole, with DEADLINE_NEAR and no result", async (t) => {
  const { upload, invoke, result, log } = await startFunction(t);
  const record = await upload("photo-1.jpg", await fixture("photo-1.jpg"));
  const answer = await invoke(sqsEvent([{ Records: [record] }]), 1000);
  assert.deepEqual(answer, { batchItemFailures: [{ itemIdentifier: "message-0" }] });
  assert.equal(log[0]?.code, "DEADLINE_NEAR");
  assert.equal(await result("photo-1.jpg"), undefined);
});

test("an event of the results bucket is refused, so that results have no results", async (t) => {
  const { invoke, writes } = await startFunction(t);
  await assert.rejects(invoke({ bucket: "results", key: "photo-1.jpg.json" }), { code: "INVALID_EVENT" });
  assert.equal(writes("photo-1.jpg.json"), 0);
});

test("an event of no known shape is refused with the shapes and what came", async (t) => {
  const { invoke } = await startFunction(t);
  await assert.rejects(invoke({ hello: 1 }), { code: "INVALID_EVENT", message: /SQS .* the fields: hello$/ });
});

/** Each sample event: the uploads it is about, and what the caller gets. */
const SAMPLES: Record<string, { readonly keys: readonly string[]; check(answer: unknown): void }> = {
  "s3-put.json": { keys: ["photo-1.jpg"], check: isNothing },
  "s3-put-encoded-key.json": { keys: ["my pictures/café #1.jpg"], check: isNothing },
  "s3-several-records.json": { keys: ["photo-1.jpg", "document-1.png", "chart-1.png"], check: isNothing },
  "s3-test-event.json": { keys: [], check: isNothing },
  "eventbridge.json": { keys: ["photo-1.jpg"], check: isNothing },
  "sqs-s3.json": {
    keys: ["photo-1.jpg", "barcode-1.png"],
    check: (answer) => assert.deepEqual(answer, { batchItemFailures: [] }),
  },
  "sqs-eventbridge.json": {
    keys: ["photo-1.jpg"],
    check: (answer) => assert.deepEqual(answer, { batchItemFailures: [] }),
  },
  "sqs-poison.json": {
    keys: ["icon-1.png"],
    check: (answer) =>
      assert.deepEqual(answer, {
        batchItemFailures: [{ itemIdentifier: "00000000-0000-4000-8000-000000000006" }],
      }),
  },
  "sqs-sns.json": {
    keys: ["photo-1.jpg"],
    check: (answer) => assert.deepEqual(answer, { batchItemFailures: [] }),
  },
  "sns.json": { keys: ["photo-1.jpg"], check: isNothing },
  "pipes-sqs.json": {
    keys: ["photo-1.jpg"],
    check: (answer) => assert.deepEqual(answer, { batchItemFailures: [] }),
  },
  "batch-operations-1.0.json": {
    keys: ["photo-1.jpg"],
    check: isReport("1.0", "task-1", /^photo [01]\.\d{4}$/),
  },
  "batch-operations-2.0.json": {
    keys: ["document-1.png"],
    check: isReport("2.0", "task-2", /^document [01]\.\d{4}$/),
  },
  "direct.json": {
    keys: ["photo-1.jpg"],
    check: (answer) => assert.equal(bestLabel(answer as Result), "photo"),
  },
};

test("every sample event has its test", async () => {
  const files = await readdir(join(PROJECT_DIR, "events"));
  assert.deepEqual(files.sort(), Object.keys(SAMPLES).sort());
});

for (const [file, { keys, check }] of Object.entries(SAMPLES)) {
  test(`events/${file} is answered, and each upload in it has its result`, async (t) => {
    const { upload, invoke, result, s3 } = await startFunction(t);
    for (const key of keys) {
      await upload(key, await fixture(key.endsWith("#1.jpg") ? "photo-1.jpg" : key));
    }
    check(await invoke(JSON.parse(await readFile(join(PROJECT_DIR, "events", file), "utf8"))));
    for (const key of keys) {
      const expected = key.endsWith("#1.jpg") ? "photo" : key.split("-")[0];
      assert.equal(bestLabel(await result(key)), expected, key);
    }
    const written = s3.events.filter((event) => event.s3.bucket.name === "results");
    assert.equal(written.length, keys.length);
  });
}

function isNothing(answer: unknown): void {
  assert.equal(answer, undefined);
}

function isReport(version: string, taskId: string, text: RegExp) {
  return (answer: unknown) => {
    const { results, ...head } = answer as { results: Record<string, string>[]; invocationId: string };
    assert.deepEqual(head, {
      invocationSchemaVersion: version,
      treatMissingKeysAs: "PermanentFailure",
      invocationId: `EXAMPLEinvocation${taskId.at(-1)}`,
    });
    assert.equal(results.length, 1);
    assert.equal(results[0]?.taskId, taskId);
    assert.equal(results[0]?.resultCode, "Succeeded");
    assert.match(results[0]?.resultString ?? "", text);
  };
}

function bestLabel(result: Result | undefined): string | undefined {
  return result?.status === "classified" ? result.predictions[0]?.label : undefined;
}

function rejection(result: Result | undefined): string | undefined {
  return result?.status === "rejected" ? result.error.code : undefined;
}

test("four invocations of one environment at once: each has its own labels, metrics and request id", async (t) => {
  const names = ["photo-1.jpg", "barcode-1.png", "document-1.png", "chart-1.png"];
  const { upload, invoke, result, metrics } = await startFunction(t, { decodesInFlight: 2 });
  const events: { Records: unknown[] }[] = [];
  for (const [i, name] of names.entries()) {
    const records: unknown[] = [];
    // One more in each batch, so that the batches' metrics differ.
    for (let j = 0; j <= i; j++) records.push(await upload(`${name}/${j}`, await fixture(name)));
    events.push(sqsEvent(records.map((record) => ({ Records: [record] }))) as { Records: unknown[] });
  }
  await Promise.all(events.map((event, i) => invoke(event, 60_000, `request of ${names[i]}`)));
  for (const [i, name] of names.entries()) {
    const count = i + 1;
    for (let j = 0; j < count; j++) {
      const document = await result(`${name}/${j}`);
      assert.equal(bestLabel(document), name.split("-")[0]);
      assert.equal(document?.requestId, `request of ${name}`);
    }
    const line = metrics.find(({ requestId }) => requestId === `request of ${name}`);
    assert.equal([line?.BatchSize].flat()[0], count);
    assert.equal([line?.ImagesClassified].flat()[0], count);
    assert.equal([line?.InferDuration].flat().length, count);
  }
});

test("an upload with ten tags of its own is classified all the same, and the log says that it was not tagged", async (t) => {
  const { s3, upload, invoke, result, metrics, log } = await startFunction(t, { tagUploads: true });
  const tagged = await upload("tagged.jpg", await fixture("photo-1.jpg"));
  const full = await upload("full.jpg", await fixture("photo-1.jpg"));
  const TagSet = Array.from({ length: 10 }, (_, i) => ({ Key: `own${i}`, Value: "x" }));
  await s3.client.send(
    new PutObjectTaggingCommand({ Bucket: "uploads", Key: "full.jpg", Tagging: { TagSet } }),
  );
  const answer = await invoke(sqsEvent([tagged, full].map((record) => ({ Records: [record] }))));
  assert.deepEqual(answer, { batchItemFailures: [] });
  for (const key of ["tagged.jpg", "full.jpg"]) assert.equal(bestLabel(await result(key)), "photo");
  const { ImagesClassified, ImagesFailed } = metrics[0] ?? {};
  assert.deepEqual([ImagesClassified, ImagesFailed], [2, 0]);
  const [line, ...others] = log;
  assert.deepEqual(others, []);
  assert.deepEqual([line?.level, line?.key, line?.requestId], ["WARN", "full.jpg", "request-1"]);
  assert.match(String(line?.message), /^image classified, but .*was not tagged: /);
});
