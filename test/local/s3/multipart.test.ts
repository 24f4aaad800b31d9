import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { bytesOf, type Endpoint, startEndpoint, temporaryFolder } from "./harness.ts";

const Bucket = "uploads";
const MIB = 1024 ** 2;

async function uploadParts(
  { client }: Endpoint,
  Key: string,
  bodies: readonly Buffer[],
  input: Partial<CreateMultipartUploadCommandInput> = {},
) {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...input }));
  const Parts = [];
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = index + 1;
    const ChecksumAlgorithm = input.ChecksumAlgorithm;
    const part = await client.send(
      new UploadPartCommand({
        Bucket,
        Key,
        UploadId,
        PartNumber,
        Body,
        ...(ChecksumAlgorithm && { ChecksumAlgorithm }),
      }),
    );
    Parts.push({ PartNumber, ETag: part.ETag });
  }
  return { UploadId, Parts };
}

test("a multipart upload becomes one object with an ETag md5-N and a composite checksum", async (t) => {
  const endpoint = await startEndpoint(t);
  const { client, events, dataDir } = endpoint;
  const bodies = [randomBytes(5 * MIB), randomBytes(5 * MIB + 1), randomBytes(10)];
  const { UploadId, Parts } = await uploadParts(endpoint, "big", bodies, {
    ContentType: "image/png",
    Metadata: { a: "b" },
    ChecksumAlgorithm: "SHA256",
  });
  assert.equal(events.length, 0);
  const listed = await client.send(new ListPartsCommand({ Bucket, Key: "big", UploadId, MaxParts: 2 }));
  assert.deepEqual(
    listed.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size]),
    [
      [1, 5 * MIB],
      [2, 5 * MIB + 1],
    ],
  );
  assert.equal(listed.IsTruncated, true);
  assert.equal(listed.NextPartNumberMarker, "2");
  const uploads = await client.send(new ListMultipartUploadsCommand({ Bucket }));
  assert.deepEqual(
    uploads.Uploads?.map((upload) => [upload.Key, upload.UploadId]),
    [["big", UploadId]],
  );

  const done = await client.send(
    new CompleteMultipartUploadCommand({ Bucket, Key: "big", UploadId, MultipartUpload: { Parts } }),
  );
  const md5s = bodies.map((body) => createHash("md5").update(body).digest());
  const eTag = `${createHash("md5").update(Buffer.concat(md5s)).digest("hex")}-3`;
  const sha256s = bodies.map((body) => createHash("sha256").update(body).digest());
  const checksum = `${createHash("sha256").update(Buffer.concat(sha256s)).digest("base64")}-3`;
  assert.equal(done.ETag, `"${eTag}"`);
  assert.equal(done.ChecksumSHA256, checksum);
  assert.equal(done.ChecksumType, "COMPOSITE");
  const got = await client.send(new GetObjectCommand({ Bucket, Key: "big", ChecksumMode: "ENABLED" }));
  assert.equal(got.ContentType, "image/png");
  assert.deepEqual(got.Metadata, { a: "b" });
  assert.equal(got.ChecksumSHA256, checksum);
  assert.ok((await bytesOf(got.Body)).equals(Buffer.concat(bodies)));
  const part = await client.send(new HeadObjectCommand({ Bucket, Key: "big", PartNumber: 2 }));
  assert.equal(part.ContentLength, 5 * MIB + 1);
  assert.equal(part.PartsCount, 3);

  assert.deepEqual(
    events.map(({ eventName, s3 }) => [eventName, s3.object.size, s3.object.eTag]),
    [["ObjectCreated:CompleteMultipartUpload", 10 * MIB + 11, eTag]],
  );
  assert.equal((await readdir(join(dataDir, "data"))).length, 1, "the parts are gone");
  assert.deepEqual(await readdir(join(dataDir, "uploads")), []);
  await assert.rejects(client.send(new ListPartsCommand({ Bucket, Key: "big", UploadId })), {
    name: "NoSuchUpload",
  });
});

test("a full-object CRC32 is computed over the whole, and a wrong one refused", async (t) => {
  const endpoint = await startEndpoint(t);
  const { client } = endpoint;
  const bodies = [randomBytes(5 * MIB), randomBytes(7)];
  const { UploadId, Parts } = await uploadParts(endpoint, "k", bodies, {
    ChecksumAlgorithm: "CRC32",
    ChecksumType: "FULL_OBJECT",
  });
  const whole = Buffer.alloc(4);
  whole.writeUInt32BE(crc32(Buffer.concat(bodies)));
  const complete = (ChecksumCRC32: string) =>
    client.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key: "k",
        UploadId,
        MultipartUpload: { Parts },
        ChecksumType: "FULL_OBJECT",
        ChecksumCRC32,
      }),
    );
  await assert.rejects(complete("AAAAAA=="), { name: "BadDigest" });
  const done = await complete(whole.toString("base64"));
  assert.equal(done.ChecksumCRC32, whole.toString("base64"));
  const got = await client.send(new GetObjectCommand({ Bucket, Key: "k", ChecksumMode: "ENABLED" }));
  assert.equal(got.ChecksumType, "FULL_OBJECT");
  assert.equal((await bytesOf(got.Body)).length, 5 * MIB + 7);
});

test("what S3 refuses at completion is refused, and the upload stays usable", async (t) => {
  const endpoint = await startEndpoint(t);
  const { client } = endpoint;
  const { UploadId, Parts } = await uploadParts(endpoint, "k", [randomBytes(100), randomBytes(100)]);
  const complete = (parts: { PartNumber: number; ETag: string | undefined }[], id = UploadId) =>
    client.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key: "k",
        UploadId: id,
        MultipartUpload: { Parts: parts },
      }),
    );
  await assert.rejects(complete(Parts), { name: "EntityTooSmall" });
  await assert.rejects(complete([...Parts].reverse()), { name: "InvalidPartOrder" });
  await assert.rejects(complete([{ PartNumber: 1, ETag: '"0"' }]), { name: "InvalidPart" });
  await assert.rejects(complete([{ PartNumber: 9, ETag: '"0"' }]), { name: "InvalidPart" });
  await assert.rejects(complete([]), { name: "MalformedXML" });
  await assert.rejects(complete(Parts, "no-such-id"), { name: "NoSuchUpload" });
  await complete(Parts.slice(1));
  const got = await client.send(new GetObjectCommand({ Bucket, Key: "k" }));
  assert.equal(got.ContentLength, 100);
});

test("aborting removes the parts, and of two completions one wins", async (t) => {
  const endpoint = await startEndpoint(t);
  const { client, dataDir, events } = endpoint;
  const first = await uploadParts(endpoint, "k", [randomBytes(10)]);
  await client.send(new AbortMultipartUploadCommand({ Bucket, Key: "k", UploadId: first.UploadId }));
  assert.deepEqual(await readdir(join(dataDir, "data")), []);
  const { UploadId, Parts } = await uploadParts(endpoint, "k", [randomBytes(10)]);
  const complete = () =>
    client.send(
      new CompleteMultipartUploadCommand({ Bucket, Key: "k", UploadId, MultipartUpload: { Parts } }),
    );
  const results = await Promise.allSettled([complete(), complete(), complete()]);
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  assert.equal(events.length, 1);
});

test("a part sent again replaces the first, and an upload outlives a restart", async (t) => {
  const dataDir = await temporaryFolder(t);
  const before = await startEndpoint(t, { dataDir });
  const { UploadId } = await uploadParts(before, "k", [Buffer.from("old")]);
  await before.close();
  const { client } = await startEndpoint(t, { dataDir });
  const part = await client.send(
    new UploadPartCommand({ Bucket, Key: "k", UploadId, PartNumber: 1, Body: "new" }),
  );
  const Parts = [{ PartNumber: 1, ETag: part.ETag }];
  await client.send(
    new CompleteMultipartUploadCommand({ Bucket, Key: "k", UploadId, MultipartUpload: { Parts } }),
  );
  const got = await client.send(new GetObjectCommand({ Bucket, Key: "k" }));
  assert.equal((await bytesOf(got.Body)).toString(), "new");
});

test("a part can be copied from a range of another object", async (t) => {
  const { client } = await startEndpoint(t);
  await client.send(new PutObjectCommand({ Bucket, Key: "source", Body: "0123456789" }));
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: "k" }));
  const copied = await client.send(
    new UploadPartCopyCommand({
      Bucket,
      Key: "k",
      UploadId,
      PartNumber: 1,
      CopySource: "uploads/source",
      CopySourceRange: "bytes=2-5",
    }),
  );
  const Parts = [{ PartNumber: 1, ETag: copied.CopyPartResult?.ETag }];
  await client.send(
    new CompleteMultipartUploadCommand({ Bucket, Key: "k", UploadId, MultipartUpload: { Parts } }),
  );
  const got = await client.send(new GetObjectCommand({ Bucket, Key: "k" }));
  assert.equal((await bytesOf(got.Body)).toString(), "2345");
});

test("conditions hold for a completion as for a put", async (t) => {
  const endpoint = await startEndpoint(t);
  const { client } = endpoint;
  await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
  const { UploadId, Parts } = await uploadParts(endpoint, "k", [randomBytes(10)]);
  await assert.rejects(
    client.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key: "k",
        UploadId,
        MultipartUpload: { Parts },
        IfNoneMatch: "*",
      }),
    ),
    { name: "PreconditionFailed" },
  );
});
