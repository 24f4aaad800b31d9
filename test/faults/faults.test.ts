import { test } from "node:test";
import { assertRuns } from "./assert-runs.ts";

test("in 4 seeded runs against faults no upload is lost, no result is wrong, and the metrics add up", () =>
  assertRuns(4, 4));
