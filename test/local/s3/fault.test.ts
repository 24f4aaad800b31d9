import assert from "node:assert/strict";
import { test } from "node:test";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { createLocalClient } from "../../../src/local/s3/client.ts";
import { bytesOf, startEndpoint } from "./harness.ts";

const Bucket = "uploads";

test("a status fault hits the operations, keys and number of requests that it names", async (t) => {
  const { client, setFault, events } = await startEndpoint(t);
  for (const Key of ["a", "b"]) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  setFault({
    kind: "status",
    status: 503,
    code: "SlowDown",
    operations: ["GetObject"],
    matches: (bucket, key) => bucket === "uploads" && key === "a",
    times: 2,
  });
  const get = (Key: string) => client.send(new GetObjectCommand({ Bucket, Key }));
  await client.send(new PutObjectCommand({ Bucket, Key: "a", Body: "A" }));
  await get("b");
  await assert.rejects(get("a"), { name: "SlowDown", $fault: "server" });
  await assert.rejects(get("a"), { name: "SlowDown" });
  assert.equal((await bytesOf((await get("a")).Body)).toString(), "A");
  assert.equal(events.length, 3);
});

test("a client that retries gets through a fault that ends", async (t) => {
  const { client, setFault, url } = await startEndpoint(t);
  await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
  const retrying = createLocalClient(url, { maxAttempts: 3 });
  t.after(() => retrying.destroy());
  setFault({ kind: "status", status: 500, code: "InternalError", times: 2 });
  const got = await retrying.send(new GetObjectCommand({ Bucket, Key: "k" }));
  assert.equal(got.$metadata.attempts, 3);
});

test("a faulty write has no effect, and clearing the fault ends it", async (t) => {
  const { client, setFault, events } = await startEndpoint(t);
  setFault({ kind: "status", status: 403, code: "AccessDenied", message: "Broken on purpose" });
  const put = () => client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
  await assert.rejects(put(), { name: "AccessDenied", message: "Broken on purpose" });
  assert.equal(events.length, 0);
  setFault(undefined);
  await put();
});

test("a delay holds requests back and does not hold up the close", async (t) => {
  const { client, setFault, close } = await startEndpoint(t);
  setFault({ kind: "delay", ms: 150, times: 1 });
  const start = performance.now();
  await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
  assert.ok(performance.now() - start >= 145);
  setFault({ kind: "delay", ms: 60_000 });
  const waiting = assert.rejects(client.send(new GetObjectCommand({ Bucket, Key: "k" })));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await close();
  await waiting;
});
