import { test } from "node:test";
import { assertMeasured } from "./assert-measured.ts";

for (const way of ["object", "annotation", "annotation+lines"] as const) {
  test(`the real function is measured on batches of 1 and 10, and makes the requests of ${way}`, () =>
    assertMeasured(way));
}
