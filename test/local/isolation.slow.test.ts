import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { ResultDocument } from "../../src/local/command/result.ts";
import { startStack } from "../../src/local/stack.ts";
import { PROJECT_DIR } from "../../src/local/template.ts";
import { CRASHING, playPoison, poisonedAt } from "./poison.ts";

const COUNT = 100;

test("of a hundred slow images in one batch, most not begun in time, none becomes a dead letter", {
  timeout: 300_000,
}, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), "isolation-slow-"));
  const stack = await startStack({
    dataDir,
    modelDir: join(PROJECT_DIR, "models/upload-triage"),
    concurrency: 2,
    initTimeoutMs: 60_000,
    timeoutSeconds: 3,
    environment: { DEADLINE_MARGIN_MS: "1000", IMAGES_IN_FLIGHT: "1" },
    queue: { batchSize: COUNT, batchingWindowMs: 2000, retryDelayMs: 50 },
  });
  t.after(async () => {
    await stack.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  const results = new Set<string>();
  const batches: number[] = [];
  let wasIsolated = 0;
  const { promise: allEnded, resolve } = Promise.withResolvers<void>();
  stack.events.on("result", ({ key }) => {
    results.add(key);
    if (results.size + stack.deadMessages().length === COUNT) resolve();
  });
  stack.events.on("dead", () => results.size + stack.deadMessages().length === COUNT && resolve());
  stack.events.on("emf", ({ document }) => batches.push(Number(document.BatchSize ?? 0)));
  stack.events.on("queue", ({ isolation }) => {
    wasIsolated = Math.max(wasIsolated, isolation.waiting + isolation.inFlight);
  });
  stack.setFault({ kind: "delay", ms: 150, operations: ["GetObject"] });
  const Body = await readFile(join(PROJECT_DIR, "test/fixtures/photo-1.jpg"));
  await Promise.all(
    Array.from({ length: COUNT }, (_, index) =>
      stack.client.send(new PutObjectCommand({ Bucket: "uploads", Key: `slow-${index}.jpg`, Body })),
    ),
  );
  await allEnded;
  assert.deepEqual(stack.deadMessages(), []);
  assert.equal(results.size, COUNT);
  t.diagnostic(`largest batch ${Math.max(...batches)}, at most ${wasIsolated} isolated`);
  assert.ok(wasIsolated > COUNT / 2, "the batch was no trial: too few images were left over");
});

for (const [poison, options] of [
  ["memory", { memoryMb: 800, environment: { MAX_IMAGE_PIXELS: "10000000" } }],
  // Longer than any image is given: shorter, the time would say nothing of it.
  ["hang", { timeoutSeconds: 13, environment: { DEADLINE_MARGIN_MS: "500" } }],
] as const) {
  test(`of ten images and one whose decode ends in ${poison}, ten are classified and one is rejected`, {
    timeout: 300_000,
  }, async (t) => {
    const killer = await readFile(join(PROJECT_DIR, "test/fixtures/barcode-1.png"));
    const { stack, deaths } = await playPoison(t, poisonedAt(killer.length, poison), killer, options);
    assert.deepEqual(stack.deadMessages(), []);
    const { status, error } = (await stack.readResult("killer")) as ResultDocument;
    assert.deepEqual([status, error?.code], ["rejected", "PROCESSING_LIMIT"]);
    // The hanging call is left alone, and its environment answers in time.
    assert.equal(deaths.filter((reason) => reason.includes("out of memory")).length > 0, poison === "memory");
  });
}

test("an upload that ends the process at once takes none of the ten beside it along", {
  timeout: 120_000,
}, async (t) => {
  const { stack, ended } = await playPoison(
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
