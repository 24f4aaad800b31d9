import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CopyObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { bytesOf, startEndpoint } from "./harness.ts";

const Bucket = "uploads";

test("a copy keeps bytes, headers, metadata and tags, and is announced as a copy", async (t) => {
  const { client, events } = await startEndpoint(t, { buckets: ["uploads", "other"] });
  const put = await client.send(
    new PutObjectCommand({
      Bucket,
      Key: "a b/ü+?.jpg",
      Body: "bytes",
      ContentType: "image/jpeg",
      Metadata: { a: "1" },
      Tagging: "t=1",
    }),
  );
  const CopySource = encodeURIComponent("uploads/a b/ü+?.jpg");
  const copied = await client.send(new CopyObjectCommand({ Bucket: "other", Key: "copy", CopySource }));
  assert.equal(copied.CopyObjectResult?.ETag, put.ETag);
  assert.equal(copied.CopyObjectResult?.ChecksumCRC32, put.ChecksumCRC32);
  const got = await client.send(new GetObjectCommand({ Bucket: "other", Key: "copy" }));
  assert.equal((await bytesOf(got.Body)).toString(), "bytes");
  assert.equal(got.ContentType, "image/jpeg");
  assert.deepEqual(got.Metadata, { a: "1" });
  const tags = await client.send(new GetObjectTaggingCommand({ Bucket: "other", Key: "copy" }));
  assert.deepEqual(tags.TagSet, [{ Key: "t", Value: "1" }]);
  assert.equal(events.at(-1)?.eventName, "ObjectCreated:Copy");
  assert.equal(events.at(-1)?.s3.bucket.name, "other");
});

test("REPLACE takes headers and tags from the request, and lets an object be copied to itself", async (t) => {
  const { client } = await startEndpoint(t);
  await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x", Metadata: { a: "1" } }));
  const CopySource = "/uploads/k";
  await assert.rejects(client.send(new CopyObjectCommand({ Bucket, Key: "k", CopySource })), {
    name: "InvalidRequest",
  });
  await client.send(
    new CopyObjectCommand({
      Bucket,
      Key: "k",
      CopySource,
      MetadataDirective: "REPLACE",
      Metadata: { b: "2" },
      ContentType: "text/plain",
      TaggingDirective: "REPLACE",
      Tagging: "x=y",
    }),
  );
  const got = await client.send(new GetObjectCommand({ Bucket, Key: "k" }));
  assert.deepEqual(got.Metadata, { b: "2" });
  assert.equal(got.ContentType, "text/plain");
  assert.equal(got.TagCount, 1);
  assert.equal((await bytesOf(got.Body)).toString(), "x");
});

test("conditions on the source and a missing source are answered as S3 does", async (t) => {
  const { client } = await startEndpoint(t);
  const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
  const copy = (input: object) =>
    client.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource: "uploads/k", ...input }));
  await assert.rejects(copy({ CopySourceIfMatch: '"0"' }), { name: "PreconditionFailed" });
  await assert.rejects(copy({ CopySourceIfNoneMatch: ETag }), { name: "PreconditionFailed" });
  await assert.rejects(copy({ CopySource: "uploads/none" }), { name: "NoSuchKey" });
  await assert.rejects(copy({ CopySource: "none/k" }), { name: "NoSuchBucket" });
  await assert.rejects(copy({ CopySource: "nonsense" }), { name: "InvalidArgument" });
  await copy({ CopySourceIfMatch: ETag });
});
