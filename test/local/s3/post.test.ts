import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { GetObjectCommand, GetObjectTaggingCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { bytesOf, startEndpoint } from "./harness.ts";

const photo = randomBytes(70_000);

/** The fields of a form in order, the file last. */
function form(
  fields: Readonly<Record<string, string>>,
  file: Uint8Array<ArrayBuffer> = photo,
  name = "photo 1.jpg",
): FormData {
  const data = new FormData();
  for (const [field, value] of Object.entries(fields)) data.append(field, value);
  data.append("file", new File([file], name, { type: "image/jpeg" }));
  return data;
}

/** A policy as a presigned POST carries it, with the fields of its signature. */
function signed(conditions: readonly unknown[], expiresInMs = 60_000): Record<string, string> {
  const expiration = new Date(Date.now() + expiresInMs).toISOString();
  const all = [
    ...conditions,
    ["starts-with", "$x-amz-credential", ""],
    { "x-amz-algorithm": "AWS4-HMAC-SHA256" },
  ];
  return {
    policy: Buffer.from(JSON.stringify({ expiration, conditions: all })).toString("base64"),
    "X-Amz-Credential": "AKIDEXAMPLE/20261126/eu-central-1/s3/aws4_request",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Signature": "ab".repeat(32),
  };
}

async function post(
  url: string,
  body: FormData,
): Promise<{ status: number; text: string; headers: Headers }> {
  const answer = await fetch(`${url}/uploads`, { method: "POST", body, redirect: "manual" });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

test("a browser's form uploads its file, with type, metadata and tags, and the queue is told", async (t) => {
  const { url, client, events } = await startEndpoint(t);
  const tagging = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
  const fields = { "Content-Type": "image/jpeg", "x-amz-meta-camera": "x100", tagging };
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the form's own placeholder
  const answer = await post(url, form({ key: "user/${filename}", ...fields }));
  assert.equal(answer.status, 204, answer.text);
  const where = { Bucket: "uploads", Key: "user/photo 1.jpg" };
  const got = await client.send(new GetObjectCommand(where));
  assert.deepEqual(await bytesOf(got.Body), photo);
  assert.equal(got.ContentType, "image/jpeg");
  assert.deepEqual(got.Metadata, { camera: "x100" });
  assert.equal(answer.headers.get("etag"), `"${createHash("md5").update(photo).digest("hex")}"`);
  const { TagSet } = await client.send(new GetObjectTaggingCommand(where));
  assert.deepEqual(TagSet, [{ Key: "a", Value: "b" }]);
  assert.deepEqual(
    events.map(({ eventName, s3 }) => [eventName, s3.object.key, s3.object.size]),
    [["ObjectCreated:Post", "user/photo+1.jpg", photo.length]],
  );
});

test("the form says what it wants for an answer", async (t) => {
  const { url } = await startEndpoint(t);
  const created = await post(url, form({ key: "k", success_action_status: "201" }));
  assert.equal(created.status, 201);
  assert.match(created.text, /<PostResponse.*<Bucket>uploads<\/Bucket><Key>k<\/Key><ETag>/s);
  assert.equal((await post(url, form({ key: "k", success_action_status: "200" }))).status, 200);
  const redirect = await post(
    url,
    form({ key: "k", success_action_redirect: "http://localhost:3000/done?a=1" }),
  );
  assert.equal(redirect.status, 303);
  const location = new URL(redirect.headers.get("location") ?? "");
  assert.deepEqual([location.searchParams.get("a"), location.searchParams.get("key")], ["1", "k"]);
});

test("what the policy allows is taken", async (t) => {
  const { url, client } = await startEndpoint(t);
  const policy = signed([
    { bucket: "uploads" },
    ["starts-with", "$key", "user/"],
    ["starts-with", "$Content-Type", "image/"],
    ["content-length-range", 1, 100_000],
  ]);
  const answer = await post(url, form({ key: "user/k", "Content-Type": "image/jpeg", ...policy }));
  assert.equal(answer.status, 204, answer.text);
  await client.send(new HeadObjectCommand({ Bucket: "uploads", Key: "user/k" }));
});

test("what the policy does not allow is refused with its condition, and nothing is stored", async (t) => {
  const { url, events } = await startEndpoint(t);
  const key = ["starts-with", "$key", "user/"];
  for (const [fields, code, part] of [
    [{ key: "user/k", ...signed([key], -1) }, "AccessDenied", "Policy expired"],
    [{ key: "other/k", ...signed([key]) }, "AccessDenied", "Policy Condition failed"],
    [{ key: "user/k", ...signed([key, { bucket: "other" }]) }, "AccessDenied", "Policy Condition failed"],
    [
      { key: "user/k", ...signed([key, ["eq", "$acl", "private"]]) },
      "AccessDenied",
      "Policy Condition failed",
    ],
    [{ key: "user/k", acl: "private", ...signed([key]) }, "AccessDenied", "Extra input fields: acl"],
    [{ key: "user/k", ...signed([key, ["content-length-range", 1, 1000]]) }, "EntityTooLarge", "70000"],
    [
      { key: "user/k", ...signed([key, ["content-length-range", 80_000, 90_000]]) },
      "EntityTooSmall",
      "70000",
    ],
    [{ key: "user/k", policy: "bm8ganNvbg==" }, "InvalidPolicyDocument", "expiration"],
    [{}, "InvalidArgument", "key"],
    [{ key: "k".repeat(1025) }, "KeyTooLongError", "1024"],
  ] as const) {
    const { status, text } = await post(url, form(fields));
    assert.ok(status >= 400 && status < 500, text);
    assert.match(text, new RegExp(`<Code>${code}</Code>`));
    assert.ok(text.includes(part), text);
  }
  assert.deepEqual(events, []);
});

test("a form without a file, a form that is none and a bucket that is none are refused", async (t) => {
  const { url } = await startEndpoint(t);
  const without = new FormData();
  without.append("key", "k");
  assert.match((await post(url, without)).text, /<Code>InvalidArgument<\/Code>/);
  const headers = { "content-type": "multipart/form-data; boundary=x" };
  const broken = await fetch(`${url}/uploads`, { method: "POST", headers, body: "--y\r\n" });
  assert.match(await broken.text(), /<Code>MalformedPOSTRequest<\/Code>/);
  const none = await fetch(`${url}/none`, { method: "POST", body: form({ key: "k" }) });
  assert.match(await none.text(), /<Code>NoSuchBucket<\/Code>/);
});
