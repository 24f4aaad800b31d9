import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { ClassifierError, ERRORS, type ErrorCode, messageOf } from "../../src/function/errors.ts";
import { loadModel } from "../../src/function/model/load.ts";
import { loadSharp } from "../../src/function/native.ts";
import { spoilDecodeProcesses, WITH_THE_IMAGE } from "./decode-process.ts";
import { fixture, type RunningFunction, sqsEvent, startFunction } from "./harness.ts";
import { plainPng, RED } from "./pictures.ts";
import { writeTinyModel } from "./tiny-model.ts";

const ISOLATION_QUEUE = "arn:aws:sqs:us-east-1:123456789012:isolation";

type Provoke = (t: TestContext) => Promise<void>;

/** Uploads the body, spoils something, and expects the whole function to end that upload with the code. */
function uploadOf(
  code: ErrorCode,
  body: () => Promise<Uint8Array | string>,
  spoil: (running: RunningFunction) => unknown = () => {},
  { changes = {}, remainingMs = 60_000 }: { changes?: object; remainingMs?: number } = {},
): Provoke {
  return async (t) => {
    const running = await startFunction(t, { s3Attempts: 1, ...changes });
    const record = await running.upload("k.jpg", await body());
    await spoil(running);
    const answer = await running.invoke(sqsEvent([{ Records: [record] }]), remainingMs);
    running.s3.setFault(undefined);
    const { retryable } = ERRORS[code];
    const failures = retryable ? [{ itemIdentifier: "message-0" }] : [];
    assert.deepEqual(answer, { batchItemFailures: failures });
    const result = await running.result("k.jpg");
    assert.equal(result?.status, retryable ? undefined : "rejected");
    if (result?.status === "rejected") assert.equal(result.error.code, code);
    const [line, ...others] = running.log;
    assert.equal(others.length, 0);
    const { level, code: logged, retryable: said, key } = line ?? {};
    assert.deepEqual([level, logged, said, key], [retryable ? "ERROR" : "WARN", code, retryable, "k.jpg"]);
  };
}

const picture = () => plainPng(RED);
const failing =
  (status: number, code: string, operation: "GetObject" | "PutObject") =>
  ({ s3 }: RunningFunction) =>
    s3.setFault({ kind: "status", status, code, operations: [operation] });

/** How the whole function is brought to each code. Without an entry for a code this file does not type-check. */
const PROVOKED: Record<ErrorCode, Provoke> = {
  INVALID_EVENT: async (t) => {
    const { invoke } = await startFunction(t);
    await assert.rejects(invoke({ hello: 1 }), { code: "INVALID_EVENT", retryable: false });
    const answer = await invoke(sqsEvent(["no JSON"]));
    assert.deepEqual(answer, { batchItemFailures: [{ itemIdentifier: "message-0" }] });
  },
  OBJECT_NOT_FOUND: uploadOf("OBJECT_NOT_FOUND", picture, ({ s3 }) =>
    s3.client.send(new DeleteObjectCommand({ Bucket: "uploads", Key: "k.jpg" })),
  ),
  OBJECT_EMPTY: uploadOf("OBJECT_EMPTY", async () => ""),
  OBJECT_TOO_LARGE: uploadOf("OBJECT_TOO_LARGE", picture, undefined, { changes: { maxObjectBytes: 20 } }),
  OBJECT_ARCHIVED: uploadOf("OBJECT_ARCHIVED", picture, failing(403, "InvalidObjectState", "GetObject")),
  OBJECT_ENCRYPTED: uploadOf("OBJECT_ENCRYPTED", picture, failing(400, "KMS.DisabledException", "GetObject")),
  ACCESS_DENIED: uploadOf("ACCESS_DENIED", picture, failing(403, "AccessDenied", "GetObject")),
  FETCH_FAILED: uploadOf("FETCH_FAILED", picture, failing(503, "SlowDown", "GetObject")),
  UNSUPPORTED_FORMAT: uploadOf("UNSUPPORTED_FORMAT", async () => "a text that is named .jpg"),
  INVALID_IMAGE: uploadOf("INVALID_IMAGE", async () => (await fixture("photo-1.jpg")).subarray(0, 20_000)),
  IMAGE_TOO_LARGE: uploadOf("IMAGE_TOO_LARGE", picture, undefined, { changes: { maxImagePixels: 255 } }),
  // Memory that really runs out ends more than a test.
  DECODE_LIMIT: async (t) => {
    const noMemory = () => Promise.reject(new Error("vips_malloc: out of memory"));
    const spoil = () => t.mock.method(Object.getPrototypeOf(loadSharp()()), "toBuffer", noMemory);
    await uploadOf("DECODE_LIMIT", picture, spoil)(t);
  },
  MODEL_INVALID: async (t) => {
    const dir = await writeTinyModel(t, { config: {} });
    await assert.rejects(loadModel(dir), { code: "MODEL_INVALID", retryable: true });
  },
  INFERENCE_FAILED: async (t) => {
    const model = await loadModel(await writeTinyModel(t));
    const running = await startFunction(t, {}, {}, model);
    t.mock.method(model.session, "run", () => Promise.reject(new Error("out of order")));
    const record = await running.upload("k.jpg", await picture());
    assert.deepEqual(await running.invoke(sqsEvent([{ Records: [record] }])), {
      batchItemFailures: [{ itemIdentifier: "message-0" }],
    });
    assert.equal(running.log[0]?.code, "INFERENCE_FAILED");
  },
  KEY_TOO_LONG: async (t) => {
    const running = await startFunction(t);
    const record = await running.upload("k".repeat(1020), await picture());
    assert.deepEqual(await running.invoke(sqsEvent([{ Records: [record] }])), { batchItemFailures: [] });
    assert.deepEqual([running.log[0]?.code, running.log[0]?.level], ["KEY_TOO_LONG", "WARN"]);
  },
  RESULT_KEY_TAKEN: async (t) => {
    const running = await startFunction(t);
    const foreign = { Bucket: "results", Key: "k.jpg.json", Body: "a report" };
    await running.s3.client.send(new PutObjectCommand(foreign));
    const record = await running.upload("k.jpg", await picture());
    assert.deepEqual(await running.invoke(sqsEvent([{ Records: [record] }])), { batchItemFailures: [] });
    assert.equal(running.log[0]?.code, "RESULT_KEY_TAKEN");
    assert.equal(running.writes("k.jpg"), 1, "the foreign object is as it was");
  },
  ANNOTATION_REFUSED: async (t) => {
    const running = await startFunction(t, { resultsAs: "annotation" });
    const record = await running.upload("k.jpg", await picture());
    const operations = ["PutObjectAnnotation"] as const;
    running.s3.setFault({ kind: "status", status: 400, code: "AnnotationLimitExceeded", operations });
    assert.deepEqual(await running.invoke(sqsEvent([{ Records: [record] }])), { batchItemFailures: [] });
    assert.equal(running.log[0]?.code, "ANNOTATION_REFUSED");
  },
  PUBLISH_FAILED: uploadOf("PUBLISH_FAILED", picture, failing(500, "InternalError", "PutObject")),
  PROCESSING_LIMIT: async (t) => {
    const running = await startFunction(t, { isolationQueueArn: ISOLATION_QUEUE });
    const record = await running.upload("k.jpg", await picture());
    const delivery = (receives: number) => sqsEvent([{ Records: [record] }], ISOLATION_QUEUE, receives);
    const restore = spoilDecodeProcesses(t, WITH_THE_IMAGE.crash);
    // Perhaps the machine was at fault, the first times.
    const back = { batchItemFailures: [{ itemIdentifier: "message-0" }] };
    assert.deepEqual(await running.invoke(delivery(3)), back);
    assert.equal(running.log[0]?.code, "DECODE_LIMIT");
    assert.equal(await running.result("k.jpg"), undefined);
    assert.deepEqual(await running.invoke(delivery(4)), { batchItemFailures: [] });
    const rejected = await running.result("k.jpg");
    assert.equal(rejected?.status === "rejected" && rejected.error.code, "PROCESSING_LIMIT");
    restore();
    // A suspect that only met a bad moment of the machine is classified.
    const other = await running.upload("other.jpg", await picture());
    await running.invoke(sqsEvent([{ Records: [other] }], ISOLATION_QUEUE, 4));
    assert.equal((await running.result("other.jpg"))?.status, "classified");
  },
  DEADLINE_NEAR: uploadOf("DEADLINE_NEAR", picture, undefined, { remainingMs: 1000 }),
};

test("every code of the table is provoked here", () => {
  assert.deepEqual(Object.keys(PROVOKED).sort(), Object.keys(ERRORS).sort());
});

for (const [code, provoke] of Object.entries(PROVOKED)) {
  const { retryable, stage, meaning } = ERRORS[code as ErrorCode];
  test(`${code} is found at ${stage} and ${retryable ? "retried" : "not retried"}`, provoke);

  test(`${code} is explained in a sentence`, () => {
    assert.match(meaning, /^[A-Z].{20,}\.$/);
  });
}

test("an error knows its code, whether to retry, and what was caught", () => {
  const cause = new Error("socket");
  const error = new ClassifierError("FETCH_FAILED", "S3 was silent", cause);
  assert.deepEqual(
    [error.name, error.code, error.retryable, error.message],
    ["ClassifierError", "FETCH_FAILED", true, "S3 was silent"],
  );
  assert.equal(error.cause, cause);
  assert.equal("cause" in new ClassifierError("OBJECT_EMPTY", "0 bytes"), false);
});

test("anything that is thrown has a text", () => {
  assert.equal(messageOf(new Error("a")), "a");
  assert.equal(messageOf("b"), "b");
  assert.equal(messageOf(undefined), "undefined");
});

test("a rejection that could not be published comes back, and nothing is said of the upload", async (t) => {
  const running = await startFunction(t, { isolationQueueArn: ISOLATION_QUEUE, s3Attempts: 1 });
  const record = await running.upload("k.jpg", await picture());
  spoilDecodeProcesses(t, WITH_THE_IMAGE.crash);
  failing(503, "SlowDown", "PutObject")(running);
  const event = sqsEvent([{ Records: [record] }], ISOLATION_QUEUE, 4);
  assert.deepEqual(await running.invoke(event), { batchItemFailures: [{ itemIdentifier: "message-0" }] });
  running.s3.setFault(undefined);
  assert.equal(await running.result("k.jpg"), undefined);
});

test("a message is cut before it could fill a log", () => {
  assert.equal(new ClassifierError("INVALID_IMAGE", "x".repeat(100_000)).message.length, 2000);
});
