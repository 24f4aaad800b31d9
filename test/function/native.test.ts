import assert from "node:assert/strict";
import { test } from "node:test";
import { loadOrt, loadSharp } from "../../src/function/native.ts";

test("both native packages are found by require, as they are in a layer", () => {
  const [ort, sharp] = [loadOrt(), loadSharp()];
  assert.equal(typeof sharp, "function");
  assert.equal(typeof sharp.versions.vips, "string");
  assert.equal(typeof ort.InferenceSession.create, "function");
});
