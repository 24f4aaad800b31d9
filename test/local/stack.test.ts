import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { buildFunction } from "../../src/local/build.ts";
import type { ResultDocument } from "../../src/local/command/result.ts";
import { type LocalStack, type StackOptions, startStack } from "../../src/local/stack.ts";
import { PROJECT_DIR, readFunctionTemplate, readTemplate } from "../../src/local/template.ts";

const LIMIT = { timeout: 60_000 };
const { handler } = readFunctionTemplate(await readTemplate());
const photo = await readFile(join(PROJECT_DIR, "test/fixtures/photo-1.jpg"));
let bundleDir = "";

before(async () => {
  bundleDir = await mkdtemp(join(tmpdir(), "local-stack-bundle-"));
  await buildFunction(bundleDir);
});
after(() => rm(bundleDir, { recursive: true, force: true }));

async function dataFolder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "local-stack-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function start(
  t: TestContext,
  dataDir: string,
  options: Partial<StackOptions> = {},
): Promise<LocalStack> {
  const stack = await startStack({
    dataDir,
    modelDir: join(PROJECT_DIR, "models/upload-triage"),
    concurrency: 1,
    initTimeoutMs: 60_000,
    bundle: { dir: bundleDir, handler },
    queue: { batchingWindowMs: 20, retryDelayMs: 20 },
    ...options,
  });
  let open = true;
  const { close } = stack;
  stack.close = async () => {
    if (!open) return;
    open = false;
    await close();
  };
  t.after(() => stack.close());
  return stack;
}

function put(stack: LocalStack, Key: string, Body: Uint8Array | string) {
  return stack.client.send(new PutObjectCommand({ Bucket: "uploads", Key, Body }));
}

function label(document: unknown): string | undefined {
  return (document as ResultDocument).predictions?.[0]?.label;
}

test(
  "an upload is queued, classified by the bundle and its result stored, whatever its key",
  LIMIT,
  async (t) => {
    const stack = await start(t, await dataFolder(t));
    const key = "my pictures/café #1+2.jpg";
    const result = once(stack.events, "result");
    await put(stack, key, photo);
    assert.equal((await result)[0].key, `${key}.json`);
    assert.equal(label(await stack.readResult(key)), "photo");
  },
);

test("with REMOVE_RESULTS a deleted upload takes its result along", LIMIT, async (t) => {
  const stack = await start(t, await dataFolder(t), { environment: { REMOVE_RESULTS: "true" } });
  const result = once(stack.events, "result");
  await put(stack, "k.jpg", photo);
  await result;
  await stack.client.send(new DeleteObjectCommand({ Bucket: "uploads", Key: "k.jpg" }));
  const isThere = () =>
    stack.readResult("k.jpg").then(
      () => true,
      () => false,
    );
  while (await isThere()) await sleep(20);
  assert.deepEqual(stack.deadMessages(), []);
});

test(
  "what no result has when a run ends is classified by the next run on the same data",
  LIMIT,
  async (t) => {
    const dataDir = await dataFolder(t);
    const first = await start(t, dataDir, { pollsQueue: false });
    await put(first, "late.jpg", photo);
    await first.close();
    const second = await start(t, dataDir);
    const result = once(second.events, "result");
    assert.equal(await second.resume(), 1);
    await result;
    assert.equal(label(await second.readResult("late.jpg")), "photo");
    await second.close();
    const third = await start(t, dataDir);
    assert.equal(label(await third.readResult("late.jpg")), "photo");
    assert.equal(await third.resume(), 0);
  },
);

test(
  "a data folder in use is refused with the process that has it, and free again after closing",
  LIMIT,
  async (t) => {
    const dataDir = await dataFolder(t);
    const stack = await start(t, dataDir);
    await assert.rejects(start(t, dataDir), new RegExp(`in use by process ${process.pid}`));
    await stack.close();
    await (await start(t, dataDir)).close();
  },
);

test(
  "an upload that S3 does not deliver is given up, and redriven when S3 is well again",
  LIMIT,
  async (t) => {
    const stack = await start(t, await dataFolder(t), {
      queue: { batchingWindowMs: 0, retryDelayMs: 1, maxReceiveCount: 1, isolationMaxReceiveCount: 2 },
      environment: { S3_ATTEMPTS: "1" },
    });
    stack.setFault({ kind: "status", status: 503, code: "SlowDown", operations: ["GetObject"] });
    const dead = once(stack.events, "dead");
    await put(stack, "unlucky.jpg", photo);
    assert.equal((await dead)[0].key, "unlucky.jpg");
    assert.equal(stack.queueCounts().dead, 1);
    stack.setFault(undefined);
    const result = once(stack.events, "result");
    assert.equal(stack.redrive(), 1);
    await result;
    assert.equal(label(await stack.readResult("unlucky.jpg")), "photo");
    assert.equal(stack.deadMessages().length, 0);
  },
);

for (const way of ["annotation", "lines", "annotation+lines"]) {
  test(
    `results published as ${way} are announced, read, and found again by the next stack`,
    LIMIT,
    async (t) => {
      const dataDir = await dataFolder(t);
      const environment = { RESULTS_AS: way };
      const stack = await start(t, dataDir, { environment });
      const announced = once(stack.events, "result");
      await put(stack, "a photo.jpg", photo);
      const [{ key }] = await announced;
      assert.equal(key, "a photo.jpg.json");
      assert.equal(label(await stack.readResult("a photo.jpg")), "photo");
      await stack.close();
      const next = await start(t, dataDir, { environment });
      assert.equal(label(await next.readResult("a photo.jpg")), "photo");
      const keys: string[] = [];
      for await (const found of next.resultKeys()) keys.push(found);
      assert.deepEqual(keys, ["a photo.jpg"]);
      assert.equal(await next.resume(), 0);
    },
  );
}
