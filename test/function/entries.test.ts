import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { loadModel } from "../../src/function/model/load.ts";
import { type RunningFunction, sqsEvent, startFunction } from "./harness.ts";
import { plain, plainPng, RED } from "./pictures.ts";
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
  const counted = metrics.filter(({ BatchSize }) => BatchSize !== undefined);
  assert.deepEqual(
    counted.map((line) => countOf(line, "EntriesUnreadable")),
    [1, 0, 0, 0],
  );
  for (const line of counted) {
    assert.deepEqual([countOf(line, "BatchSize"), countOf(line, "ImagesFailed")], [1, 0]);
  }
  // Each time somebody may look for the reason of a dead letter.
  assert.deepEqual(
    log.map(({ code, entry }) => [code, entry]),
    Array(4).fill(["INVALID_EVENT", "message-0"]),
  );
});

const NESTED = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
const deepKey = `{"Records":[{"eventSource":"aws:s3","eventVersion":"2.1","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"uploads"},"object":{"key":${NESTED}}}}]}`;

for (const [what, body] of [
  ["a body", NESTED],
  ["a key", deepKey],
] as const) {
  test(`${what} that is nested deeper than any message could show is unreadable, and fails none beside it`, async (t) => {
    const { upload, invoke, result, log } = await start(t);
    const record = await upload("k.png", await plainPng(RED));
    const answer = await invoke(sqsEvent([body, { Records: [record] }]));
    assert.deepEqual(answer, { batchItemFailures: [{ itemIdentifier: "message-0" }] });
    assert.equal((await result("k.png"))?.status, "classified");
    assert.equal(log[0]?.code, "INVALID_EVENT");
  });
}

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

test("a message of the isolation queue with several uploads has them worked on one by one", async (t) => {
  const running = await start(t, { isolationQueueArn: ISOLATION_QUEUE });
  const [a, b] = [
    await running.upload("a.png", await plainPng(RED)),
    await running.upload("b.png", await plainPng(RED)),
  ];
  await running.invoke(sqsEvent([{ Records: [a, b] }], ISOLATION_QUEUE, 4));
  const written = running.s3.events.filter(({ s3 }) => s3.bucket.name === "results");
  assert.deepEqual(
    written.map(({ s3 }) => s3.object.key),
    ["a.png.json", "b.png.json"],
  );
  for (const key of ["a.png", "b.png"]) assert.equal((await running.result(key))?.status, "classified");
});

test("a file with thousands of small faults has a small result", async (t) => {
  const { upload, invoke, result } = await start(t);
  const jpeg = await plain(RED).jpeg().toBuffer();
  // An APP15 segment, and a byte that belongs to nothing.
  const odd = Buffer.from([0xff, 0xef, 0, 2, 0]);
  const file = Buffer.concat([jpeg.subarray(0, 2), ...Array(5000).fill(odd), jpeg.subarray(2)]);
  await invoke({ Records: [await upload("k.jpg", file)] });
  const judged = await result("k.jpg");
  assert.equal(judged?.status, "classified");
  const warnings = judged?.status === "classified" ? judged.warnings : [];
  assert.deepEqual(
    [warnings?.length, warnings?.[0], warnings?.[9]],
    [10, "1 stray bytes before the marker 0xef", "4991 more"],
  );
});

test("an object that only resembles a result stays, and the upload is told so at once", async (t) => {
  const { s3, upload, invoke, log } = await start(t);
  const record = await upload("k.png", await plainPng(RED));
  const Body = JSON.stringify({ status: "rejected", source: { key: "k.png" }, model: { sha256: "0" } });
  await s3.client.send(new PutObjectCommand({ Bucket: "results", Key: "k.png.json", Body }));
  assert.deepEqual(await invoke(sqsEvent([{ Records: [record] }])), { batchItemFailures: [] });
  assert.equal(log[0]?.code, "RESULT_KEY_TAKEN");
});

for (const [operation, remainingMs] of [
  ["GetObject", 60_000],
  ["PutObject", 60_000],
  ["PutObject", 2500],
] as const) {
  test(`S3 that fails at ${operation} through all the invocations of a suspect but the last, of ${remainingMs} ms, does it no harm`, async (t) => {
    const running = await start(t, {
      isolationQueueArn: ISOLATION_QUEUE,
      s3Attempts: 1,
      deadlineMarginMs: 0,
    });
    const record = await running.upload("k.png", await plainPng(RED));
    const deliver = (receives: number, ms?: number) =>
      running.invoke(sqsEvent([{ Records: [record] }], ISOLATION_QUEUE, receives), ms);
    // What a suspect writes first passes, what it writes last does not: the worst moment for an outage to begin.
    let writes = 0;
    running.s3.setFault({
      kind: "status",
      status: 503,
      code: "SlowDown",
      operations: [operation],
      matches: (bucket) => operation === "GetObject" || (bucket === "results" && writes++ > 0),
    });
    for (const receives of [4, 5, 6]) await deliver(receives, remainingMs);
    running.s3.setFault(undefined);
    assert.deepEqual(await deliver(7), { batchItemFailures: [] });
    assert.equal((await running.result("k.png"))?.status, "classified");
  });
}
