import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { loadModel } from "../../src/function/model/load.ts";
import { type RunningFunction, sqsEvent, startFunction } from "./harness.ts";
import { plainPng, RED } from "./pictures.ts";
import { writeTinyModel } from "./tiny-model.ts";

const ISOLATION_QUEUE = "arn:aws:sqs:us-east-1:123456789012:isolation";

async function start(t: TestContext, changes = {}): Promise<RunningFunction> {
  return startFunction(t, changes, {}, await loadModel(await writeTinyModel(t)));
}

const countOf = (document: Readonly<Record<string, unknown>> | undefined, name: string) =>
  [document?.[name]].flat()[0];

test("an entry that cannot be read is counted once, however often it comes, and is no image of the failure rate", async (t) => {
  const { upload, invoke, metrics, log } = await start(t, { isolationQueueArn: ISOLATION_QUEUE });
  const record = await upload("k.png", await plainPng(RED));
  const bodies = ["no JSON", { Records: [record] }];
  const back = { batchItemFailures: [{ itemIdentifier: "message-0" }] };
  assert.deepEqual(await invoke(sqsEvent(bodies)), back);
  assert.deepEqual(await invoke(sqsEvent(bodies, undefined, 2)), back);
  // Whether SQS counts on when a message moves to another queue is not documented.
  assert.deepEqual(await invoke(sqsEvent(bodies, ISOLATION_QUEUE, 1)), back);
  assert.deepEqual(await invoke(sqsEvent(bodies, ISOLATION_QUEUE, 5)), back);
  assert.deepEqual(
    metrics.map((line) => countOf(line, "EntriesUnreadable")),
    [1, 0, 0, 0],
  );
  for (const line of metrics) {
    assert.deepEqual([countOf(line, "BatchSize"), countOf(line, "ImagesFailed")], [1, 0]);
  }
  // Each time somebody may look for the reason of a dead letter.
  assert.deepEqual(
    log.map(({ code, entry }) => [code, entry]),
    Array(4).fill(["INVALID_EVENT", "message-0"]),
  );
});

const notification = (key: string, size?: number) => ({
  Records: [
    {
      eventVersion: "2.1",
      eventSource: "aws:s3",
      eventName: "ObjectCreated:Put",
      s3: { bucket: { name: "uploads" }, object: { key, ...(size !== undefined && { size }) } },
    },
  ],
});
const ofEventBridge = (key: string) => ({
  source: "aws.s3",
  "detail-type": "Object Created",
  detail: { bucket: { name: "uploads" }, object: { key, size: 0 } },
});
const ofBatchOperations = (s3Key: string) => ({
  invocationSchemaVersion: "2.0",
  invocationId: "i",
  tasks: [{ taskId: "t", s3Bucket: "uploads", s3Key }],
});

/** Path → its event of a key, and the answer to a folder marker. */
const PATHS: Readonly<Record<string, readonly [(key: string) => unknown, unknown]>> = {
  "an S3 notification": [(key) => notification(key, 0), undefined],
  "an S3 notification without a size": [notification, undefined],
  "a message with an S3 notification": [(key) => sqsEvent([notification(key, 0)]), { batchItemFailures: [] }],
  EventBridge: [ofEventBridge, undefined],
  "S3 Batch Operations": [
    ofBatchOperations,
    {
      invocationSchemaVersion: "2.0",
      treatMissingKeysAs: "PermanentFailure",
      invocationId: "i",
      results: [
        {
          taskId: "t",
          resultCode: "Succeeded",
          resultString: "a folder marker: there is nothing to classify",
        },
      ],
    },
  ],
  "a direct invocation": [
    (key) => ({ bucket: "uploads", key }),
    { status: "ignored", source: { bucket: "uploads", key: "photos/" } },
  ],
};

for (const [path, [eventOf, answer]] of Object.entries(PATHS)) {
  test(`a folder marker by ${path} has no result and is no image; an empty file beside it is rejected`, async (t) => {
    const { upload, invoke, result, metrics, log, s3 } = await start(t);
    await upload("photos/", "");
    await upload("empty.jpg", "");
    assert.deepEqual(await invoke(eventOf("photos/")), answer);
    assert.equal(await result("photos/"), undefined);
    assert.deepEqual(log, []);
    assert.deepEqual([countOf(metrics[0], "BatchSize"), countOf(metrics[0], "ImagesRejected")], [0, 0]);
    await invoke(eventOf("empty.jpg"));
    const rejected = await result("empty.jpg");
    assert.equal(rejected?.status === "rejected" && rejected.error.code, "OBJECT_EMPTY");
    assert.equal(s3.events.filter(({ s3: { bucket } }) => bucket.name === "results").length, 1);
  });
}

test("an image whose key ends like a folder's is classified", async (t) => {
  const { upload, invoke, result } = await start(t);
  await invoke({ Records: [await upload("photos/", await plainPng(RED))] });
  assert.equal((await result("photos/"))?.status, "classified");
});
