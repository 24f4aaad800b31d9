import assert from "node:assert/strict";
import { join } from "node:path";
import { simulate } from "./simulate.ts";

const MODEL_DIR = join(import.meta.dirname, "../../models/upload-triage");

/** Asserts that nothing breaks in so many seeded runs, which meet more than so many kinds of faults. */
export async function assertRuns(count: number, kinds: number): Promise<void> {
  const { runs, uploads, injected, violations } = await simulate({
    modelDir: MODEL_DIR,
    seed: 3,
    runs: count,
  });
  assert.deepEqual(violations, []);
  assert.equal(runs, count);
  assert.ok(uploads > count);
  assert.ok(
    injected.size > kinds,
    `expected more than ${kinds} kinds of faults, got ${[...injected.keys()]}`,
  );
}
