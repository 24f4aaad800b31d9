import { test } from "node:test";
import { assertTrial } from "./assert-trial.ts";

test("300 seeded hostile inputs end in a result or a coded rejection, within bounds, and harm no good picture", () =>
  assertTrial(300, 12, [
    "classified",
    "UNSUPPORTED_FORMAT",
    "INVALID_IMAGE",
    "IMAGE_TOO_LARGE",
    "OBJECT_EMPTY",
    "OBJECT_TOO_LARGE",
  ]));
