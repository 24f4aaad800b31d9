import assert from "node:assert/strict";
import { test } from "node:test";
import {
  GetBucketAclCommand,
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetObjectAclCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { startEndpoint } from "./harness.ts";

const Bucket = "uploads";

test("what clients probe of a bucket is as S3 answers for a new one", async (t) => {
  const { client } = await startEndpoint(t);
  const { Owner, Grants } = await client.send(new GetBucketAclCommand({ Bucket }));
  assert.equal(Grants?.[0]?.Permission, "FULL_CONTROL");
  assert.equal(Grants?.[0]?.Grantee?.Type, "CanonicalUser");
  assert.equal(Grants?.[0]?.Grantee?.ID, Owner?.ID);
  const encryption = await client.send(new GetBucketEncryptionCommand({ Bucket }));
  const [rule] = encryption.ServerSideEncryptionConfiguration?.Rules ?? [];
  assert.equal(rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm, "AES256");
  const notification = await client.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
  assert.equal(notification.QueueConfigurations, undefined);
  const access = await client.send(new GetPublicAccessBlockCommand({ Bucket }));
  assert.equal(access.PublicAccessBlockConfiguration?.BlockPublicPolicy, true);
});

test("a setting that was never made is missing by S3's own code, and no bucket has settings that is none", async (t) => {
  const { client } = await startEndpoint(t);
  for (const [command, name] of [
    [GetBucketPolicyCommand, "NoSuchBucketPolicy"],
    [GetBucketCorsCommand, "NoSuchCORSConfiguration"],
    [GetBucketTaggingCommand, "NoSuchTagSet"],
    [GetBucketLifecycleConfigurationCommand, "NoSuchLifecycleConfiguration"],
  ] as const) {
    // Each of the classes has the same shape; the union of them cannot be constructed.
    const Command = command as typeof GetBucketPolicyCommand;
    await assert.rejects(client.send(new Command({ Bucket })), { name });
    await assert.rejects(client.send(new Command({ Bucket: "none" })), { name: "NoSuchBucket" });
  }
});

test("attributes of an object are told without its bytes", async (t) => {
  const { client } = await startEndpoint(t);
  const put = await client.send(
    new PutObjectCommand({ Bucket, Key: "k", Body: "hello", ChecksumAlgorithm: "SHA256" }),
  );
  const attributes = await client.send(
    new GetObjectAttributesCommand({
      Bucket,
      Key: "k",
      ObjectAttributes: ["ETag", "Checksum", "ObjectSize", "StorageClass", "ObjectParts"],
    }),
  );
  assert.equal(attributes.ETag, put.ETag?.replaceAll('"', ""));
  assert.equal(attributes.ObjectSize, 5);
  assert.equal(attributes.StorageClass, "STANDARD");
  assert.equal(attributes.Checksum?.ChecksumSHA256, put.ChecksumSHA256);
  assert.equal(attributes.ObjectParts, undefined);
  assert.ok(attributes.LastModified);
  const some = await client.send(
    new GetObjectAttributesCommand({ Bucket, Key: "k", ObjectAttributes: ["ObjectSize"] }),
  );
  assert.deepEqual([some.ObjectSize, some.ETag], [5, undefined]);
  await assert.rejects(
    client.send(new GetObjectAttributesCommand({ Bucket, Key: "k", ObjectAttributes: ["Colour" as "ETag"] })),
    { name: "InvalidArgument" },
  );
  await assert.rejects(
    client.send(new GetObjectAttributesCommand({ Bucket, Key: "none", ObjectAttributes: ["ETag"] })),
    { name: "NoSuchKey" },
  );
  const acl = await client.send(new GetObjectAclCommand({ Bucket, Key: "k" }));
  assert.equal(acl.Grants?.length, 1);
});

test("buckets can be listed by prefix", async (t) => {
  const { client } = await startEndpoint(t, { buckets: ["uploads", "results", "uploads-2"] });
  const names = async (Prefix?: string) =>
    (await client.send(new ListBucketsCommand({ Prefix }))).Buckets?.map(({ Name }) => Name) ?? [];
  assert.deepEqual((await names("uploads")).sort(), ["uploads", "uploads-2"]);
  assert.deepEqual(await names("none"), []);
  assert.equal((await names()).length, 3);
});

test("a 304 has no checksum, which clients would check against the bytes that it lacks", async (t) => {
  const { client, url } = await startEndpoint(t);
  const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "hello" }));
  assert.ok(ETag);
  for (const method of ["GET", "HEAD"]) {
    const headers = { "if-none-match": ETag, "x-amz-checksum-mode": "ENABLED" };
    const answer = await fetch(`${url}/uploads/k`, { method, headers });
    assert.equal(answer.status, 304);
    assert.deepEqual(
      [...answer.headers.keys()].filter((name) => name.startsWith("x-amz-checksum")),
      [],
    );
  }
  await assert.rejects(
    client.send(new GetObjectCommand({ Bucket, Key: "k", IfNoneMatch: ETag })),
    (error) => {
      const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
      return $metadata?.httpStatusCode === 304;
    },
  );
});
