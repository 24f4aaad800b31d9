import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { simulate } from "./simulate.ts";

const MODEL_DIR = join(import.meta.dirname, "../../models/upload-triage");

test("in 4 seeded runs against faults no upload is lost, no result is wrong, and the metrics add up", async () => {
  const { runs, uploads, injected, violations } = await simulate({
    modelDir: MODEL_DIR,
    seed: 3,
    runs: 4,
  });
  assert.deepEqual(violations, []);
  assert.equal(runs, 4);
  assert.ok(uploads > 4);
  assert.ok(injected.size > 4, `expected more than 4 kinds of faults, got ${[...injected.keys()]}`);
});
