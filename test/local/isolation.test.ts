import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { ResultDocument } from "../../src/local/command/result.ts";
import { PROJECT_DIR } from "../../src/local/template.ts";
import { CRASHING, playPoison, poisonedAt } from "./poison.ts";

const LIMIT = { timeout: 120_000 };

test("an upload that ends the process at once takes none of the ten beside it along", LIMIT, async (t) => {
  const { stack, ended } = await playPoison(
    t,
    CRASHING,
    await readFile(join(PROJECT_DIR, "test/fixtures/photo-1.jpg")),
  );
  const [dead, ...others] = stack.deadMessages();
  assert.deepEqual(others, []);
  assert.equal(ended.get("killer"), "dead");
  assert.equal(dead?.receiveCount, 7);
  assert.match(dead?.reason ?? "", /Runtime\.ExitError.*aborted/);
});

test(
  "one that ends it while it is decoded is rejected with its reason, and none of the ten is dead",
  LIMIT,
  async (t) => {
    const killer = await readFile(join(PROJECT_DIR, "test/fixtures/barcode-1.png"));
    const { stack } = await playPoison(t, poisonedAt(killer.length, "crash"), killer);
    assert.deepEqual(stack.deadMessages(), []);
    const { status, error } = (await stack.readResult("killer")) as ResultDocument;
    assert.deepEqual([status, error?.code], ["rejected", "PROCESSING_LIMIT"]);
  },
);
