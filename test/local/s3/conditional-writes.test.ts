import assert from "node:assert/strict";
import { test } from "node:test";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { bytesOf, startEndpoint } from "./harness.ts";

const Bucket = "uploads";
const Key = "k";

test("of many racing If-None-Match puts exactly one wins, and its bytes are what is read", async (t) => {
  const { client, events } = await startEndpoint(t);
  for (let round = 0; round < 3; round++) {
    const key = `race-${round}`;
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) =>
        client.send(new PutObjectCommand({ Bucket, Key: key, Body: `writer ${n}`, IfNoneMatch: "*" })),
      ),
    );
    const winners = results.flatMap(({ status }, n) => (status === "fulfilled" ? [n] : []));
    assert.equal(winners.length, 1);
    for (const result of results) {
      if (result.status === "rejected") assert.equal(result.reason.name, "PreconditionFailed");
    }
    const got = await client.send(new GetObjectCommand({ Bucket, Key: key }));
    assert.equal((await bytesOf(got.Body)).toString(), `writer ${winners[0]}`);
    assert.equal(events.length, round + 1);
  }
});

test("of many racing If-Match puts on one ETag exactly one wins", async (t) => {
  const { client } = await startEndpoint(t);
  const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key, Body: "first" }));
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) =>
      client.send(new PutObjectCommand({ Bucket, Key, Body: `writer ${n}`, IfMatch: ETag })),
    ),
  );
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
});

test("If-Match on a missing key is NoSuchKey, on another ETag PreconditionFailed", async (t) => {
  const { client } = await startEndpoint(t);
  const put = (IfMatch: string) => client.send(new PutObjectCommand({ Bucket, Key, Body: "x", IfMatch }));
  await assert.rejects(put('"0"'), { name: "NoSuchKey" });
  await client.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
  await assert.rejects(put('"0"'), { name: "PreconditionFailed", Condition: "If-Match" });
});

test("If-None-Match with an ETag is NotImplemented for a put, as in S3", async (t) => {
  const { client } = await startEndpoint(t);
  const put = new PutObjectCommand({ Bucket, Key, Body: "x", IfNoneMatch: '"0"' });
  await assert.rejects(client.send(put), { name: "NotImplemented" });
});

test("readers during overwrites always see one whole version", async (t) => {
  const { client } = await startEndpoint(t);
  const body = (n: number) => Buffer.alloc(100_000, n);
  await client.send(new PutObjectCommand({ Bucket, Key, Body: body(0) }));
  const write = async () => {
    for (let n = 1; n <= 10; n++) await client.send(new PutObjectCommand({ Bucket, Key, Body: body(n) }));
  };
  let done = false;
  const read = async () => {
    while (!done) {
      const got = await client.send(new GetObjectCommand({ Bucket, Key }));
      const bytes = await bytesOf(got.Body);
      assert.ok(bytes.equals(body(bytes[0] ?? 255)));
    }
  };
  const readers = [read(), read(), read()];
  await write();
  done = true;
  await Promise.all(readers);
});
