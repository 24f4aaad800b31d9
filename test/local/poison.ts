import assert from "node:assert/strict";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { buildFunction } from "../../src/local/build.ts";
import type { ResultDocument } from "../../src/local/command/result.ts";
import { type LocalStack, type StackOptions, startStack } from "../../src/local/stack.ts";
import { PROJECT_DIR } from "../../src/local/template.ts";

/** The built handler, in a process that ends as soon as an event names a key with `killer` in it. */
export const CRASHING = {
  "crashing.mjs": `
    import { handler as classify } from "./handler.mjs";
    export const handler = (event, context) => {
      if (JSON.stringify(event).includes("killer")) process.abort();
      return classify(event, context);
    };`,
};

/** What happens in the decoder, as a fault in native code would; statements of a method that may return a promise. */
export const POISONS = {
  crash: "process.abort();",
  // A call of its own kind on one of libuv's threads, which nothing can end but the process.
  hang: `return new Promise((_, reject) => pbkdf2("", "", 2 ** 31 - 1, 64, "sha512", reject));`,
  memory: "globalThis.taken = Buffer.alloc(2 ** 30, 1);",
} as const;

/** An entry of the bundle with a decoder that does something else to images of this many bytes. */
const poisoned = (entry: string, bytes: number, poison: keyof typeof POISONS) => `
import { pbkdf2 } from "node:crypto";
import { createRequire } from "node:module";
const sharp = createRequire(import.meta.url)("sharp");
const { toBuffer } = sharp.prototype;
sharp.prototype.toBuffer = function (...given) {
  if (this.options.input.buffer?.length === ${bytes}) { ${POISONS[poison]} }
  return toBuffer.apply(this, given);
};
export const { handler } = await import("./${entry}.mjs");
`;

/** The built function with such a decoder, wherever it decodes. */
export const poisonedAt = (bytes: number, poison: keyof typeof POISONS) => ({
  "crashing.mjs": poisoned("handler", bytes, poison),
  "decode-process.mjs": poisoned("decode-original", bytes, poison),
});

/** Files that are added to the bundle, or take the place of its own. */
type Sources = Readonly<Record<string, string>>;

async function start(t: TestContext, sources: Sources, options: Partial<StackOptions>): Promise<LocalStack> {
  const dir = await mkdtemp(join(tmpdir(), "isolation-"));
  const bundle = { dir: join(dir, "bundle"), handler: "crashing.handler" };
  await buildFunction(bundle.dir);
  await rename(join(bundle.dir, "decode-process.mjs"), join(bundle.dir, "decode-original.mjs"));
  await writeFile(join(bundle.dir, "decode-process.mjs"), 'import "./decode-original.mjs";');
  for (const [name, source] of Object.entries(sources)) await writeFile(join(bundle.dir, name), source);
  const stack = await startStack({
    dataDir: join(dir, "data"),
    modelDir: join(PROJECT_DIR, "models/upload-triage"),
    concurrency: 1,
    initTimeoutMs: 60_000,
    bundle,
    queue: { batchingWindowMs: 500, retryDelayMs: 20, batchSize: 20 },
    ...options,
  });
  t.after(async () => {
    await stack.close();
    await rm(dir, { recursive: true, force: true });
  });
  return stack;
}

/** Uploads the killer and ten others at once, and waits until each has ended: the ten have to be classified. */
export async function playPoison(
  t: TestContext,
  sources: Sources,
  killer: Buffer,
  options: Partial<StackOptions> = {},
) {
  const stack = await start(t, sources, options);
  const ended = new Map<string, "result" | "dead">();
  const deaths: string[] = [];
  stack.events.on("environment", ({ state, reason = "" }) => state === "dead" && deaths.push(reason));
  const { promise: allEnded, resolve } = Promise.withResolvers<void>();
  const check = () => {
    const { waiting, inFlight, isolation } = stack.queueCounts();
    if (ended.size === 11 && waiting + inFlight + isolation.waiting + isolation.inFlight === 0) resolve();
  };
  const onEnd = (how: "result" | "dead") => (upload: { readonly key: string | undefined }) => {
    ended.set(upload.key?.replace(/\.json$/, "") ?? "", how);
    check();
  };
  stack.events.on("result", onEnd("result")).on("dead", onEnd("dead")).on("queue", check);
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
  return { stack, ended, deaths };
}
