import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { classifyBatch } from "../../src/function/batch.ts";
import type { Config } from "../../src/function/config.ts";
import { createDeadline } from "../../src/function/deadline.ts";
import type { ImageRef } from "../../src/function/image-ref.ts";
import { loadModel } from "../../src/function/model/load.ts";
import type { Outcome } from "../../src/function/outcome.ts";
import { createSlot } from "../../src/function/slot.ts";
import { createPixelLane, type PixelLane } from "../../src/function/sync/semaphore.ts";
import type { S3Options } from "../../src/local/s3/server.ts";
import { testConfig } from "./harness.ts";
import { BLUE, GREEN, plainPng, RED } from "./pictures.ts";
import { recordS3 } from "./stages/s3-requests.ts";
import { writeTinyModel } from "./tiny-model.ts";

interface BatchOptions {
  readonly slots?: number;
  readonly remainingMs?: number;
  readonly config?: Partial<Config>;
  readonly s3?: Partial<S3Options>;
}

async function start(t: TestContext, options: BatchOptions = {}) {
  const running = await recordS3(t, options.s3);
  const model = await loadModel(await writeTinyModel(t));
  const config = testConfig(options.config);
  const slots = Array.from({ length: options.slots ?? 3 }, () => createSlot(model));
  const lane = createPixelLane(config.maxImagePixels);
  let [pixels, peakPixels] = [0, 0];
  const pixelLane: PixelLane = (count, work, signal) =>
    lane(
      count,
      async () => {
        pixels += count;
        peakPixels = Math.max(peakPixels, pixels);
        try {
          return await work();
        } finally {
          pixels -= count;
        }
      },
      signal,
    );
  return {
    ...running,
    slots,
    peakPixels: () => peakPixels,
    classify: (refs: readonly ImageRef[]) => {
      const deadline = createDeadline(options.remainingMs ?? 60_000);
      const { s3 } = running;
      return classifyBatch({ s3, model, config, deadline, pixelLane, requestId: "r" }, slots, refs);
    },
  };
}

const upload = (key: string, others: Partial<ImageRef> = {}): ImageRef => ({
  bucket: "uploads",
  key,
  ...others,
});

/** The label, or the code, or how else it ended. */
function shown(outcome: Outcome): string | undefined {
  if (outcome.status === "classified") return outcome.result.predictions[0]?.label;
  return "error" in outcome ? outcome.error.code : outcome.status;
}

test("each upload has its outcome, in the order of the uploads, and a bad one spoils no neighbour", async (t) => {
  const { put, classify } = await start(t);
  await put("uploads", "red", await plainPng(RED));
  await put("uploads", "text", "no picture");
  await put("uploads", "green", await plainPng(GREEN));
  await put("uploads", "blue", await plainPng(BLUE));
  const refs = ["red", "text", "missing", "green", "blue"].map((key) => upload(key));
  const outcomes = await classify(refs);
  assert.deepEqual(outcomes.map(shown), ["red", "UNSUPPORTED_FORMAT", "OBJECT_NOT_FOUND", "green", "blue"]);
  assert.deepEqual(
    outcomes.map(({ ref }) => ref),
    refs,
  );
});

test("no upload has no outcome", async (t) => {
  const { classify } = await start(t);
  assert.deepEqual(await classify([]), []);
});

for (const slots of [1, 3, 5]) {
  test(`with ${slots} slots ${slots} uploads are on their way at once, never more`, async (t) => {
    const { put, classify, endpoint, peak } = await start(t, { slots });
    const red = await plainPng(RED);
    const keys = Array.from({ length: 10 }, (_, i) => `k${i}`);
    for (const key of keys) await put("uploads", key, red);
    endpoint.setFault({ kind: "delay", ms: 40 });
    const outcomes = await classify(keys.map((key) => upload(key)));
    assert.deepEqual(new Set(outcomes.map(shown)), new Set(["red"]));
    assert.equal(peak(), slots);
  });
}

test("forty pictures take the slots' buffers, and leave them the same objects", async (t) => {
  const { put, classify, slots } = await start(t);
  const buffers = () => slots.map(({ pixelValues, feeds, fileBuffer }) => [pixelValues, feeds, fileBuffer]);
  const before = buffers();
  const colours = { red: RED, green: GREEN, blue: BLUE };
  const expected: string[] = [];
  for (let i = 0; i < 40; i++) {
    const [name, colour] = Object.entries(colours)[i % 3] ?? ["red", RED];
    await put("uploads", `k${i}`, await plainPng(colour));
    expected.push(name);
  }
  const outcomes = await classify(expected.map((_, i) => upload(`k${i}`)));
  assert.deepEqual(outcomes.map(shown), expected);
  for (const [index, buffer] of buffers().flat().entries()) assert.equal(buffer, before.flat()[index]);
});

test("of several events of one key only the newest is worked on, wherever it stands", async (t) => {
  const { put, classify, requests } = await start(t);
  await put("uploads", "k", await plainPng(RED));
  const outcomes = await classify(["02", "1", "0FF"].map((sequencer) => upload("k", { sequencer })));
  assert.deepEqual(outcomes.map(shown), ["superseded", "red", "superseded"]);
  assert.deepEqual(requests, ["GetObject", "PutObject"]);
});

test("the same event twice is worked on once, and has one outcome", async (t) => {
  const { put, classify, requests } = await start(t);
  const { eTag } = await put("uploads", "k", await plainPng(RED));
  const [first, second] = await classify([1, 2].map(() => upload("k", { sequencer: "01", eTag })));
  assert.equal(first, second);
  assert.deepEqual(requests, ["GetObject", "PutObject"]);
});

test("the same key in two buckets is two uploads", async (t) => {
  const buckets = ["uploads", "others", "results"];
  const { put, classify } = await start(t, { s3: { buckets } });
  await put("uploads", "k", await plainPng(RED));
  await put("others", "k", await plainPng(GREEN));
  const outcomes = await classify([
    upload("k", { sequencer: "02" }),
    { bucket: "others", key: "k", sequencer: "01" },
  ]);
  assert.equal(shown(outcomes[0] as Outcome), "red");
  assert.equal(shown(outcomes[1] as Outcome), "green");
});

test("with less time left than the margin no picture is started, and each is DEADLINE_NEAR", async (t) => {
  const { put, classify, requests } = await start(t, { remainingMs: 2400 });
  await put("uploads", "k", await plainPng(RED));
  const outcomes = await classify([upload("k"), upload("l")]);
  assert.deepEqual(outcomes.map(shown), ["DEADLINE_NEAR", "DEADLINE_NEAR"]);
  assert.deepEqual(requests, []);
});

test("when time runs out, what is under way is given up as DEADLINE_NEAR and what is done stays done", async (t) => {
  const { put, classify, endpoint } = await start(t, {
    slots: 2,
    remainingMs: 2500,
    config: { deadlineMarginMs: 0 },
  });
  for (const key of ["done", "stuck", "later"]) await put("uploads", key, await plainPng(RED));
  endpoint.setFault({
    kind: "delay",
    ms: 60_000,
    matches: (_bucket, key) => key !== "done" && key !== "done.json",
  });
  const outcomes = await classify(["done", "stuck", "later"].map((key) => upload(key)));
  assert.deepEqual(outcomes.map(shown), ["red", "DEADLINE_NEAR", "DEADLINE_NEAR"]);
});

test("pictures being decoded never have more pixels together than one may have, and all are classified", async (t) => {
  const { put, classify, peakPixels } = await start(t, { slots: 6, config: { maxImagePixels: 300 * 300 } });
  const sides = [300, 20, 200, 299, 30, 250, 40, 300, 150, 150, 100, 260];
  for (const side of sides) await put("uploads", `k${side}`, await plainPng(BLUE, side, side));
  const outcomes = await classify(sides.map((side, i) => upload(`k${side}`, { sequencer: `0${i}` })));
  assert.ok(outcomes.every((outcome) => ["blue", "superseded"].includes(shown(outcome) ?? "")));
  assert.ok(peakPixels() <= 300 * 300, `${peakPixels()} pixels at once`);
});

test("a picture that finds no room in time is DEADLINE_NEAR, and a later batch finds the room free", async (t) => {
  const running = await start(t, { remainingMs: 700, config: { deadlineMarginMs: 0, maxImagePixels: 1000 } });
  await running.put("uploads", "k", await plainPng(RED, 30, 30));
  const model = await loadModel(await writeTinyModel(t));
  const lane = createPixelLane(1000);
  const leave = Promise.withResolvers<void>();
  const occupied = lane(1000, () => leave.promise);
  const config = testConfig({ deadlineMarginMs: 0, maxImagePixels: 1000 });
  const { s3 } = running;
  const slots = [createSlot(model)];
  const classify = (remainingMs: number) => {
    const deadline = createDeadline(remainingMs);
    return classifyBatch({ s3, model, config, deadline, pixelLane: lane, requestId: "r" }, slots, [
      upload("k"),
    ]);
  };
  assert.deepEqual((await classify(700)).map(shown), ["DEADLINE_NEAR"]);
  leave.resolve();
  await occupied;
  assert.deepEqual((await classify(60_000)).map(shown), ["red"]);
});
