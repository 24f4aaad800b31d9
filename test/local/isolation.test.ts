import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { buildFunction } from "../../src/local/build.ts";
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

async function start(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "isolation-"));
  const bundle = { dir: join(dir, "bundle"), handler: "crashing.handler" };
  await buildFunction(bundle.dir);
  await writeFile(join(bundle.dir, "crashing.mjs"), CRASHING);
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

test("one upload that ends the process takes none of the ten beside it along", {
  timeout: 120_000,
}, async (t) => {
  const stack = await start(t);
  const ended = new Map<string | undefined, "result" | "dead">();
  const { promise: allEnded, resolve } = Promise.withResolvers<void>();
  const onEnd = (how: "result" | "dead") => (upload: { readonly key: string | undefined }) => {
    ended.set(upload.key, how);
    if (ended.size === 11) resolve();
  };
  stack.events.on("result", onEnd("result")).on("dead", onEnd("dead"));
  const Body = await readFile(join(PROJECT_DIR, "test/fixtures/photo-1.jpg"));
  const keys = ["killer.jpg", ...Array.from({ length: 10 }, (_, index) => `good-${index}.jpg`)];
  await Promise.all(
    keys.map((Key) => stack.client.send(new PutObjectCommand({ Bucket: "uploads", Key, Body }))),
  );
  await allEnded;
  const [dead, ...others] = stack.deadMessages();
  assert.deepEqual(others, []);
  assert.equal(ended.get("killer.jpg"), "dead");
  assert.equal(dead?.receiveCount, 7);
  assert.match(dead?.reason ?? "", /Runtime\.ExitError.*aborted/);
});
