import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { test } from "node:test";
import {
  ChecksumAlgorithm,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { bytesOf, startEndpoint } from "./harness.ts";

const Bucket = "uploads";

test("an object comes back with its bytes, MD5 as ETag, headers and metadata", async (t) => {
  const { client } = await startEndpoint(t);
  const Body = randomBytes(300_000);
  const put = await client.send(
    new PutObjectCommand({
      Bucket,
      Key: "a/b.jpg",
      Body,
      ContentType: "image/jpeg",
      CacheControl: "max-age=60",
      ContentDisposition: "inline",
      ContentEncoding: "identity",
      Metadata: { camera: "x100", note: "two words" },
    }),
  );
  const ETag = `"${createHash("md5").update(Body).digest("hex")}"`;
  assert.equal(put.ETag, ETag);
  const got = await client.send(new GetObjectCommand({ Bucket, Key: "a/b.jpg" }));
  assert.deepEqual(await bytesOf(got.Body), Body);
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: "a/b.jpg" }));
  for (const answer of [got, head]) {
    assert.equal(answer.ETag, ETag);
    assert.equal(answer.ContentLength, Body.length);
    assert.equal(answer.ContentType, "image/jpeg");
    assert.equal(answer.CacheControl, "max-age=60");
    assert.equal(answer.ContentDisposition, "inline");
    assert.equal(answer.ContentEncoding, "identity");
    assert.deepEqual(answer.Metadata, { camera: "x100", note: "two words" });
    assert.ok(Math.abs(Date.now() - Number(answer.LastModified)) < 10_000);
  }
});

test("an empty object has a length of 0 and the MD5 of nothing", async (t) => {
  const { client } = await startEndpoint(t);
  await client.send(new PutObjectCommand({ Bucket, Key: "empty", Body: "" }));
  const got = await client.send(new GetObjectCommand({ Bucket, Key: "empty" }));
  assert.equal(got.ContentLength, 0);
  assert.equal(got.ETag, '"d41d8cd98f00b204e9800998ecf8427e"');
  assert.equal(got.ContentType, "application/octet-stream");
});

test("a stream of unknown checksum is uploaded aws-chunked with a verified trailer", async (t) => {
  const { client } = await startEndpoint(t);
  const bytes = randomBytes(3_000_000);
  const Body = Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += 70_001) yield bytes.subarray(at, at + 70_001);
    })(),
  );
  await client.send(new PutObjectCommand({ Bucket, Key: "streamed", Body, ContentLength: bytes.length }));
  const got = await client.send(new GetObjectCommand({ Bucket, Key: "streamed" }));
  assert.deepEqual(await bytesOf(got.Body), bytes);
  assert.equal(got.ContentEncoding, undefined);
  assert.ok(got.ChecksumCRC32, "the SDK asks for the checksum and has verified it");
});

for (const algorithm of ["CRC32", "CRC32C", "SHA1", "SHA256"] as const) {
  test(`a ${algorithm} checksum is verified, stored and returned on demand`, async (t) => {
    const { client } = await startEndpoint(t);
    const Body = randomBytes(5000);
    const put = await client.send(
      new PutObjectCommand({ Bucket, Key: "k", Body, ChecksumAlgorithm: ChecksumAlgorithm[algorithm] }),
    );
    const got = await client.send(new GetObjectCommand({ Bucket, Key: "k", ChecksumMode: "ENABLED" }));
    assert.ok(put[`Checksum${algorithm}`]);
    assert.equal(got[`Checksum${algorithm}`], put[`Checksum${algorithm}`]);
    assert.equal(got.ChecksumType, "FULL_OBJECT");
    assert.deepEqual(await bytesOf(got.Body), Body);
  });
}

test("ranges are served as 206, and one outside of the object as InvalidRange", async (t) => {
  const { client } = await startEndpoint(t);
  await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "0123456789" }));
  for (const [Range, text, ContentRange] of [
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=8-100", "89", "bytes 8-9/10"],
    ["bytes=-100", "0123456789", "bytes 0-9/10"],
    ["bytes=0-0", "0", "bytes 0-0/10"],
  ] as const) {
    const got = await client.send(new GetObjectCommand({ Bucket, Key: "k", Range }));
    assert.equal(got.$metadata.httpStatusCode, 206);
    assert.equal(got.ContentRange, ContentRange);
    assert.equal((await bytesOf(got.Body)).toString(), text);
  }
  for (const Range of ["bytes=1-2,4-5", "bytes=5-2", "pages=1-2"]) {
    const got = await client.send(new GetObjectCommand({ Bucket, Key: "k", Range }));
    assert.equal(got.$metadata.httpStatusCode, 200, Range);
  }
  for (const Range of ["bytes=10-", "bytes=-0", "bytes=99-100"]) {
    await assert.rejects(client.send(new GetObjectCommand({ Bucket, Key: "k", Range })), {
      name: "InvalidRange",
      ActualObjectSize: "10",
    });
  }
});

test("reads answer 304 and 412 as their conditions say", async (t) => {
  const { client } = await startEndpoint(t);
  const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
  const statusOf = (input: object) =>
    client.send(new GetObjectCommand({ Bucket, Key: "k", ...input })).then(
      (got) => got.$metadata.httpStatusCode,
      (error: { $metadata: { httpStatusCode: number } }) => error.$metadata.httpStatusCode,
    );
  const before = new Date(Date.now() - 60_000);
  const after = new Date(Date.now() + 60_000);
  assert.equal(await statusOf({ IfMatch: ETag }), 200);
  assert.equal(await statusOf({ IfMatch: '"0"' }), 412);
  assert.equal(await statusOf({ IfNoneMatch: ETag }), 304);
  assert.equal(await statusOf({ IfNoneMatch: '"0"' }), 200);
  assert.equal(await statusOf({ IfModifiedSince: before }), 200);
  assert.equal(await statusOf({ IfModifiedSince: after }), 304);
  assert.equal(await statusOf({ IfUnmodifiedSince: before }), 412);
  assert.equal(await statusOf({ IfUnmodifiedSince: after }), 200);
  assert.equal(await statusOf({ IfMatch: ETag, IfUnmodifiedSince: before }), 200);
  assert.equal(await statusOf({ IfNoneMatch: '"0"', IfModifiedSince: after }), 200);
});

test("a missing key is NoSuchKey, a missing bucket NoSuchBucket, and HEAD has no body", async (t) => {
  const { client, url } = await startEndpoint(t);
  await assert.rejects(client.send(new GetObjectCommand({ Bucket, Key: "none" })), { name: "NoSuchKey" });
  await assert.rejects(client.send(new GetObjectCommand({ Bucket: "none", Key: "k" })), {
    name: "NoSuchBucket",
  });
  await assert.rejects(client.send(new PutObjectCommand({ Bucket: "none", Key: "k", Body: "x" })), {
    name: "NoSuchBucket",
  });
  const head = await fetch(`${url}/uploads/none`, { method: "HEAD" });
  assert.equal(head.status, 404);
  assert.equal(await head.text(), "");
  assert.match(head.headers.get("x-amz-request-id") ?? "", /^[0-9A-F]{16}$/);
  const error = await (await fetch(`${url}/uploads/none%20%26?x-id=GetObject`)).text();
  assert.match(error, /<Code>NoSuchKey<\/Code>/);
  assert.match(error, /<Resource>\/uploads\/none%20%26<\/Resource>/);
});

test("deleting is idempotent and reading afterwards is NoSuchKey", async (t) => {
  const { client } = await startEndpoint(t);
  await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
  await client.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
  await client.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
  await assert.rejects(client.send(new GetObjectCommand({ Bucket, Key: "k" })), { name: "NoSuchKey" });
});

test("a presigned URL's query is accepted, and its response-* overrides are applied", async (t) => {
  const { client, url } = await startEndpoint(t);
  await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
  const query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00&response-content-type=text%2Fplain";
  const got = await fetch(`${url}/uploads/k?${query}`);
  assert.equal(got.status, 200);
  assert.equal(got.headers.get("content-type"), "text/plain");
});
