import assert from "node:assert/strict";
import { test } from "node:test";
import { MECHANISMS } from "./mutants.ts";
import { STAGES } from "./processes.ts";
import { FAULT_CLASSES } from "./simulate.ts";

test("every fault has a mechanism that can be disabled, so that the fault is seen to be noticed", () => {
  const covered = new Set(MECHANISMS.flatMap(({ faults }) => faults));
  assert.deepEqual(
    [...FAULT_CLASSES, ...STAGES].filter((fault) => !covered.has(fault)),
    [],
  );
});
