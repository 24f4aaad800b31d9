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
