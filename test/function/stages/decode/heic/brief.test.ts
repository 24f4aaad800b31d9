import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { inspectImage } from "../../../../../src/function/stages/decode/header.ts";
import { createBriefDecoder } from "../../../../../src/function/stages/decode/heic/brief.ts";
import { createHeicDecoders } from "../../../../../src/function/stages/decode/heic/decoders.ts";
import { libheifModule } from "../../../../../src/function/stages/decode/heic/module.ts";
import type { Task } from "../../../../../src/function/stages/decode/heic/tiles.ts";
import { PROJECT_DIR } from "../../../harness.ts";

const file = readFileSync(join(PROJECT_DIR, "test/fixtures/heic/still.heic"));
const [coded] = inspectImage(file, 1e8).heic?.full.tiles ?? [];
assert.ok(coded !== undefined);
const { width, height } = coded;
/** So that a busy machine changes nothing. */
const AMPLE_MS = 20_000;
const LIMIT = { timeoutSeconds: 1, signal: undefined };

let images = 0;
/** The same tile so many times, each over the one before. */
const taskOf = (count: number, data = coded.data): Task => ({
  image: ++images,
  tiles: Array.from({ length: count }, () => ({
    ...{ coded: { ...coded, data }, left: 0, top: 0, width, height },
  })),
  coding: undefined,
  scale: 1,
  target: { pixels: new SharedArrayBuffer(width * height * 3), width, channels: 3 },
});
const pixelsOf = ({ target }: Task) => new Uint8Array(target.pixels);
let threads = 0;
process.on("worker", () => threads++);

test("a thumbnail is decoded without a thread, and what is larger by one, to the same pixels", async (t) => {
  const decoders = createHeicDecoders(1, 50_000_000, AMPLE_MS);
  t.after(() => decoders.close());
  const small = taskOf(1);
  await decoders.run([small], width * height, LIMIT);
  const next = taskOf(1);
  await decoders.run([next], width * height, LIMIT);
  assert.deepEqual(pixelsOf(next), pixelsOf(small));
  assert.equal(threads, 0);
  const large = taskOf(1);
  await decoders.run([large], 1_000_000, { ...LIMIT, timeoutSeconds: 20 });
  assert.equal(threads, 1);
  assert.deepEqual(pixelsOf(large), pixelsOf(small));
});

test("what takes longer than a thumbnail is handed to a thread, which has its own limit", async (t) => {
  const decoders = createHeicDecoders(1, 50_000_000);
  t.after(() => decoders.close());
  const endless = decoders.run([taskOf(20_000)], width * height, LIMIT);
  await assert.rejects(endless, { code: "DEADLINE_NEAR" });
  const next = taskOf(1);
  await decoders.run([next], width * height, { ...LIMIT, timeoutSeconds: 20 });
  assert.ok(pixelsOf(next).some((value) => value > 0));
});

test("a decode without a thread is stopped within its calls of the decoder, and the next one goes on", async () => {
  const brief = createBriefDecoder(libheifModule(50_000_000));
  const cpu = process.cpuUsage();
  assert.equal(await brief.decode(taskOf(20_000)), undefined);
  const { user, system } = process.cpuUsage(cpu);
  // Minutes of work. The thread holds the processor no longer than its limit; V8 optimises beside it.
  assert.ok(user + system < 1_500_000, `${user + system} µs of CPU were used`);
  // As often as a busy machine needs.
  while ((await brief.decode(taskOf(1))) === undefined);
});

test("a broken image is a fault of its own alone", async () => {
  const brief = createBriefDecoder(libheifModule(50_000_000), AMPLE_MS);
  const good = taskOf(1);
  await brief.decode(good);
  const cut = await brief.decode(taskOf(1, coded.data.subarray(0, 20)));
  assert.equal(cut?.fault?.code, "INVALID_IMAGE");
  const again = taskOf(1);
  await brief.decode(again);
  assert.deepEqual(pixelsOf(again), pixelsOf(good));
});

test("a decoder that grew is let go of after its image", async () => {
  const brief = createBriefDecoder(libheifModule(50_000_000), AMPLE_MS);
  const large = Buffer.alloc(24_000_000);
  large.writeUInt32BE(large.length - 4);
  const grown = await brief.decode(taskOf(1, large));
  assert.ok((grown?.memoryBytes ?? 0) > 40_000_000, JSON.stringify(grown));
  assert.equal((await brief.decode(taskOf(1)))?.memoryBytes, 17_039_360);
});
