import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { tryHostileInputs } from "./trial.ts";

const MODEL_DIR = join(import.meta.dirname, "../../models/upload-triage");

test("40 seeded hostile inputs end in a result or a coded rejection, within bounds, and harm no good picture", async () => {
  const trial = await tryHostileInputs({ modelDir: MODEL_DIR, seed: 7, count: 40, withSlow: false });
  // How long a picture took says more about the machine than about the picture while other tests run.
  assert.deepEqual(
    trial.violations.filter(([kind]) => kind !== "over time"),
    [],
  );
  assert.equal(trial.inputs, 40);
  assert.equal(trial.controls, 1);
  const outcomes = new Set([...trial.families.values()].flatMap(({ outcomes }) => [...outcomes.keys()]));
  for (const expected of ["classified", "UNSUPPORTED_FORMAT", "INVALID_IMAGE", "IMAGE_TOO_LARGE"]) {
    assert.ok(outcomes.has(expected), `expected ${expected} among ${[...outcomes].join(", ")}`);
  }
});
