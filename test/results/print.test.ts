import assert from "node:assert/strict";
import { test } from "node:test";
import { ClassifierError } from "../../src/function/errors.ts";
import { rejectedResult } from "../../src/function/result.ts";
import { resultTable } from "../../src/results/print.ts";

test("a key cannot steer the terminal that it is listed in", () => {
  const origin = { model: { name: "m", sha256: "0", fingerprint: "0" }, requestId: "r" };
  const key = "\u001b[2J\u001b]0;owned\u0007\u009b31m\u202egpj.x";
  const error = new ClassifierError("INVALID_IMAGE", "broken");
  const table = resultTable([rejectedResult(origin, { bucket: "uploads", key }, error)]);
  assert.ok(table.includes("?[2J?]0;owned?31m?gpj.x"), table);
});
