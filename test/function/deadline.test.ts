import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { createDeadline } from "../../src/function/deadline.ts";

test("half a second of the invocation's time is kept for the answer", () => {
  const remainingMs = createDeadline(10_000).remainingMs();
  assert.ok(remainingMs <= 9500 && remainingMs > 0, String(remainingMs));
});

test("the signal aborts when the time is over, and not before", async () => {
  assert.equal(createDeadline(60_000).signal.aborted, false);
  const short = createDeadline(520);
  assert.equal(short.signal.aborted, false);
  // The signal alone keeps no process alive.
  const alive = setInterval(() => {}, 1_000);
  await once(short.signal, "abort").finally(() => clearInterval(alive));
  assert.ok(short.remainingMs() <= 1);
});

test("with less than that left, nothing is left", () => {
  for (const remainingMs of [400, 0, -1]) assert.ok(createDeadline(remainingMs).remainingMs() <= 0);
});

test("a clock that was set back by years promises no more than Lambda's longest timeout, and no timer overflows", async () => {
  const deadline = createDeadline(40 * 365 * 86_400_000);
  assert.ok(deadline.remainingMs() <= 900_000);
  await setTimeout(20);
  assert.equal(deadline.signal.aborted, false);
  assert.equal(await deadline.bound(setTimeout(20, "done")), "done");
});
