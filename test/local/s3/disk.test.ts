import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join, relative } from "node:path";
import { test } from "node:test";
import {
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { bytesOf, startEndpoint, temporaryFolder } from "./harness.ts";

const Bucket = "uploads";

const HOSTILE_KEYS = [
  "..",
  ".",
  "../../escape",
  "a/../../../escape",
  "/leading",
  "a//b",
  "trailing/",
  "/",
  "C:\\windows\\system32",
  "..\\..\\escape",
  "con",
  "nul\u0000byte",
  "new\nline\rreturn\ttab",
  "control\u0001\u007f",
  "percent%2F..%2F",
  "question?mark#hash&amp;",
  "日本語/ключ/😀",
  "e\u0301 is not \u00e9",
  "__proto__",
  "constructor",
  "x".repeat(1024),
  "é".repeat(512),
  `${"deep/".repeat(204)}end`,
];

test("every key that S3 allows keeps its own object, on disk inside the data folder only", async (t) => {
  const parent = await temporaryFolder(t);
  const dataDir = join(parent, "a", "b", "data");
  const first = await startEndpoint(t, { dataDir });
  // Over plain HTTP: SDKs and fetch normalise some of these paths themselves.
  const url = (key: string) => `/uploads/${encodeURIComponent(key)}`;
  for (const key of HOSTILE_KEYS) {
    const body = `body of ${key}`;
    const head = `PUT ${url(key)} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n`;
    const answer = await rawText(
      first.port,
      `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    assert.match(answer, /^HTTP\/1\.1 200 /, key);
  }
  await first.close();
  const { client, port } = await startEndpoint(t, { dataDir });
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket }));
  assert.deepEqual(Contents?.map(({ Key }) => Key).sort(), [...HOSTILE_KEYS].sort());
  for (const key of HOSTILE_KEYS) {
    const answer = await rawText(
      port,
      `GET ${url(key)} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
    );
    assert.ok(answer.endsWith(`\r\n\r\nbody of ${key}`), key);
  }
  const files = await readdir(parent, { recursive: true, withFileTypes: true });
  for (const file of files) {
    if (file.isFile()) assert.ok(!relative(dataDir, join(file.parentPath, file.name)).startsWith(".."));
  }
  const leaves = files.filter((file) => file.isFile()).map(({ name }) => name);
  assert.ok(leaves.every((name) => /^([0-9a-f-]{36}|[0-9a-f]{64}\.json|bucket\.json|sequencer)$/.test(name)));
});

async function rawText(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(text);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

test("a bucket name of dots is refused, however it is spelt", async (t) => {
  const { port } = await startEndpoint(t);
  for (const name of ["..", "%2e%2e", "..%2f..%2fescape", "."]) {
    const head = `PUT /${name} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
    assert.match(await rawText(port, head), /^HTTP\/1\.1 400 [\s\S]*<Code>InvalidBucketName/);
  }
});

test("a restart keeps objects with metadata, tags and checksums", async (t) => {
  const dataDir = await temporaryFolder(t);
  const first = await startEndpoint(t, { dataDir });
  await first.client.send(
    new PutObjectCommand({
      Bucket,
      Key: "k",
      Body: "bytes",
      ContentType: "image/png",
      Metadata: { a: "1" },
      Tagging: "t=1",
      ChecksumAlgorithm: "SHA256",
    }),
  );
  await first.close();
  const { client } = await startEndpoint(t, { dataDir });
  const got = await client.send(new GetObjectCommand({ Bucket, Key: "k", ChecksumMode: "ENABLED" }));
  assert.equal((await bytesOf(got.Body)).toString(), "bytes");
  assert.equal(got.ContentType, "image/png");
  assert.deepEqual(got.Metadata, { a: "1" });
  assert.ok(got.ChecksumSHA256);
  const { TagSet } = await client.send(new GetObjectTaggingCommand({ Bucket, Key: "k" }));
  assert.deepEqual(TagSet, [{ Key: "t", Value: "1" }]);
});

test("what a killed server left half-written is swept at the next start", async (t) => {
  const dataDir = await temporaryFolder(t);
  const first = await startEndpoint(t, { dataDir });
  await first.client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "bytes" }));
  await first.close();
  await writeFile(join(dataDir, "data", "half-written"), "half");
  await writeFile(join(dataDir, "buckets", Bucket, "objects", "0.json.new"), '{"key":');
  await writeFile(join(dataDir, "uploads", "0.json.new"), '{"id":');
  const { client } = await startEndpoint(t, { dataDir });
  assert.equal((await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 1);
  assert.equal((await readdir(join(dataDir, "data"))).length, 1);
  assert.equal((await readdir(join(dataDir, "buckets", Bucket, "objects"))).length, 1);
  assert.deepEqual(await readdir(join(dataDir, "uploads")), []);
});

test("overwriting a key frees the old bytes", async (t) => {
  const { client, dataDir } = await startEndpoint(t);
  for (let n = 0; n < 5; n++) await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: `${n}` }));
  assert.equal((await readdir(join(dataDir, "data"))).length, 1);
});
