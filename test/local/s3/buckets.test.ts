import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from "@aws-sdk/client-s3";
import { bytesOf, startEndpoint } from "./harness.ts";

const Bucket = "uploads";

test("buckets are created, listed, found and deleted when empty", async (t) => {
  const { client } = await startEndpoint(t, { region: "eu-west-1" });
  const CreateBucketConfiguration = { LocationConstraint: "eu-west-1" } as const;
  await client.send(new CreateBucketCommand({ Bucket: "new-one", CreateBucketConfiguration }));
  await assert.rejects(client.send(new CreateBucketCommand({ Bucket: "new-one" })), {
    name: "BucketAlreadyOwnedByYou",
  });
  const { Buckets } = await client.send(new ListBucketsCommand({}));
  assert.deepEqual(
    Buckets?.map(({ Name }) => Name),
    ["new-one", "uploads"],
  );
  const head = await client.send(new HeadBucketCommand({ Bucket: "new-one" }));
  assert.equal(head.BucketRegion, "eu-west-1");
  const location = await client.send(new GetBucketLocationCommand({ Bucket: "new-one" }));
  assert.equal(location.LocationConstraint, "eu-west-1");
  await client.send(new PutObjectCommand({ Bucket: "new-one", Key: "k", Body: "x" }));
  await assert.rejects(client.send(new DeleteBucketCommand({ Bucket: "new-one" })), {
    name: "BucketNotEmpty",
  });
  await client.send(new DeleteObjectCommand({ Bucket: "new-one", Key: "k" }));
  await client.send(new DeleteBucketCommand({ Bucket: "new-one" }));
  await assert.rejects(client.send(new HeadBucketCommand({ Bucket: "new-one" })), { name: "NotFound" });
  await assert.rejects(client.send(new DeleteBucketCommand({ Bucket: "new-one" })), {
    name: "NoSuchBucket",
  });
});

test("names that are no bucket names are refused", async (t) => {
  const { url } = await startEndpoint(t);
  for (const name of ["ab", "Upper", "-start", "under_score", "a..b", "1.2.3.4", "x%2f..%2f..%2fy"]) {
    const answer = await fetch(`${url}/${name}`, { method: "PUT" });
    assert.equal(answer.status, 400, name);
    assert.match(await answer.text(), /<Code>InvalidBucketName<\/Code>/);
  }
});

test("many objects are deleted in one request, also with keys that XML must escape", async (t) => {
  const { client, events } = await startEndpoint(t);
  const keys = ["a", "b & <c>", "d\re", " f "];
  for (const Key of keys) await client.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
  const answer = await client.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: [...keys, "none"].map((Key) => ({ Key })) } }),
  );
  assert.equal(answer.Deleted?.length, 5);
  const { KeyCount } = await client.send(new ListObjectsV2Command({ Bucket }));
  assert.equal(KeyCount, 0);
  assert.equal(events.filter(({ eventName }) => eventName === "ObjectRemoved:Delete").length, 4);
});

test("tags are put, counted, replaced and deleted, and bad ones are InvalidTag", async (t) => {
  const { client } = await startEndpoint(t);
  const Key = "k";
  await client.send(new PutObjectCommand({ Bucket, Key, Body: "x", Tagging: "a=1&b=two+words" }));
  const tags = async () => (await client.send(new GetObjectTaggingCommand({ Bucket, Key }))).TagSet;
  assert.deepEqual(await tags(), [
    { Key: "a", Value: "1" },
    { Key: "b", Value: "two words" },
  ]);
  const putTags = (TagSet: { Key: string; Value: string }[]) =>
    client.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }));
  await putTags([{ Key: "label", Value: "<photo> & more" }]);
  assert.deepEqual(await tags(), [{ Key: "label", Value: "<photo> & more" }]);
  assert.equal((await client.send(new GetObjectCommand({ Bucket, Key }))).TagCount, 1);
  await assert.rejects(
    putTags([
      { Key: "a", Value: "1" },
      { Key: "a", Value: "2" },
    ]),
    { name: "InvalidTag" },
  );
  await assert.rejects(putTags([{ Key: "x".repeat(129), Value: "" }]), { name: "InvalidTag" });
  const eleven = Array.from({ length: 11 }, (_, n) => ({ Key: `${n}`, Value: "" }));
  await assert.rejects(putTags(eleven), { name: "InvalidTag" });
  await client.send(new DeleteObjectTaggingCommand({ Bucket, Key }));
  assert.deepEqual(await tags(), []);
  await assert.rejects(client.send(new GetObjectTaggingCommand({ Bucket, Key: "none" })), {
    name: "NoSuchKey",
  });
});

test("a versioned bucket keeps old versions, lays delete markers and names versions in events", async (t) => {
  const { client, events } = await startEndpoint(t, { buckets: [{ name: "uploads", versioning: true }] });
  const Key = "k";
  const first = await client.send(new PutObjectCommand({ Bucket, Key, Body: "1" }));
  const second = await client.send(new PutObjectCommand({ Bucket, Key, Body: "2" }));
  assert.ok(first.VersionId && second.VersionId && first.VersionId !== second.VersionId);
  assert.deepEqual(
    events.map(({ s3 }) => s3.object.versionId),
    [first.VersionId, second.VersionId],
  );
  const read = async (VersionId?: string) => {
    const got = await client.send(new GetObjectCommand({ Bucket, Key, ...(VersionId && { VersionId }) }));
    return (await bytesOf(got.Body)).toString();
  };
  assert.equal(await read(), "2");
  assert.equal(await read(first.VersionId), "1");
  const deleted = await client.send(new DeleteObjectCommand({ Bucket, Key }));
  assert.equal(deleted.DeleteMarker, true);
  assert.equal(events.at(-1)?.eventName, "ObjectRemoved:DeleteMarkerCreated");
  await assert.rejects(read(), { name: "NoSuchKey" });
  await assert.rejects(read(deleted.VersionId), { name: "MethodNotAllowed" });
  await assert.rejects(read("none"), { name: "NoSuchVersion" });
  assert.equal((await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 0);
  const all = await client.send(new ListObjectVersionsCommand({ Bucket }));
  assert.deepEqual(
    all.Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest]),
    [
      [second.VersionId, false],
      [first.VersionId, false],
    ],
  );
  assert.equal(all.DeleteMarkers?.[0]?.IsLatest, true);
  await assert.rejects(client.send(new DeleteBucketCommand({ Bucket })), { name: "BucketNotEmpty" });
  await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId: deleted.VersionId }));
  assert.equal(await read(), "2");
  await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId: second.VersionId }));
  assert.equal(await read(), "1");
});

test("versioning is enabled and suspended on request; then the version null is overwritten", async (t) => {
  const { client } = await startEndpoint(t);
  const Key = "k";
  const status = async () => (await client.send(new GetBucketVersioningCommand({ Bucket }))).Status;
  const set = (Status: "Enabled" | "Suspended") =>
    client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  assert.equal(await status(), undefined);
  await client.send(new PutObjectCommand({ Bucket, Key, Body: "null" }));
  await set("Enabled");
  await client.send(new PutObjectCommand({ Bucket, Key, Body: "v" }));
  await set("Suspended");
  assert.equal(await status(), "Suspended");
  await client.send(new PutObjectCommand({ Bucket, Key, Body: "null again" }));
  const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket }));
  assert.deepEqual(
    Versions?.map(({ VersionId, Size }) => [VersionId === "null", Size]),
    [
      [true, 10],
      [false, 1],
    ],
  );
});
