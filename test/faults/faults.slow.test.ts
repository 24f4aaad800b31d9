import { test } from "node:test";
import { assertRuns } from "./assert-runs.ts";

test("in 24 seeded runs against faults no upload is lost, no result is wrong, and the metrics add up", () =>
  assertRuns(24, 8));
