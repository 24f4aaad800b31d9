import assert from "node:assert/strict";
import { test } from "node:test";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { startEndpoint, temporaryFolder } from "./harness.ts";

const Bucket = "uploads";

test("a put is announced as a notification record of S3", async (t) => {
  const { client, events } = await startEndpoint(t, { region: "eu-west-1" });
  const put = await client.send(new PutObjectCommand({ Bucket, Key: "k.jpg", Body: "12345" }));
  const [record, ...more] = events;
  assert.equal(more.length, 0);
  assert.ok(record);
  assert.match(record.eventTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.match(record.s3.object.sequencer, /^[0-9A-F]{18}$/);
  assert.deepEqual(record, {
    eventVersion: "2.1",
    eventSource: "aws:s3",
    awsRegion: "eu-west-1",
    eventTime: record.eventTime,
    eventName: "ObjectCreated:Put",
    userIdentity: { principalId: "LOCAL" },
    requestParameters: { sourceIPAddress: "127.0.0.1" },
    responseElements: { "x-amz-request-id": put.$metadata.requestId, "x-amz-id-2": "local" },
    s3: {
      s3SchemaVersion: "1.0",
      configurationId: "local",
      bucket: { name: "uploads", ownerIdentity: { principalId: "LOCAL" }, arn: "arn:aws:s3:::uploads" },
      object: {
        key: "k.jpg",
        size: 5,
        eTag: "827ccb0eea8a706c4c34a16891f84e7b",
        sequencer: record.s3.object.sequencer,
      },
    },
  });
});

test("keys are URL-encoded in records as S3 encodes them", async (t) => {
  const { client, events } = await startEndpoint(t);
  for (const [Key, encoded] of [
    ["my pictures/café #1.jpg", "my+pictures/caf%C3%A9+%231.jpg"],
    ["a+b (1)~'!*.jpg", "a%2Bb+%281%29%7E%27%21*.jpg"],
    ["日本/😀.png", "%E6%97%A5%E6%9C%AC/%F0%9F%98%80.png"],
    ["100%25.jpg", "100%2525.jpg"],
  ] as const) {
    await client.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
    const key = events.at(-1)?.s3.object.key;
    assert.equal(key, encoded);
    assert.equal(decodeURIComponent(String(key).replaceAll("+", " ")), Key);
  }
});

test("sequencers increase with every change and across restarts, also when all objects are gone", async (t) => {
  const dataDir = await temporaryFolder(t);
  const seen: string[] = [];
  for (let round = 0; round < 3; round++) {
    const { client, events, close } = await startEndpoint(t, { dataDir });
    for (let n = 0; n < 3; n++) await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: `${n}` }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
    await close();
    seen.push(...events.map((record) => record.s3.object.sequencer));
  }
  assert.equal(seen.length, 12);
  assert.deepEqual(seen, [...new Set(seen)].sort());
});

test("a delete is announced once, without size and ETag, and a delete of nothing is not", async (t) => {
  const { client, events } = await startEndpoint(t);
  await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
  await client.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
  await client.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
  assert.deepEqual(
    events.map(({ eventName }) => eventName),
    ["ObjectCreated:Put", "ObjectRemoved:Delete"],
  );
  assert.deepEqual(Object.keys(events[1]?.s3.object ?? {}), ["key", "sequencer"]);
});

test("a refused write is not announced", async (t) => {
  const { client, events } = await startEndpoint(t);
  await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
  const again = new PutObjectCommand({ Bucket, Key: "k", Body: "y", IfNoneMatch: "*" });
  await assert.rejects(client.send(again), { name: "PreconditionFailed" });
  await assert.rejects(
    client.send(
      new PutObjectCommand({ Bucket, Key: "l", Body: "y", ContentMD5: "CY9rzUYh03PK3k6DJie09g==" }),
    ),
    {
      name: "BadDigest",
    },
  );
  assert.equal(events.length, 1);
});
