import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { inspectImage } from "../../../../../src/function/stages/decode/header.ts";
import type { CodedImage } from "../../../../../src/function/stages/decode/headers/heic.ts";
import { libheifModule } from "../../../../../src/function/stages/decode/heic/module.ts";
import type { Task } from "../../../../../src/function/stages/decode/heic/tiles.ts";
import { createHeicWorkers } from "../../../../../src/function/stages/decode/heic/workers.ts";
import { heicOf, ispe, still } from "../../../../hostile/heif.ts";
import { PROJECT_DIR } from "../../../harness.ts";

const fixture = (name: string) => readFileSync(join(PROJECT_DIR, "test/fixtures/heic", name));
const [WIDTH, HEIGHT] = [96, 64];
const LIMIT = { timeoutSeconds: 60, signal: new AbortController().signal };

const codedIn = (file: Buffer): CodedImage => {
  const [tile] = inspectImage(file, 1e8).heic?.full.tiles ?? [];
  return tile ?? assert.fail("expected a tile");
};
const STILL = codedIn(fixture("still.heic"));

let images = 0;
/** One image: the same tile so many times, each over the one before. */
function taskOf(coded: CodedImage, count = 1): Task & { readonly pixels: Uint8Array } {
  const pixels = new SharedArrayBuffer(coded.width * coded.height * 3);
  const place = { left: 0, top: 0, width: coded.width, height: coded.height };
  return {
    image: -++images,
    tiles: Array.from({ length: count }, () => ({ coded, ...place })),
    coding: undefined,
    scale: 1,
    target: { pixels, width: coded.width, channels: 3 },
    pixels: new Uint8Array(pixels),
  };
}

function workersOf(t: TestContext, threads = 1, maxImagePixels = 50_000_000) {
  const workers = createHeicWorkers(threads, libheifModule(maxImagePixels));
  t.after(() => workers.close());
  return {
    ...workers,
    run: (tasks: (Task & { pixels: Uint8Array })[], limit = LIMIT) =>
      workers.run(
        tasks.map(({ pixels: _, ...task }) => task),
        limit,
      ),
  };
}

const isFilled = ({ pixels }: { pixels: Uint8Array }) => pixels.some((value) => value > 0);

test("a decode that takes too long is stopped, wherever it is, and the next one goes on", async (t) => {
  const workers = workersOf(t);
  // Minutes of work, in one call of the decoder after the other without a pause.
  const endless = taskOf(STILL, 20_000);
  await assert.rejects(workers.run([endless], { ...LIMIT, timeoutSeconds: 0.4 }), {
    code: "DEADLINE_NEAR",
  });
  const cpu = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { user } = process.cpuUsage(cpu);
  assert.ok(user < 250_000, `nothing should go on, and ${user} µs of CPU were used`);
  const next = taskOf(STILL);
  await workers.run([next]);
  assert.ok(isFilled(next));
});

test("the invocation's end stops a decode, and what waits for a thread", async (t) => {
  const workers = workersOf(t);
  const ending = new AbortController();
  const running = workers.run([taskOf(STILL, 20_000)], { ...LIMIT, signal: ending.signal });
  const waiting = workers.run([taskOf(STILL)], { ...LIMIT, signal: ending.signal });
  setTimeout(() => ending.abort(), 300);
  await Promise.all([running, waiting].map((run) => assert.rejects(run, { code: "DEADLINE_NEAR" })));
  await assert.rejects(workers.run([taskOf(STILL)], { ...LIMIT, signal: ending.signal }), {
    code: "DEADLINE_NEAR",
  });
  await workers.run([taskOf(STILL)]);
});

test("one image's fault is not another's: what waits behind it is decoded", async (t) => {
  const workers = workersOf(t);
  const broken = { ...STILL, data: STILL.data.map((byte, i) => (i > 40 ? byte ^ 0x5a : byte)) };
  const cut = { ...STILL, data: STILL.data.subarray(0, 20) };
  const good = taskOf(STILL);
  const outcomes = await Promise.allSettled([
    workers.run([taskOf(cut)]),
    workers.run([taskOf(broken)]),
    workers.run([good]),
  ]);
  assert.equal(outcomes[0]?.status, "rejected");
  assert.equal((outcomes[0] as PromiseRejectedResult).reason.code, "INVALID_IMAGE");
  assert.equal(outcomes[2]?.status, "fulfilled");
  assert.ok(isFilled(good));
});

test("parts of one image, and two images at once, are decoded in two threads", async (t) => {
  const workers = workersOf(t, 2);
  const phone = codedIn(fixture("phone.heic"));
  const tasks = Array.from({ length: 6 }, () => taskOf(phone));
  const others = Array.from({ length: 6 }, () => taskOf(phone));
  await Promise.all([workers.run(tasks), workers.run(others)]);
  for (const { pixels } of [...tasks, ...others]) assert.deepEqual(pixels, tasks[0]?.pixels);
});

test("a decoder gets no more memory than its ceiling, and says so as a fault of the image", async (t) => {
  // A file of 200 MB cannot be held where 96 MiB are allowed.
  const workers = workersOf(t, 1, 1);
  const large = { ...STILL, data: Buffer.alloc(200_000_000) };
  large.data.writeUInt32BE(large.data.length - 4);
  await assert.rejects(workers.run([taskOf(large)]), { code: "INVALID_IMAGE" });
  await workers.run([taskOf(STILL)]);
});

test("a thread that ends by itself fails its own image alone, to be tried again", async (t) => {
  const workers = workersOf(t);
  // More than the thread's heap holds.
  const many = Array.from({ length: 2_500_000 }, (_, i) => ({ i }));
  const deadly = { ...taskOf(STILL), coding: many as unknown as Task["coding"] };
  const good = taskOf(STILL);
  const outcomes = await Promise.allSettled([workers.run([deadly]), workers.run([good])]);
  assert.equal((outcomes[0] as PromiseRejectedResult).reason.code, "DECODE_LIMIT");
  assert.equal(outcomes[1]?.status, "fulfilled");
  assert.ok(isFilled(good));
});

test("a process is not kept alive by threads that are idle", async (t) => {
  const workers = workersOf(t);
  await workers.run([taskOf(STILL)]);
  const active = process.getActiveResourcesInfo().filter((name) => name === "MessagePort");
  assert.deepEqual(active, []);
});

test("a file that says a size of which its bitstream knows nothing is an invalid image", () => {
  const { data, configuration } = still(fixture("still.heic"));
  const of = (width: number, height: number) =>
    inspectImage(
      heicOf([{ type: "hvc1", properties: [1, 2], data }], [configuration, ispe(width, height)]),
      1e8,
    );
  assert.throws(() => of(WIDTH + 2, HEIGHT), { code: "INVALID_IMAGE" });
  assert.equal(of(WIDTH - 2, HEIGHT).pixels, WIDTH * HEIGHT);
});
