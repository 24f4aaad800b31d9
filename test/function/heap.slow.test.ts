import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

/** MiB that the young generation has after each of so many rounds of 3 MB of garbage, a part of which lives for a while. */
function youngGenerations(rounds: number, beforeEach: string): number[] {
  const script = `
    const { holdYoungGeneration } = await import("./src/function/heap.ts");
    const { getHeapSpaceStatistics } = await import("node:v8");
    const kept = [];
    for (let round = 0; round < ${rounds}; round++) {
      ${beforeEach}
      for (let i = 0; i < 30_000; i++) kept[i % 5_000] = { i, text: [i, i, i, i] };
      const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
      console.log(space_size / 2 ** 20);
    }`;
  const flags = ["--max-semi-space-size=88", "--expose-gc", "--input-type=module", "--eval", script];
  const lines = execFileSync(process.execPath, flags, { cwd: `${import.meta.dirname}/../..` });
  return String(lines).trim().split("\n").map(Number);
}

test("the young generation does not grow to what Lambda's command line would let it", () => {
  assert.ok((youngGenerations(300, "").at(-1) ?? 0) > 30);
  assert.equal(youngGenerations(300, "holdYoungGeneration();").at(-1), 8);
});

test("a young generation that V8 made small while little was allocated grows again", () => {
  const shrink = "if (round === 150) gc({ type: 'major', flavor: 'last-resort' });";
  const held = youngGenerations(300, `${shrink} holdYoungGeneration();`);
  assert.equal(held.at(-1), 8);
  const heldBefore = youngGenerations(300, `${shrink} if (round < 150) holdYoungGeneration();`);
  assert.ok((heldBefore[149] ?? 0) === 8 && (heldBefore.at(-1) ?? 8) < 8, `${heldBefore}`);
});

/** Full collections while 600 MB of what outlives the young generation become garbage, beside 20 MB that live on. */
function fullCollections(firstStatement: string): number {
  const script = `
    const { collectSeldom } = await import("./src/function/heap.ts");
    const { PerformanceObserver, constants } = await import("node:perf_hooks");
    let full = 0;
    new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) full++;
    }).observe({ entryTypes: ["gc"] });
    const living = Array.from({ length: 250_000 }, (_, i) => ({ i, text: [i, i] }));
    ${firstStatement}
    const kept = [];
    for (let i = 0; i < 8_000_000; i++) kept[i % 100_000] = { i, text: [i, i] };
    await new Promise((resolve) => setTimeout(resolve, 100));
    console.log(living.length > 0 && full);`;
  return Number(
    execFileSync(
      process.execPath,
      // V8 otherwise lets the heap grow by how fast it can mark, which is a busy machine's matter.
      [
        ...["--max-semi-space-size=1", "--max-old-space-size=1592", "--predictable-gc-schedule"],
        ...["--input-type=module", "--eval", script],
      ],
      { cwd: `${import.meta.dirname}/../..` },
    ),
  );
}

test("what lives for good is seldom marked again", () => {
  const [usual, seldom] = [fullCollections(""), fullCollections("collectSeldom();")];
  assert.ok(usual >= 2 * seldom && seldom > 0, `${usual} full collections, and ${seldom}`);
});
