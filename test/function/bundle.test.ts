import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { Result } from "../../src/function/result.ts";
import { buildFunction } from "../../src/local/build.ts";
import type { LogLine } from "../../src/local/lambda/events.ts";
import { startStack } from "../../src/local/stack.ts";
import { readFunctionTemplate, readTemplate } from "../../src/local/template.ts";
import { assertOurEmf, valuesOf } from "./emf.ts";
import { fixture, PROJECT_DIR, sqsEvent } from "./harness.ts";

const GOOD = [
  "photo-1.jpg",
  "document-1.png",
  "chart-1.png",
  "icon-2.webp",
  "screenshot-1.png",
  "barcode-1.png",
  "blank-2.png",
];

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "bundle-"));
  await buildFunction(join(dir, "function"));
});
after(() => rm(dir, { recursive: true, force: true }));

async function startBundle(t: TestContext, logFormat: "Text" | "JSON") {
  const { handler } = readFunctionTemplate(await readTemplate());
  const stack = await startStack({
    dataDir: await mkdtemp(join(dir, "data-")),
    modelDir: join(PROJECT_DIR, "models/upload-triage"),
    bundle: { dir: join(dir, "function"), handler },
    concurrency: 1,
    pollsQueue: false,
    logFormat,
    initTimeoutMs: 60_000,
    timeoutSeconds: 120,
  });
  t.after(() => stack.close());
  const lines: LogLine[] = [];
  stack.events.on("log", (line) => lines.push(line));
  return { stack, lines };
}

/** The message body of an upload, made as S3 notifies of it. */
function notification(key: string, eTag: string, sequencer: number): object {
  const object = { key: encodeURIComponent(key), eTag, sequencer: sequencer.toString(16).padStart(16, "0") };
  const s3 = { bucket: { name: "uploads" }, object };
  return { Records: [{ eventVersion: "2.1", eventSource: "aws:s3", eventName: "ObjectCreated:Put", s3 }] };
}

for (const logFormat of ["Text", "JSON"] as const) {
  test(`the built bundle answers a batch of ten under log format ${logFormat}: seven classified, two rejected, one back, one EMF line and one a label`, async (t) => {
    const { stack, lines } = await startBundle(t, logFormat);
    const photo = await fixture("photo-1.jpg");
    const uploads = new Map<string, Buffer>();
    for (const name of GOOD) uploads.set(name, await fixture(name));
    uploads.set("truncated.jpg", photo.subarray(0, photo.length / 2));
    uploads.set("missing.jpg", photo);
    uploads.set("unlucky.jpg", photo);
    const bodies: object[] = [];
    for (const [Key, Body] of uploads) {
      const { ETag = "" } = await stack.client.send(new PutObjectCommand({ Bucket: "uploads", Key, Body }));
      bodies.push(notification(Key, ETag.replaceAll('"', ""), bodies.length + 1));
    }
    await stack.client.send(new DeleteObjectCommand({ Bucket: "uploads", Key: "missing.jpg" }));
    stack.setFault({
      kind: "status",
      status: 503,
      code: "SlowDown",
      operations: ["GetObject"],
      matches: (_bucket, key) => key === "unlucky.jpg",
      times: 5,
    });

    const { payload, functionError, requestId } = await stack.invoke(sqsEvent(bodies));

    assert.equal(functionError, undefined, payload);
    assert.deepEqual(JSON.parse(payload), { batchItemFailures: [{ itemIdentifier: "message-9" }] });
    const result = async (key: string) => (await stack.readResult(key)) as Result;
    for (const name of GOOD) {
      const document = await result(name);
      assert.equal(document.status, "classified", name);
      if (document.status === "classified") assert.equal(document.predictions[0]?.label, name.split("-")[0]);
      assert.equal(document.requestId, requestId);
    }
    for (const [key, code] of [
      ["truncated.jpg", "INVALID_IMAGE"],
      ["missing.jpg", "OBJECT_NOT_FOUND"],
    ] as const) {
      const document = await result(key);
      assert.equal(document.status === "rejected" && document.error.code, code, key);
    }
    await assert.rejects(result("unlucky.jpg"), { message: "expected a result of unlucky.jpg, found none" });

    // What the process wrote can reach us after its answer.
    const ofStdout = () => lines.filter(({ source }) => source === "stdout").map(({ line }) => line);
    const isEmf = (line: string) => line.includes('"CloudWatchMetrics"');
    for (let turn = 0; turn < 200 && ofStdout().filter(isEmf).length < 8; turn++) await sleep(25);
    const [main, ...ofLabels] = ofStdout().filter(isEmf).map(assertOurEmf);
    assert.deepEqual(
      ofLabels.map(({ label }) => label).sort(),
      GOOD.map((name) => name.split("-")[0]).sort(),
    );
    const documents = main === undefined ? [] : [main];
    const counts = { BatchSize: 10, ImagesClassified: 7, ImagesRejected: 2, ImagesFailed: 1, ColdStart: 1 };
    for (const [name, value] of Object.entries(counts)) {
      assert.deepEqual(valuesOf(documents, name as keyof typeof counts), [value], name);
    }
    assert.equal(valuesOf(documents, "InferDuration").length, 7);

    const logged = ofStdout()
      .filter((line) => !isEmf(line))
      .map((line) => JSON.parse(line) as { code: string; key: string });
    assert.deepEqual(logged.map(({ code, key }) => `${code} ${key}`).sort(), [
      "FETCH_FAILED unlucky.jpg",
      "INVALID_IMAGE truncated.jpg",
      "OBJECT_NOT_FOUND missing.jpg",
    ]);

    // SQS delivers the one again, and S3 recovers on the way.
    const again = await stack.invoke(sqsEvent([bodies.at(-1)]));
    assert.deepEqual(JSON.parse(again.payload), { batchItemFailures: [] });
    assert.equal((await result("unlucky.jpg")).status, "classified");
  });
}
