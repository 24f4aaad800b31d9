import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createMutex } from "../../../src/function/sync/mutex.ts";

test("pieces of work run one after the other, in the order they were asked for", async () => {
  const mutex = createMutex();
  const log: string[] = [];
  const work = (name: string, turns: number) => async () => {
    log.push(`${name} begins`);
    for (let i = 0; i < turns; i++) await setImmediate();
    log.push(`${name} ends`);
    return name;
  };
  const results = await Promise.all([mutex(work("a", 3)), mutex(work("b", 0)), mutex(work("c", 1))]);
  assert.deepEqual(results, ["a", "b", "c"]);
  assert.deepEqual(log, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

test("a piece of work that fails does not stop those behind it", async () => {
  const mutex = createMutex();
  const broken = mutex(() => Promise.reject(new Error("broken")));
  const next = mutex(async () => "done");
  await assert.rejects(broken, /broken/);
  assert.equal(await next, "done");
});
