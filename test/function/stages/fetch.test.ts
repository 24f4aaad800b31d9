import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import type { ImageRef } from "../../../src/function/image-ref.ts";
import { createS3Client } from "../../../src/function/s3.ts";
import { openObject, readObject } from "../../../src/function/stages/fetch.ts";
import { type RecordedS3, recordS3 } from "./s3-requests.ts";

const OPTIONS = { maxObjectBytes: 2 ** 20, signal: new AbortController().signal };
const take = (sizeBytes: number) => Buffer.alloc(sizeBytes);

const upload = (key: string, others: Partial<ImageRef> = {}): ImageRef => ({
  bucket: "uploads",
  key,
  ...others,
});

async function fetched({ s3 }: RecordedS3, ref: ImageRef, options = OPTIONS) {
  const object = await openObject(s3, ref, options);
  return object && { source: object.source, text: (await readObject(object, take, options)).toString() };
}

test("an object comes whole, with one request, and its ETag and size are those that S3 sent", async (t) => {
  const running = await recordS3(t);
  const { eTag } = await running.put("uploads", "a b/ü+.jpg", "the bytes");
  assert.deepEqual(await fetched(running, upload("a b/ü+.jpg", { sequencer: "01", sizeBytes: 999 })), {
    source: { bucket: "uploads", key: "a b/ü+.jpg", sequencer: "01", eTag, sizeBytes: 9 },
    text: "the bytes",
  });
  assert.deepEqual(running.requests, ["GetObject"]);
});

test("the event's version is fetched although a newer one is there", async (t) => {
  const running = await recordS3(t, { buckets: [{ name: "uploads", versioning: true }] });
  const older = await running.put("uploads", "k", "older");
  await running.put("uploads", "k", "newer");
  const got = await fetched(running, upload("k", older));
  assert.equal(got?.text, "older");
  assert.equal(got?.source.versionId, older.versionId);
});

test("without versions, other bytes than the event's are another event's: undefined", async (t) => {
  const running = await recordS3(t);
  const older = await running.put("uploads", "k", "older");
  await running.put("uploads", "k", "newer");
  assert.equal(await fetched(running, upload("k", older)), undefined);
});

test("a missing object, a missing version and a deleted one are OBJECT_NOT_FOUND, not to be retried", async (t) => {
  const running = await recordS3(t, { buckets: [{ name: "uploads", versioning: true }] });
  const { versionId = "" } = await running.put("uploads", "k", "bytes");
  const Key = "k";
  const deleted = await running.endpoint.client.send(new DeleteObjectCommand({ Bucket: "uploads", Key }));
  const refs = [
    upload("never"),
    upload("k"),
    upload("k", { versionId: versionId.replace(/.$/, "_") }),
    upload("k", { versionId: deleted.VersionId ?? "" }),
  ];
  for (const ref of refs) {
    await assert.rejects(
      fetched(running, ref),
      { code: "OBJECT_NOT_FOUND", retryable: false },
      JSON.stringify(ref),
    );
  }
});

test("an empty object is OBJECT_EMPTY, by the event without a request, else by the answer", async (t) => {
  const running = await recordS3(t);
  await running.put("uploads", "k", "");
  await assert.rejects(fetched(running, upload("k", { sizeBytes: 0 })), { code: "OBJECT_EMPTY" });
  assert.deepEqual(running.requests, []);
  await assert.rejects(fetched(running, upload("k")), { code: "OBJECT_EMPTY", retryable: false });
});

test("an object over the ceiling is OBJECT_TOO_LARGE, by the event without a request, else by the answer", async (t) => {
  const running = await recordS3(t);
  await running.put("uploads", "k", "0123456789");
  const options = { ...OPTIONS, maxObjectBytes: 9 };
  const expected = { code: "OBJECT_TOO_LARGE", retryable: false, message: /at most 9 bytes .*got 10/ };
  await assert.rejects(fetched(running, upload("k", { sizeBytes: 10 }), options), expected);
  assert.deepEqual(running.requests, []);
  await assert.rejects(fetched(running, upload("k"), options), expected);
  assert.equal((await fetched(running, upload("k"), { ...options, maxObjectBytes: 10 }))?.text, "0123456789");
});

const OTHERS_KEY =
  "User: arn:aws:sts::1:assumed-role/f is not authorized to perform: kms:Decrypt on this resource";
const CUSTOMER_KEY =
  "The object was stored using a form of Server Side Encryption. The correct parameters must be provided";
const FAULTS = [
  [403, "AccessDenied", "ACCESS_DENIED"],
  [403, "AccessDenied", "OBJECT_ENCRYPTED", OTHERS_KEY],
  [403, "InvalidObjectState", "OBJECT_ARCHIVED"],
  [400, "KMS.DisabledException", "OBJECT_ENCRYPTED"],
  [400, "KMS.NotFoundException", "OBJECT_ENCRYPTED"],
  [400, "KMS.KMSInvalidStateException", "OBJECT_ENCRYPTED"],
  [400, "KMS.ThrottlingException", "FETCH_FAILED"],
  [400, "KMS.KMSInternalException", "FETCH_FAILED"],
  [500, "KMS.DependencyTimeoutException", "FETCH_FAILED"],
  [400, "InvalidRequest", "FETCH_FAILED"],
  [400, "InvalidRequest", "OBJECT_ENCRYPTED", CUSTOMER_KEY],
  [404, "NoSuchBucket", "FETCH_FAILED"],
  [405, "MethodNotAllowed", "OBJECT_NOT_FOUND"],
  [500, "InternalError", "FETCH_FAILED"],
  [503, "SlowDown", "FETCH_FAILED"],
] as const;

for (const [status, code, expected, message] of FAULTS) {
  const said = message === undefined ? "" : ` "${message.slice(0, 60)}…"`;
  test(`S3's ${status} ${code}${said} for an object that is there is ${expected}`, async (t) => {
    const running = await recordS3(t);
    await running.put("uploads", "k", "bytes");
    const fault = { kind: "status", status, code, operations: ["GetObject"] } as const;
    running.endpoint.setFault(message === undefined ? fault : { ...fault, message });
    await assert.rejects(fetched(running, upload("k")), (error: { code: string; message: string }) => {
      assert.equal(error.code, expected);
      assert.ok(error.message.includes("s3://uploads/k"), error.message);
      return true;
    });
  });
}

for (const [refusals, attempts] of [
  [2, 3],
  [3, 3],
  [1, 1],
] as const) {
  const end = refusals < attempts ? "the object comes" : "it is FETCH_FAILED";
  test(`of ${attempts} attempts ${refusals} meet a 503: ${end}`, async (t) => {
    const running = await recordS3(t);
    await running.put("uploads", "k", "bytes");
    const s3 = createS3Client({ s3Attempts: attempts, s3ForcePathStyle: true, s3TimeoutMs: 10_000 });
    t.after(() => s3.destroy());
    running.endpoint.setFault({ kind: "status", status: 503, code: "SlowDown", times: refusals });
    const fetching = fetched({ ...running, s3 }, upload("k"));
    if (refusals < attempts) assert.equal((await fetching)?.text, "bytes");
    else await assert.rejects(fetching, { code: "FETCH_FAILED", retryable: true, message: /SlowDown/ });
  });
}

test("the deadline ends a request that S3 does not answer", async (t) => {
  const running = await recordS3(t);
  await running.put("uploads", "k", "bytes");
  running.endpoint.setFault({ kind: "delay", ms: 60_000 });
  const signal = AbortSignal.timeout(50);
  await assert.rejects(fetched(running, upload("k"), { ...OPTIONS, signal }), {
    code: "FETCH_FAILED",
    message: /AbortError/,
  });
});

/** A body in chunks, with the size that its header promised. */
function opened(chunks: Iterable<Buffer> | AsyncIterable<Buffer>, sizeBytes?: number) {
  const body = Readable.from(chunks, { objectMode: false });
  return { source: upload("k", sizeBytes === undefined ? {} : { sizeBytes }), body };
}

test("a body that ends early is FETCH_FAILED", async () => {
  const chunks = [Buffer.from("01234")];
  await assert.rejects(readObject(opened(chunks, 10), take, OPTIONS), {
    code: "FETCH_FAILED",
    message: /expected 10 bytes, the body ended after 5/,
  });
});

test("a body that goes on after its announced size is FETCH_FAILED, and is not written past it", async () => {
  const memory = Buffer.alloc(16);
  const object = opened([Buffer.alloc(5, "x"), Buffer.alloc(6, "x")], 10);
  await assert.rejects(
    readObject(object, (sizeBytes) => memory.subarray(0, sizeBytes), OPTIONS),
    { code: "FETCH_FAILED", message: /expected 10 bytes, the body goes on after them/ },
  );
  assert.equal(memory.indexOf("\0"), 5);
});

test("a body whose size S3 does not announce is FETCH_FAILED", async () => {
  await assert.rejects(readObject(opened([Buffer.from("01234")]), take, OPTIONS), {
    code: "FETCH_FAILED",
    message: /announce the size/,
  });
});

test("the deadline ends a body that trickles for ever", { timeout: 20_000 }, async () => {
  const deadline = new AbortController();
  const body = new Readable({ read() {} });
  body.push("a");
  const object = { source: upload("k", { sizeBytes: 10 }), body };
  const reading = readObject(object, take, { ...OPTIONS, signal: deadline.signal });
  setImmediate(() => deadline.abort());
  await assert.rejects(reading, { code: "FETCH_FAILED", message: /abort/i });
  assert.equal(body.destroyed, true);
});
