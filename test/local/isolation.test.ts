import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { ResultDocument } from "../../src/local/command/result.ts";
import { PROJECT_DIR } from "../../src/local/template.ts";
import { playPoison, poisonedAt } from "./poison.ts";

const LIMIT = { timeout: 120_000 };

test(
  "an upload that ends the process while it is decoded is rejected with its reason, and none of the ten beside it is dead",
  LIMIT,
  async (t) => {
    const killer = await readFile(join(PROJECT_DIR, "test/fixtures/barcode-1.png"));
    const { stack } = await playPoison(t, poisonedAt(killer.length, "crash"), killer);
    assert.deepEqual(stack.deadMessages(), []);
    const { status, error } = (await stack.readResult("killer")) as ResultDocument;
    assert.deepEqual([status, error?.code], ["rejected", "PROCESSING_LIMIT"]);
  },
);
