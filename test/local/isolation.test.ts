import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { buildFunction } from "../../src/local/build.ts";
import type { ResultDocument } from "../../src/local/command/result.ts";
import { startStack } from "../../src/local/stack.ts";
import { PROJECT_DIR } from "../../src/local/template.ts";

/** The built handler, in a process that ends as soon as an event names a key with `killer` in it. */
const CRASHING = `
import { handler as classify } from "./handler.mjs";
export const handler = (event, context) => {
  if (JSON.stringify(event).includes("killer")) process.abort();
  return classify(event, context);
};
`;

/** The built handler with a decoder that ends the process on images of this many bytes, as a fault in native code would. */
const crashingAt = (bytes: number) => `
import { createRequire } from "node:module";
const sharp = createRequire(import.meta.url)("sharp");
const { toBuffer } = sharp.prototype;
sharp.prototype.toBuffer = function (...given) {
  if (this.options.input.buffer?.length === ${bytes}) process.abort();
  return toBuffer.apply(this, given);
};
export const { handler } = await import("./handler.mjs");
`;

async function start(t: TestContext, source: string) {
  const dir = await mkdtemp(join(tmpdir(), "isolation-"));
  const bundle = { dir: join(dir, "bundle"), handler: "crashing.handler" };
  await buildFunction(bundle.dir);
  await writeFile(join(bundle.dir, "crashing.mjs"), source);
  const stack = await startStack({
    dataDir: join(dir, "data"),
    modelDir: join(PROJECT_DIR, "models/upload-triage"),
    concurrency: 1,
    initTimeoutMs: 60_000,
    bundle,
    queue: { batchingWindowMs: 500, retryDelayMs: 20, batchSize: 20 },
  });
  t.after(async () => {
    await stack.close();
    await rm(dir, { recursive: true, force: true });
  });
  return stack;
}

/** Uploads the killer and ten others at once, and waits until each has ended. */
async function play(t: TestContext, source: string, killer: Buffer) {
  const stack = await start(t, source);
  const ended = new Map<string, "result" | "dead">();
  const { promise: allEnded, resolve } = Promise.withResolvers<void>();
  const onEnd = (how: "result" | "dead") => (upload: { readonly key: string | undefined }) => {
    ended.set(upload.key?.replace(/\.json$/, "") ?? "", how);
    const { waiting, inFlight, isolation } = stack.queueCounts();
    if (ended.size === 11 && waiting + inFlight + isolation.waiting + isolation.inFlight === 0) resolve();
  };
  stack.events.on("result", onEnd("result")).on("dead", onEnd("dead"));
  stack.events.on("queue", () => {
    const { waiting, inFlight, isolation } = stack.queueCounts();
    if (ended.size === 11 && waiting + inFlight + isolation.waiting + isolation.inFlight === 0) resolve();
  });
  const Body = await readFile(join(PROJECT_DIR, "test/fixtures/photo-1.jpg"));
  const good = Array.from({ length: 10 }, (_, index) => [`good-${index}.jpg`, Body] as const);
  await Promise.all(
    [["killer", killer] as const, ...good].map(([Key, bytes]) =>
      stack.client.send(new PutObjectCommand({ Bucket: "uploads", Key, Body: bytes })),
    ),
  );
  await allEnded;
  for (const [key] of good) {
    assert.equal(ended.get(key), "result", key);
    assert.equal(((await stack.readResult(key)) as ResultDocument).status, "classified", key);
  }
  return { stack, ended };
}

const LIMIT = { timeout: 120_000 };

test("an upload that ends the process at once takes none of the ten beside it along", LIMIT, async (t) => {
  const { stack, ended } = await play(
    t,
    CRASHING,
    await readFile(join(PROJECT_DIR, "test/fixtures/photo-1.jpg")),
  );
  const [dead, ...others] = stack.deadMessages();
  assert.deepEqual(others, []);
  assert.equal(ended.get("killer"), "dead");
  assert.equal(dead?.receiveCount, 7);
  assert.match(dead?.reason ?? "", /Runtime\.ExitError.*aborted/);
});

test(
  "one that ends it while it is decoded is rejected with its reason, and none of the ten is dead",
  LIMIT,
  async (t) => {
    const killer = await readFile(join(PROJECT_DIR, "test/fixtures/barcode-1.png"));
    const { stack } = await play(t, crashingAt(killer.length), killer);
    assert.deepEqual(stack.deadMessages(), []);
    const { status, error } = (await stack.readResult("killer")) as ResultDocument;
    assert.deepEqual([status, error?.code], ["rejected", "PROCESSING_LIMIT"]);
  },
);
