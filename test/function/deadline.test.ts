import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { createDeadline } from "../../src/function/deadline.ts";

test("half a second of the invocation's time is kept for the answer", () => {
  const remainingMs = createDeadline(10_000).remainingMs();
  assert.ok(remainingMs <= 9500 && remainingMs > 0, String(remainingMs));
});

test("the signal aborts when the time is over, and not before", async () => {
  assert.equal(createDeadline(60_000).signal.aborted, false);
  const short = createDeadline(520);
  assert.equal(short.signal.aborted, false);
  const keepAlive = setTimeout(() => {}, 60_000);
  await once(short.signal, "abort");
  clearTimeout(keepAlive);
  assert.ok(short.remainingMs() <= 1);
});

test("with less than that left, nothing is left", () => {
  for (const remainingMs of [400, 0, -1]) assert.ok(createDeadline(remainingMs).remainingMs() <= 0);
});
