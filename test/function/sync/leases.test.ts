import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createLeases, type Leases } from "../../../src/function/sync/leases.ts";

const NEVER = new AbortController().signal;

function counted(count: number) {
  let made = 0;
  return { leases: createLeases(count, () => ++made), made: () => made };
}

/** Work that has its item until it is told to end. */
function started(leases: Leases<number>, signal = NEVER) {
  const end = Promise.withResolvers<void>();
  const state = { item: 0, end: end.resolve, fail: end.reject, done: Promise.resolve() };
  state.done = leases.lend(async (item) => {
    state.item = item;
    await end.promise;
  }, signal);
  return state;
}

test("an item belongs to one piece of work, and the next waits until that has settled", async () => {
  const { leases, made } = counted(2);
  const [a, b, c] = [started(leases), started(leases), started(leases)];
  await setImmediate();
  assert.deepEqual(
    [a, b, c].map(({ item }) => item > 0),
    [true, true, false],
  );
  assert.notEqual(a.item, b.item);
  b.fail(new Error("broken"));
  await assert.rejects(b.done, /broken/);
  await setImmediate();
  assert.equal(c.item, b.item);
  a.end();
  c.end();
  await Promise.all([a.done, c.done]);
  assert.equal(made(), 2);
});

test("overdue work keeps its item, and those behind it get a new one instead of waiting", async () => {
  const { leases, made } = counted(1);
  const deadline = new AbortController();
  const overdue = started(leases, deadline.signal);
  const next = started(leases);
  await setImmediate();
  assert.equal(next.item, 0);
  deadline.abort();
  await setImmediate();
  assert.equal(leases.overdue, 1);
  assert.notEqual(next.item, 0);
  assert.notEqual(next.item, overdue.item);
  overdue.end();
  await overdue.done;
  assert.equal(leases.overdue, 0);
  next.end();
  await next.done;
  const later = [started(leases), started(leases)];
  await setImmediate();
  assert.deepEqual(
    later.map(({ item }) => item),
    [next.item, 0],
    "there is one item again",
  );
  assert.equal(made(), 2);
  for (const { end } of later) end();
});

test("as many items as there were can be replaced; then everybody waits, and an item that comes back is lent again", async () => {
  const { leases, made } = counted(1);
  const deadline = new AbortController();
  const overdue = started(leases, deadline.signal);
  await setImmediate();
  deadline.abort();
  const second = new AbortController();
  const also = started(leases, second.signal);
  await setImmediate();
  second.abort();
  assert.equal(leases.overdue, 2);
  const waiting = started(leases);
  await setImmediate();
  assert.equal(waiting.item, 0);
  also.end();
  await also.done;
  await setImmediate();
  assert.equal(waiting.item, also.item);
  overdue.end();
  waiting.end();
  await Promise.all([overdue.done, waiting.done]);
  assert.equal(made(), 2);
});

test("the deadline ends the wait, and after it nothing is lent", async () => {
  const { leases } = counted(1);
  const busy = started(leases);
  const deadline = new AbortController();
  const waiting = started(leases, deadline.signal);
  await setImmediate();
  deadline.abort();
  await assert.rejects(waiting.done, { code: "DEADLINE_NEAR", retryable: true });
  busy.end();
  await busy.done;
  await assert.rejects(started(leases, deadline.signal).done, { code: "DEADLINE_NEAR" });
  const next = started(leases);
  await setImmediate();
  assert.equal(next.item, busy.item);
  next.end();
});
