import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { simulate } from "./simulate.ts";

const MODEL_DIR = join(import.meta.dirname, "../../models/upload-triage");

test("in 24 seeded runs against faults no upload is lost, no result is wrong, and the metrics add up", async () => {
  const { runs, uploads, injected, violations } = await simulate({
    modelDir: MODEL_DIR,
    seed: 3,
    runs: 24,
  });
  assert.deepEqual(violations, []);
  assert.equal(runs, 24);
  assert.ok(uploads > 24);
  assert.ok(injected.size > 8, `expected more than 8 kinds of faults, got ${[...injected.keys()]}`);
});
