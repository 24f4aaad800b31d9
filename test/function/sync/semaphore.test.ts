import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createPixelLane } from "../../../src/function/sync/semaphore.ts";

/** Work that is in the lane until it is told to end. */
function started(lane: ReturnType<typeof createPixelLane>, pixels: number, signal?: AbortSignal) {
  const end = Promise.withResolvers<void>();
  const state = { isInside: false, end: end.resolve, fail: end.reject, done: Promise.resolve() };
  const work = () => {
    state.isInside = true;
    return end.promise;
  };
  state.done = lane(pixels, work, signal);
  return state;
}

test("pictures are decoded together while their pixels have room", async () => {
  const lane = createPixelLane(10);
  const pictures = [5, 3, 2].map((pixels) => started(lane, pixels));
  await setImmediate();
  assert.ok(pictures.every(({ isInside }) => isInside));
  for (const { end } of pictures) end();
  await Promise.all(pictures.map(({ done }) => done));
});

test("a picture that does not fit waits, and smaller ones go on beside those inside", async () => {
  const lane = createPixelLane(10);
  const first = started(lane, 6);
  const large = started(lane, 9);
  const small = started(lane, 4);
  await setImmediate();
  assert.deepEqual([first.isInside, large.isInside, small.isInside], [true, false, true]);
  first.end();
  await first.done;
  await setImmediate();
  assert.equal(large.isInside, false);
  small.end();
  await small.done;
  await setImmediate();
  assert.equal(large.isInside, true);
  large.end();
  await large.done;
});

test("a picture larger than the whole lane is decoded alone", async () => {
  const lane = createPixelLane(10);
  const giant = started(lane, 25);
  const small = started(lane, 1);
  await setImmediate();
  assert.deepEqual([giant.isInside, small.isInside], [true, false]);
  giant.end();
  await giant.done;
  await setImmediate();
  assert.equal(small.isInside, true);
  small.end();
});

test("work that throws leaves its room to the next, and its error to its caller", async () => {
  const lane = createPixelLane(10);
  const broken = started(lane, 10);
  const next = started(lane, 10);
  broken.fail(new Error("broken"));
  await assert.rejects(broken.done, /^Error: broken$/);
  await setImmediate();
  assert.equal(next.isInside, true);
  next.end();
  await next.done;
});

test("the deadline ends the wait as DEADLINE_NEAR, never the work, and leaves the lane in order", async () => {
  const lane = createPixelLane(10);
  const deadline = new AbortController();
  const inside = started(lane, 8, deadline.signal);
  const waiting = started(lane, 8, deadline.signal);
  await setImmediate();
  deadline.abort();
  await assert.rejects(waiting.done, { code: "DEADLINE_NEAR", retryable: true });
  await assert.rejects(started(lane, 8, deadline.signal).done, { code: "DEADLINE_NEAR" });
  inside.end();
  await inside.done;
  const later = started(lane, 8);
  await setImmediate();
  assert.deepEqual([waiting.isInside, later.isInside], [false, true]);
  later.end();
});

test("of 1,200 pictures of any size all are decoded, and never more pixels at once than allowed", async () => {
  const maxPixels = 50;
  const lane = createPixelLane(maxPixels);
  let inside = 0;
  let peak = 0;
  let decoded = 0;
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  const decode = (pixels: number) =>
    lane(pixels, async () => {
      inside += pixels;
      peak = Math.max(peak, inside);
      for (let turns = random(4); turns > 0; turns--) await setImmediate();
      inside -= pixels;
      decoded += 1;
    });
  // Twelve slots, each with one picture after the other.
  const slots = Array.from({ length: 12 }, async () => {
    for (let i = 0; i < 100; i++) await decode(1 + random(maxPixels));
  });
  await Promise.all(slots);
  assert.equal(decoded, 1200);
  assert.ok(peak <= maxPixels, `${peak} pixels at once`);
  assert.ok(peak > maxPixels / 2, `only ${peak} pixels at once`);
});
