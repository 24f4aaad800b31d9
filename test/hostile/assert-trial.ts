import assert from "node:assert/strict";
import { join } from "node:path";
import { tryHostileInputs } from "./trial.ts";

const MODEL_DIR = join(import.meta.dirname, "../../models/upload-triage");

/** Asserts that so many seeded inputs break nothing, with so many good pictures between them, and end in all these ways. */
export async function assertTrial(
  count: number,
  controls: number,
  expected: readonly string[],
): Promise<void> {
  const trial = await tryHostileInputs({ modelDir: MODEL_DIR, seed: 7, count, withSlow: false });
  // How long a picture took says more about the machine than about the picture while other tests run.
  assert.deepEqual(
    trial.violations.filter(([kind]) => kind !== "over time"),
    [],
  );
  assert.equal(trial.inputs, count);
  assert.equal(trial.controls, controls);
  const seen = new Set([...trial.families.values()].flatMap(({ outcomes }) => [...outcomes.keys()]));
  for (const outcome of expected)
    assert.ok(seen.has(outcome), `expected ${outcome} among ${[...seen].join(", ")}`);
}
