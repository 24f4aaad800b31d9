import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createSemaphore } from "../../../src/function/sync/semaphore.ts";

const NEVER = new AbortController().signal;

/** Work that is in the semaphore until it is told to end. */
function started(semaphore: ReturnType<typeof createSemaphore>, weight: number, signal = NEVER) {
  const end = Promise.withResolvers<void>();
  const state = { isInside: false, end: end.resolve, fail: end.reject, done: Promise.resolve() };
  const work = () => {
    state.isInside = true;
    return end.promise;
  };
  state.done = semaphore(weight, work, signal);
  return state;
}

test("pictures are decoded together while their pixels have room", async () => {
  const semaphore = createSemaphore(10, "pixels");
  const pictures = [5, 3, 2].map((pixels) => started(semaphore, pixels));
  await setImmediate();
  assert.ok(pictures.every(({ isInside }) => isInside));
  for (const { end } of pictures) end();
  await Promise.all(pictures.map(({ done }) => done));
});

test("a picture that does not fit waits, and smaller ones go on beside those inside", async () => {
  const semaphore = createSemaphore(10, "pixels");
  const first = started(semaphore, 6);
  const large = started(semaphore, 9);
  const small = started(semaphore, 4);
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

test("a picture larger than the whole semaphore is decoded alone", async () => {
  const semaphore = createSemaphore(10, "pixels");
  const giant = started(semaphore, 25);
  const small = started(semaphore, 1);
  await setImmediate();
  assert.deepEqual([giant.isInside, small.isInside], [true, false]);
  giant.end();
  await giant.done;
  await setImmediate();
  assert.equal(small.isInside, true);
  small.end();
});

test("work that throws leaves its room to the next, and its error to its caller", async () => {
  const semaphore = createSemaphore(10, "pixels");
  const broken = started(semaphore, 10);
  const next = started(semaphore, 10);
  broken.fail(new Error("broken"));
  await assert.rejects(broken.done, /^Error: broken$/);
  await setImmediate();
  assert.equal(next.isInside, true);
  next.end();
  await next.done;
});

test("after the deadline nothing enters, room or not", async () => {
  const semaphore = createSemaphore(10, "pixels");
  const late = started(semaphore, 1, AbortSignal.abort());
  await assert.rejects(late.done, { code: "DEADLINE_NEAR" });
  assert.equal(late.isInside, false);
});

test("the deadline ends the wait as DEADLINE_NEAR, never the work, and leaves the semaphore in order", async () => {
  const semaphore = createSemaphore(10, "pixels");
  const deadline = new AbortController();
  const inside = started(semaphore, 8, deadline.signal);
  const waiting = started(semaphore, 8, deadline.signal);
  await setImmediate();
  deadline.abort();
  await assert.rejects(waiting.done, { code: "DEADLINE_NEAR", retryable: true });
  await assert.rejects(started(semaphore, 8, deadline.signal).done, { code: "DEADLINE_NEAR" });
  inside.end();
  await inside.done;
  const later = started(semaphore, 8);
  await setImmediate();
  assert.deepEqual([waiting.isInside, later.isInside], [false, true]);
  later.end();
});

test("of 1,200 pictures of any size all are decoded, and never more pixels at once than allowed", async () => {
  const maxPixels = 50;
  const semaphore = createSemaphore(maxPixels, "pixels");
  let inside = 0;
  let peak = 0;
  let decoded = 0;
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  const decode = (pixels: number) =>
    semaphore(
      pixels,
      async () => {
        inside += pixels;
        peak = Math.max(peak, inside);
        for (let turns = random(4); turns > 0; turns--) await setImmediate();
        inside -= pixels;
        decoded += 1;
      },
      NEVER,
    );
  // Twelve slots, each with one picture after the other.
  const slots = Array.from({ length: 12 }, async () => {
    for (let i = 0; i < 100; i++) await decode(1 + random(maxPixels));
  });
  await Promise.all(slots);
  assert.equal(decoded, 1200);
  assert.ok(peak <= maxPixels, `${peak} pixels at once`);
  assert.ok(peak > maxPixels / 2, `only ${peak} pixels at once`);
});

test("work that nothing came out of while two deadlines passed starves those who wait, until it ends", async () => {
  const semaphore = createSemaphore(10, "pixels");
  const hung = started(semaphore, 10);
  const waited = [new AbortController(), new AbortController()].map((deadline) => {
    const { done } = started(semaphore, 5, deadline.signal);
    return { deadline, done, other: started(semaphore, 5, deadline.signal).done };
  });
  assert.equal(semaphore.isStarved, false);
  const starved: boolean[] = [];
  for (const { deadline, done, other } of waited) {
    deadline.abort();
    for (const wait of [done, other]) await assert.rejects(wait, { code: "DEADLINE_NEAR" });
    starved.push(semaphore.isStarved);
  }
  assert.deepEqual(starved, [false, true]);
  hung.end();
  await hung.done;
  assert.equal(semaphore.isStarved, false);
});
