import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { startEndpoint } from "./harness.ts";

const Bucket = "uploads";

async function put(client: S3Client, keys: readonly string[]): Promise<void> {
  for (const Key of keys) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
}

/** All pages of a listing: keys and prefixes in the order of their arrival. */
async function listAll(client: S3Client, input: Partial<ListObjectsV2CommandInput>) {
  const keys: string[] = [];
  const prefixes: string[] = [];
  let pages = 0;
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket, ...input, ...(ContinuationToken && { ContinuationToken }) }),
    );
    pages += 1;
    assert.equal(page.KeyCount, (page.Contents?.length ?? 0) + (page.CommonPrefixes?.length ?? 0));
    keys.push(...(page.Contents ?? []).map(({ Key }) => String(Key)));
    prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => String(Prefix)));
    assert.equal(page.IsTruncated, page.NextContinuationToken !== undefined);
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return { keys, prefixes, pages };
}

test("keys are listed in the order of their UTF-8 bytes", async (t) => {
  const { client } = await startEndpoint(t);
  // In UTF-16 the emoji (a surrogate pair) would sort before U+FF5E.
  const keys = ["B", "a", "a/", "a/b", "a0", "é", "\uff5e", "😀"];
  await put(client, [...keys].reverse());
  assert.deepEqual((await listAll(client, {})).keys, keys);
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: "a/b" }));
  assert.equal(Contents?.length, 1);
  assert.equal(Contents?.[0]?.Size, 3);
  assert.equal(Contents?.[0]?.StorageClass, "STANDARD");
  assert.match(String(Contents?.[0]?.ETag), /^"[0-9a-f]{32}"$/);
});

test("pages of any size give every key and common prefix exactly once", async (t) => {
  const { client } = await startEndpoint(t);
  const keys = ["a/1", "a/2", "a/3", "b", "c/1", "c/d/1", "c/d/2", "e"];
  await put(client, keys);
  for (let MaxKeys = 1; MaxKeys <= 9; MaxKeys++) {
    assert.deepEqual((await listAll(client, { MaxKeys })).keys, keys);
    const grouped = await listAll(client, { MaxKeys, Delimiter: "/" });
    assert.deepEqual(grouped.keys, ["b", "e"]);
    assert.deepEqual(grouped.prefixes, ["a/", "c/"]);
    assert.equal(grouped.pages, Math.ceil(4 / MaxKeys));
    const inside = await listAll(client, { MaxKeys, Delimiter: "/", Prefix: "c/" });
    assert.deepEqual([inside.keys, inside.prefixes], [["c/1"], ["c/d/"]]);
  }
  assert.deepEqual((await listAll(client, { StartAfter: "b" })).keys, ["c/1", "c/d/1", "c/d/2", "e"]);
  const none = await client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }));
  assert.deepEqual([none.KeyCount, none.IsTruncated], [0, false]);
});

test("version 1 of the listing pages by marker", async (t) => {
  const { client } = await startEndpoint(t);
  await put(client, ["a/1", "a/2", "b", "c/1", "d"]);
  const seen: (string | undefined)[] = [];
  let Marker: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsCommand({ Bucket, Delimiter: "/", MaxKeys: 1, ...(Marker && { Marker }) }),
    );
    seen.push(page.Contents?.[0]?.Key ?? page.CommonPrefixes?.[0]?.Prefix);
    Marker = page.NextMarker;
  } while (Marker);
  assert.deepEqual(seen, ["a/", "b", "c/", "d"]);
});

test("encoding-type=url encodes keys, prefixes and delimiters", async (t) => {
  const { client } = await startEndpoint(t);
  await put(client, ["my pictures/é&<>\n\u0001.jpg"]);
  const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix: "my ", EncodingType: "url" }));
  assert.equal(page.Contents?.[0]?.Key, "my+pictures/%C3%A9%26%3C%3E%0A%01.jpg");
  assert.equal(page.Prefix, "my+");
});

test("plain listings carry keys that XML must escape", async (t) => {
  const { client } = await startEndpoint(t);
  const keys = [" lead and trail ", "&amp;", "<k>", "a\rb", "quote\"'"];
  await put(client, keys);
  assert.deepEqual((await listAll(client, {})).keys, keys);
});

test("a bad max-keys or token is InvalidArgument", async (t) => {
  const { url } = await startEndpoint(t);
  for (const query of ["max-keys=-1", "max-keys=x", "max-keys=", "continuation-token=xx"]) {
    const answer = await fetch(`${url}/uploads?list-type=2&${query}`);
    assert.equal(answer.status, 400, query);
    assert.match(await answer.text(), /<Code>InvalidArgument<\/Code>/);
  }
});
