import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { startEndpoint, temporaryFolder } from "./harness.ts";

const run = promisify(execFile);
const skip = isInstalled() ? false : "the aws command line is not installed";

function isInstalled(): boolean {
  try {
    execFileSync("aws", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** `aws` against a fresh endpoint, in a folder of its own and without the user's configuration. */
async function startAws(t: TestContext) {
  const endpoint = await startEndpoint(t);
  const folder = await temporaryFolder(t);
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_MAX_ATTEMPTS: "1",
  };
  // A flag and not AWS_ENDPOINT_URL_S3, which versions before 2.13, Debian 12's among them, do not know.
  const aws = async (...args: string[]) =>
    (await run("aws", ["--endpoint-url", endpoint.url, ...args], { cwd: folder, env })).stdout;
  const json = async (...args: string[]) =>
    JSON.parse(await aws("s3api", ...args)) as Record<string, unknown>;
  return { ...endpoint, folder, aws, json };
}

test("aws s3 cp, ls and rm carry small and multipart files there and back", { skip }, async (t) => {
  const { aws, client, folder, events } = await startAws(t);
  const small = randomBytes(1000);
  const large = randomBytes(18 * 1024 ** 2);
  await writeFile(join(folder, "small.bin"), small);
  await writeFile(join(folder, "large.bin"), large);
  await aws("s3", "cp", "small.bin", "s3://uploads/a b/é+#1.bin");
  await aws("s3", "cp", "large.bin", "s3://uploads/large.bin");
  assert.deepEqual(
    events.map(({ eventName, s3 }) => [eventName, s3.object.key, s3.object.size]),
    [
      ["ObjectCreated:Put", "a+b/%C3%A9%2B%231.bin", small.length],
      ["ObjectCreated:CompleteMultipartUpload", "large.bin", large.length],
    ],
  );
  const list = await aws("s3", "ls", "--recursive", "s3://uploads");
  assert.match(list, / 1000 a b\/é\+#1\.bin\n/);
  assert.match(list, / 18874368 large\.bin\n/);
  await aws("s3", "cp", "s3://uploads/a b/é+#1.bin", "small.back");
  await aws("s3", "cp", "s3://uploads/large.bin", "large.back");
  assert.ok((await readFile(join(folder, "small.back"))).equals(small));
  assert.ok((await readFile(join(folder, "large.back"))).equals(large));
  await aws("s3", "mv", "s3://uploads/large.bin", "s3://uploads/moved.bin");
  assert.match(await aws("s3", "rm", "--recursive", "s3://uploads"), /moved\.bin/);
  const { KeyCount } = await client.send(new ListObjectsV2Command({ Bucket: "uploads" }));
  assert.equal(KeyCount, 0);
});

test("aws s3 sync copies what is missing or changed and nothing else", { skip }, async (t) => {
  const { aws, folder } = await startAws(t);
  await mkdir(join(folder, "tree", "sub"), { recursive: true });
  for (const name of ["one.txt", "sub/two.txt"]) await writeFile(join(folder, "tree", name), name);
  const up = () => aws("s3", "sync", "--no-progress", "tree", "s3://uploads/tree");
  assert.equal((await up()).match(/^upload:/gm)?.length, 2);
  assert.equal(await up(), "");
  await writeFile(join(folder, "tree", "one.txt"), "changed");
  assert.equal((await up()).match(/^upload:/gm)?.length, 1);
  await aws("s3", "sync", "s3://uploads/tree", "back");
  assert.deepEqual((await readdir(join(folder, "back"), { recursive: true })).sort(), [
    "one.txt",
    "sub",
    "sub/two.txt",
  ]);
});

test("aws s3api reads and writes heads, tags and versions", { skip }, async (t) => {
  const { aws, json, folder } = await startAws(t);
  await writeFile(join(folder, "f"), "bytes");
  const object = ["--bucket", "uploads", "--key", "k"];
  const put = await json("put-object", ...object, "--body", "f", "--content-type", "image/png");
  const head = await json("head-object", ...object);
  assert.equal(head.ETag, put.ETag);
  assert.equal(head.ContentType, "image/png");
  const tagging = "TagSet=[{Key=label,Value=photo}]";
  await aws("s3api", "put-object-tagging", ...object, "--tagging", tagging);
  const tags = await json("get-object-tagging", ...object);
  assert.deepEqual(tags.TagSet, [{ Key: "label", Value: "photo" }]);
  await assert.rejects(aws("s3api", "get-bucket-policy", "--bucket", "uploads"), {
    stderr: /NoSuchBucketPolicy/,
  });
  await aws("s3", "mb", "s3://another");
  await aws("s3", "rb", "s3://another");
  const versioning = ["put-bucket-versioning", "--bucket", "uploads", "--versioning-configuration"];
  await aws("s3api", ...versioning, "Status=Enabled");
  await aws("s3api", "put-object", ...object, "--body", "f");
  const versions = await json("list-object-versions", "--bucket", "uploads");
  assert.equal((versions.Versions as unknown[]).length, 2);
  await aws("s3api", "get-object", ...object, "--version-id", "null", "--range", "bytes=1-2", "out");
  assert.equal(await readFile(join(folder, "out"), "utf8"), "yt");
});

test("aws s3api is told 304 when it has the object already, with checksums asked for", {
  skip,
}, async (t) => {
  const { aws, json, folder } = await startAws(t);
  await writeFile(join(folder, "f"), "bytes");
  const object = ["--bucket", "uploads", "--key", "k"];
  const { ETag } = await json("put-object", ...object, "--body", "f");
  const again = ["--checksum-mode", "ENABLED", "--if-none-match", String(ETag), "out"];
  await assert.rejects(aws("s3api", "get-object", ...object, ...again), { stderr: /304.*Not Modified/ });
});

test("a URL from aws s3 presign is served", { skip }, async (t) => {
  const { aws, folder } = await startAws(t);
  await writeFile(join(folder, "f"), "bytes");
  await aws("s3", "cp", "f", "s3://uploads/my file.txt");
  const url = (await aws("s3", "presign", "s3://uploads/my file.txt")).trim();
  const got = await fetch(url);
  assert.equal(await got.text(), "bytes");
});
