import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createFileMemory } from "../../../src/function/sync/file-memory.ts";

const MIB = 2 ** 20;
const NEVER = new AbortController().signal;

test("a buffer fits its file, and is used again for the next of its size", async () => {
  const memory = createFileMemory(4 * MIB, 2 * MIB);
  const taken: Buffer[] = [];
  for (const bytes of [5, 300_000, 700_000, 700_001]) {
    await memory.lend(
      bytes,
      async (take) => {
        const buffer = take(bytes);
        assert.ok(buffer.length >= bytes);
        taken.push(buffer);
      },
      NEVER,
    );
  }
  assert.equal(taken[0], taken[1]);
  assert.notEqual(taken[1], taken[2]);
  assert.equal(taken[2], taken[3]);
});

test("no buffer is larger than the largest file that is accepted", async () => {
  const memory = createFileMemory(64 * MIB, 25 * MIB);
  const length = await memory.lend(20 * MIB, async (take) => take(20 * MIB).length, NEVER);
  assert.equal(length, 25 * MIB);
});

test("two files at once never have the same buffer, and one has it until its work has settled", async () => {
  const memory = createFileMemory(4 * MIB, MIB);
  const ends = [0, 1, 2].map(() => Promise.withResolvers<void>());
  const taken: Buffer[] = [];
  const lent = ends.map(({ promise }) =>
    memory.lend(
      10,
      async (take) => {
        taken.push(take(10));
        await promise;
      },
      NEVER,
    ),
  );
  await setImmediate();
  assert.equal(new Set(taken).size, 3);
  ends[1]?.resolve();
  await lent[1];
  await memory.lend(10, async (take) => assert.equal(take(10), taken[1]), NEVER);
  for (const { resolve } of ends) resolve();
  await Promise.all(lent);
});

test("what is lent and kept never exceeds the capacity; what finds no room waits, until the deadline", async () => {
  const memory = createFileMemory(2 * MIB, 2 * MIB);
  const end = Promise.withResolvers<void>();
  const first = memory.lend(
    MIB + 1,
    async (take) => {
      take(MIB + 1);
      await end.promise;
    },
    NEVER,
  );
  const deadline = new AbortController();
  const late = memory.lend(10, async () => "never", deadline.signal);
  await setImmediate();
  deadline.abort();
  await assert.rejects(late, { code: "DEADLINE_NEAR" });
  end.resolve();
  await first;
  const small = await memory.lend(10, async (take) => take(10), NEVER);
  assert.equal(await memory.lend(10, async (take) => take(10), NEVER), small);
  await memory.lend(2 * MIB, async (take) => take(2 * MIB), NEVER);
  const again = await memory.lend(10, async (take) => take(10), NEVER);
  assert.notEqual(again, small, "the large one took the kept one's room");
});

test("a file of unknown size is charged for the largest and takes what it needs", async () => {
  const memory = createFileMemory(8 * MIB, 8 * MIB);
  assert.equal(await memory.lend(8 * MIB, async (take) => take(10).length, NEVER), MIB / 2);
});
