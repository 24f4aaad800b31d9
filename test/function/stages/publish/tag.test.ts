import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { GetObjectTaggingCommand, PutObjectTaggingCommand } from "@aws-sdk/client-s3";
import { classifiedResult } from "../../../../src/function/result.ts";
import { tagUpload } from "../../../../src/function/stages/publish/tag.ts";
import { recordS3 } from "../s3-requests.ts";

const { signal } = new AbortController();

function labelled(label: string) {
  const source = { bucket: "uploads", key: "k" };
  const origin = {
    model: { name: "m", sha256: "0".repeat(64), fingerprint: "0".repeat(64) },
    requestId: "r",
  };
  return classifiedResult(origin, source, {
    image: { format: "png", width: 1, height: 1 },
    predictions: [{ label, index: 0, score: 0.98765 }],
    timingsMs: { fetch: 0, decode: 0, normalize: 0, infer: 0, rank: 0 },
  });
}

async function start(t: TestContext) {
  const running = await recordS3(t);
  const { client } = running.endpoint;
  return {
    ...running,
    client,
    async tags() {
      const { TagSet = [] } = await client.send(new GetObjectTaggingCommand({ Bucket: "uploads", Key: "k" }));
      return Object.fromEntries(TagSet.map(({ Key, Value }) => [Key, Value]));
    },
  };
}

test("the upload is tagged with label and score, its other tags stay, and former ones of ours go", async (t) => {
  const { put, client, s3, tags } = await start(t);
  await put("uploads", "k", "bytes");
  const TagSet = [
    { Key: "project", Value: "x" },
    { Key: "label", Value: "old" },
  ];
  await client.send(new PutObjectTaggingCommand({ Bucket: "uploads", Key: "k", Tagging: { TagSet } }));
  await tagUpload(s3, labelled("photo"), signal);
  assert.deepEqual(await tags(), { project: "x", label: "photo", score: "0.9877" });
});

test("characters that S3 does not allow in a tag become _, and long labels are cut", async (t) => {
  const { put, s3, tags } = await start(t);
  await put("uploads", "k", "bytes");
  await tagUpload(s3, labelled(`é, (2) & "x"`), signal);
  assert.equal((await tags()).label, "é_ _2_ _ _x_");
  await tagUpload(s3, labelled("l".repeat(300)), signal);
  assert.equal((await tags()).label, "l".repeat(256));
});

test("an upload that was deleted meanwhile is not missed", async (t) => {
  const { s3 } = await start(t);
  assert.equal(await tagUpload(s3, labelled("photo"), signal), undefined);
});

test("an upload that cannot be tagged says why, and fails nothing", async (t) => {
  const { put, s3, endpoint } = await start(t);
  await put("uploads", "k", "bytes");
  endpoint.setFault({ kind: "status", status: 403, code: "AccessDenied" });
  const warning = await tagUpload(s3, labelled("photo"), signal);
  assert.match(String(warning), /^s3:\/\/uploads\/k was not tagged: AccessDenied/);
});

test("an upload with ten tags of its own keeps them and gets no other", async (t) => {
  const { put, client, s3, tags } = await start(t);
  await put("uploads", "k", "bytes");
  const TagSet = Array.from({ length: 10 }, (_, i) => ({ Key: `own${i}`, Value: "x" }));
  await client.send(new PutObjectTaggingCommand({ Bucket: "uploads", Key: "k", Tagging: { TagSet } }));
  assert.match(String(await tagUpload(s3, labelled("photo"), signal)), /not tagged/);
  assert.equal(Object.keys(await tags()).length, 10);
});

test("tags named like what every object has stay", async (t) => {
  const { put, client, s3, tags } = await start(t);
  await put("uploads", "k", "bytes");
  const TagSet = ["constructor", "toString"].map((Key) => ({ Key, Value: "mine" }));
  await client.send(new PutObjectTaggingCommand({ Bucket: "uploads", Key: "k", Tagging: { TagSet } }));
  assert.equal(await tagUpload(s3, labelled("photo"), signal), undefined);
  const { label, score, ...others } = await tags();
  assert.deepEqual([label, score, others], ["photo", "0.9877", { constructor: "mine", toString: "mine" }]);
});
