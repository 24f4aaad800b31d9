import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT_DIR } from "../../src/local/template.ts";
import { MECHANISMS } from "./mutations.ts";
import { STAGES } from "./processes.ts";
import { FAULT_CLASSES } from "./simulate.ts";

test("every fault has a mechanism that can be disabled, so that the fault is seen to be noticed", () => {
  const covered = new Set(MECHANISMS.flatMap(({ faults }) => faults));
  assert.deepEqual(
    [...FAULT_CLASSES, ...STAGES].filter((fault) => !covered.has(fault)),
    [],
  );
});

test("every mechanism to disable is still where the table says", async () => {
  for (const { edits, disabled } of MECHANISMS) {
    for (const [file, from] of edits) {
      const source = await readFile(join(PROJECT_DIR, file), "utf8");
      assert.ok(source.includes(from), `${disabled}: ${file} has no ${from}`);
    }
  }
});
