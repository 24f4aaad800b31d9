import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { MECHANISMS } from "./mutants.ts";
import { tryMechanisms } from "./mutate.ts";

test("a bundle without a mechanism is built, and its loss is noticed", async () => {
  const without = MECHANISMS.find(({ mutant }) => mutant === "publishAgain");
  assert.ok(without);
  const modelDir = join(import.meta.dirname, "../../models/upload-triage");
  const [tried] = await tryMechanisms({ modelDir, seed: 1 }, [without]);
  assert.match(tried?.noticed ?? "", /written twice/);
});
