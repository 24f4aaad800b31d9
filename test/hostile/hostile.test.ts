import { test } from "node:test";
import { assertTrial } from "./assert-trial.ts";

test("26 seeded hostile inputs end in a result or a coded rejection, within bounds, and harm no good picture", () =>
  assertTrial(26, 1, ["classified", "UNSUPPORTED_FORMAT", "INVALID_IMAGE", "IMAGE_TOO_LARGE"]));
