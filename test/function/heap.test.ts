import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

/** MiB that the young generation has after half a gigabyte of garbage, a part of which lives for a while. */
function youngGenerationAfterGarbage(firstStatement: string): number {
  const script = `
    const { keepYoungGenerationSmall } = await import("./src/function/heap.ts");
    const { getHeapSpaceStatistics } = await import("node:v8");
    ${firstStatement}
    const kept = [];
    for (let i = 0; i < 4_000_000; i++) kept[i % 100_000] = { i, text: [i, i, i, i] };
    const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
    console.log(space_size / 2 ** 20);`;
  const flags = ["--max-semi-space-size=88", "--input-type=module", "--eval", script];
  return Number(execFileSync(process.execPath, flags, { cwd: `${import.meta.dirname}/../..` }));
}

test("the young generation does not grow to what Lambda's command line would let it", () => {
  assert.ok(youngGenerationAfterGarbage("") > 30);
  assert.ok(youngGenerationAfterGarbage("keepYoungGenerationSmall();") < 10);
});
