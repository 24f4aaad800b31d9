import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { createLeanS3Client } from "../../src/function/lean-s3-client.ts";
import { type Endpoint, startEndpoint } from "../local/s3/harness.ts";

async function connect(t: TestContext): Promise<{ endpoint: Endpoint; s3: S3Client }> {
  const endpoint = await startEndpoint(t, { buckets: ["first", "second"] });
  const s3 = createLeanS3Client({
    endpoint: endpoint.url,
    forcePathStyle: true,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  t.after(() => s3.destroy());
  return { endpoint, s3 };
}

const bodyOf = async (s3: S3Client, Bucket: string, Key: string, abortSignal?: AbortSignal) => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }), abortSignal && { abortSignal });
  return Body?.transformToString();
};

test("the configuration that every request copies is stored in slots, also after requests", async (t) => {
  const { s3 } = await connect(t);
  setFlagsFromString("--allow-natives-syntax");
  const isInSlots = new Function("object", "return %HasFastProperties(object)") as (
    object: object,
  ) => boolean;
  assert.ok(isInSlots(s3.config));
  const { signal } = new AbortController();
  for (let i = 0; i < 3; i++) {
    const command = new PutObjectCommand({ Bucket: "first", Key: "k", Body: "bytes" });
    await s3.send(command, { abortSignal: signal });
    assert.equal(await bodyOf(s3, "first", "k", signal), "bytes");
  }
  assert.ok(isInSlots(s3.config));
});

test("requests of one invocation to several buckets at once reach each its own", async (t) => {
  const { endpoint, s3 } = await connect(t);
  for (const Bucket of ["first", "second"])
    await endpoint.client.send(new PutObjectCommand({ Bucket, Key: "k", Body: Bucket }));
  const { signal } = new AbortController();
  const buckets = Array.from({ length: 20 }, (_, i) => (i % 3 === 0 ? "second" : "first"));
  assert.deepEqual(await Promise.all(buckets.map((bucket) => bodyOf(s3, bucket, "k", signal))), buckets);
});

test("the end of one invocation ends its own requests, and no other's", async (t) => {
  const { endpoint, s3 } = await connect(t);
  await endpoint.client.send(new PutObjectCommand({ Bucket: "first", Key: "k", Body: "bytes" }));
  const [ended, other] = [new AbortController(), new AbortController()];
  for (const { signal } of [ended, other]) await bodyOf(s3, "first", "k", signal);
  endpoint.setFault({ kind: "delay", ms: 200 });
  const requests = [ended, other].map(({ signal }) => bodyOf(s3, "first", "k", signal));
  ended.abort();
  const [first, second] = await Promise.allSettled(requests);
  assert.equal(first?.status === "rejected" && first.reason.name, "AbortError");
  assert.deepEqual(second, { status: "fulfilled", value: "bytes" });
});

test("middlewares are sorted once for the requests of an invocation, and anew for the next one", async (t) => {
  const { endpoint, s3 } = await connect(t);
  await endpoint.client.send(new PutObjectCommand({ Bucket: "first", Key: "k", Body: "bytes" }));
  let sorted = 0;
  s3.middlewareStack.add(
    (next) => {
      sorted++;
      return next;
    },
    { step: "initialize" },
  );
  for (const { signal } of [new AbortController(), new AbortController()])
    for (let i = 0; i < 3; i++) await bodyOf(s3, "first", "k", signal);
  assert.equal(sorted, 2);
});

test("a request without a signal is the SDK's own", async (t) => {
  const { endpoint, s3 } = await connect(t);
  await endpoint.client.send(new PutObjectCommand({ Bucket: "first", Key: "k", Body: "bytes" }));
  assert.equal(await bodyOf(s3, "first", "k"), "bytes");
});
