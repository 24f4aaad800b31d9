import { test } from "node:test";
import { assertTrial } from "./assert-trial.ts";

test("40 seeded hostile inputs end in a result or a coded rejection, within bounds, and harm no good picture", () =>
  assertTrial(40, 1, ["classified", "UNSUPPORTED_FORMAT", "INVALID_IMAGE", "IMAGE_TOO_LARGE"]));
