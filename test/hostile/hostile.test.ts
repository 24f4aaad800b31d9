import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { tryHostileInputs } from "./trial.ts";

const MODEL_DIR = join(import.meta.dirname, "../../models/upload-triage");

test("300 seeded hostile inputs end in a result or a coded rejection, within bounds, and harm no good picture", async () => {
  const trial = await tryHostileInputs({ modelDir: MODEL_DIR, seed: 7, count: 300, withSlow: false });
  assert.deepEqual(trial.violations, []);
  assert.equal(trial.inputs, 300);
  assert.ok(trial.controls >= 10);
  const outcomes = new Set([...trial.kinds.values()].flatMap(({ outcomes }) => [...outcomes.keys()]));
  for (const expected of ["classified", "UNSUPPORTED_FORMAT", "INVALID_IMAGE", "IMAGE_TOO_LARGE"]) {
    assert.ok(outcomes.has(expected), `expected ${expected} among ${[...outcomes].join(", ")}`);
  }
});
