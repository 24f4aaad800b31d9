import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CopyObjectCommand,
  DeleteObjectAnnotationCommand,
  DeleteObjectCommand,
  GetObjectAnnotationCommand,
  ListObjectAnnotationsCommand,
  PutObjectAnnotationCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { startEndpoint, temporaryFolder } from "./harness.ts";

const Bucket = "uploads";
const Key = "a b/ü.jpg";
const object = { Bucket, Key };

const annotate = (
  client: S3Client,
  AnnotationName: string,
  AnnotationPayload: string | Uint8Array,
  others = {},
) => client.send(new PutObjectAnnotationCommand({ ...object, AnnotationName, AnnotationPayload, ...others }));

async function read(client: S3Client, AnnotationName: string, others = {}): Promise<string | undefined> {
  const command = new GetObjectAnnotationCommand({
    ...object,
    AnnotationName,
    ChecksumMode: "ENABLED",
    ...others,
  });
  return (await client.send(command)).AnnotationPayload?.transformToString();
}

test("an annotation is written, read with its checksum, replaced, listed and deleted", async (t) => {
  const { client } = await startEndpoint(t);
  const { ETag } = await client.send(new PutObjectCommand({ ...object, Body: "bytes" }));
  const put = await annotate(client, "classification", '{"label": "é"}');
  assert.equal(put.AnnotationName, "classification");
  assert.equal(put.Key, Key);
  assert.match(String(put.ETag), /^"[0-9a-f]{32}"$/);
  assert.equal(await read(client, "classification"), '{"label": "é"}');
  await annotate(client, "classification", "again", { ObjectIfMatch: ETag });
  await annotate(client, "other.name-1", "x", { ChecksumAlgorithm: "SHA256" });
  const { Annotations = [], AnnotationCount } = await client.send(new ListObjectAnnotationsCommand(object));
  assert.equal(AnnotationCount, 2);
  assert.deepEqual(
    Annotations.map(({ AnnotationName, Size, ChecksumAlgorithm }) => [
      AnnotationName,
      Size,
      ChecksumAlgorithm,
    ]),
    [
      ["classification", 5, ["CRC32"]],
      ["other.name-1", 1, ["SHA256"]],
    ],
  );
  assert.ok(Annotations[0]?.LastModified instanceof Date);
  await client.send(new DeleteObjectAnnotationCommand({ ...object, AnnotationName: "classification" }));
  await assert.rejects(read(client, "classification"), { name: "NoSuchAnnotation" });
  await assert.rejects(
    client.send(new DeleteObjectAnnotationCommand({ ...object, AnnotationName: "classification" })),
    { name: "NoSuchAnnotation" },
  );
});

test("annotations are listed by prefix and in pages", async (t) => {
  const { client } = await startEndpoint(t);
  await client.send(new PutObjectCommand({ ...object, Body: "bytes" }));
  for (const name of ["b2", "a", "b1", "b3"]) await annotate(client, name, name);
  const names: (string | undefined)[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(
      new ListObjectAnnotationsCommand({
        ...object,
        AnnotationPrefix: "b",
        MaxAnnotationResults: 2,
        ContinuationToken,
      }),
    );
    names.push(...(page.Annotations ?? []).map(({ AnnotationName }) => AnnotationName));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  assert.deepEqual(names, ["b1", "b2", "b3"]);
});

test("an annotation belongs to one version, and to those bytes on condition", async (t) => {
  const { client } = await startEndpoint(t, { buckets: [{ name: Bucket, versioning: true }] });
  const older = await client.send(new PutObjectCommand({ ...object, Body: "older" }));
  const newer = await client.send(new PutObjectCommand({ ...object, Body: "newer" }));
  const { VersionId } = older;
  const put = await annotate(client, "n", "of the older", { VersionId, ObjectIfMatch: older.ETag });
  assert.equal(put.ObjectVersionId, VersionId);
  await assert.rejects(read(client, "n"), { name: "NoSuchAnnotation" });
  assert.equal(await read(client, "n", { VersionId }), "of the older");
  const wrong = { VersionId, ObjectIfMatch: newer.ETag };
  await assert.rejects(annotate(client, "n", "wrong", wrong), { name: "PreconditionFailed" });
  await client.send(new DeleteObjectCommand({ ...object, VersionId }));
  await assert.rejects(read(client, "n", { VersionId }), { name: "NoSuchVersion" });
  await assert.rejects(annotate(client, "n", "x", { VersionId }), { name: "NoSuchVersion" });
});

test("an overwritten or deleted object without versions takes its annotations along", async (t) => {
  const { client } = await startEndpoint(t);
  await client.send(new PutObjectCommand({ ...object, Body: "older" }));
  await annotate(client, "n", "x");
  await client.send(new PutObjectCommand({ ...object, Body: "newer" }));
  await assert.rejects(read(client, "n"), { name: "NoSuchAnnotation" });
  await client.send(new DeleteObjectCommand(object));
  await assert.rejects(annotate(client, "n", "x"), { name: "NoSuchKey" });
});

test("a copy takes annotations along unless they are excluded", async (t) => {
  const { client } = await startEndpoint(t);
  await client.send(new PutObjectCommand({ ...object, Body: "bytes" }));
  await annotate(client, "n", "x");
  const CopySource = `${Bucket}/${encodeURIComponent(Key)}`;
  await client.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource }));
  await client.send(
    new CopyObjectCommand({ Bucket, Key: "bare", CopySource, AnnotationDirective: "EXCLUDE" }),
  );
  await client.send(new DeleteObjectCommand(object));
  assert.equal(await read(client, "n", { Key: "copy" }), "x");
  await assert.rejects(read(client, "n", { Key: "bare" }), { name: "NoSuchAnnotation" });
});

test("names, sizes and text are held to S3's limits, and checksums are checked", async (t) => {
  const { client } = await startEndpoint(t);
  await client.send(new PutObjectCommand({ ...object, Body: "bytes" }));
  const refused: readonly (readonly [string, string, string | Uint8Array, object?])[] = [
    ["InvalidAnnotationName", "with blank", "x"],
    ["InvalidAnnotationName", "aws.mine", "x"],
    ["AnnotationNameTooLong", "n".repeat(513), "x"],
    ["InvalidRequest", "n", ""],
    ["EntityTooLarge", "n", "x".repeat(2 ** 20 + 1)],
    ["UnsupportedMediaType", "n", Uint8Array.of(0xff, 0xfe)],
    ["BadDigest", "n", "x", { ChecksumCRC32: "AAAAAA==" }],
  ];
  for (const [name, annotation, payload, others] of refused) {
    await assert.rejects(annotate(client, annotation, payload, others), { name }, name);
  }
  await annotate(client, "n".repeat(512), "x".repeat(2 ** 20));
  await client.send(new DeleteObjectAnnotationCommand({ ...object, AnnotationName: "n".repeat(512) }));
});

test("annotations are announced by names of their own, and survive a restart", async (t) => {
  const dataDir = await temporaryFolder(t);
  const first = await startEndpoint(t, { dataDir });
  await first.client.send(new PutObjectCommand({ ...object, Body: "bytes" }));
  await annotate(first.client, "n", "x");
  assert.deepEqual(
    first.events.map(({ eventName }) => eventName),
    ["ObjectCreated:Put", "ObjectAnnotation:Put"],
  );
  await first.close();
  const { client } = await startEndpoint(t, { dataDir });
  assert.equal(await read(client, "n"), "x");
});
