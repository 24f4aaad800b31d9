import assert from "node:assert/strict";
import { test } from "node:test";
import { renderCheck } from "../../src/models/check.ts";
import type { Comparison } from "../../src/models/compare.ts";
import type { ImportedModel } from "../../src/models/import.ts";

const MODEL: ImportedModel = {
  ...{ name: "m", folder: "/m", sha256: "0", sizeBytes: 1, labelCount: 2, imageSize: 8 },
  ...{ arithmetic: "int8", weights: "fast", input: "float32" },
};
const prediction = (label: string) => ({ label, index: 0, score: 0.75 });

function comparison(cpuMs: Comparison["cpuMs"]): Comparison {
  const image = { file: "a.jpg", prediction: prediction("cat"), reference: prediction("dog") };
  return { images: [image], rejected: [{ file: "b.txt", code: "UNSUPPORTED_FORMAT" }], same: 0, cpuMs };
}

test("INT8 and float32 stand side by side, with what was rejected and how many labels agree", () => {
  const text = renderCheck(MODEL, comparison({ model: 1, reference: 2.5 }));
  assert.match(text, /│ a\.jpg +│ cat 0\.75 +│ dog 0\.75 +│/);
  assert.match(text, /b\.txt is rejected: UNSUPPORTED_FORMAT/);
  assert.match(text, /0 of 1 images/);
  assert.match(text, /INT8 1\.00 ms, float32 2\.50 ms \(2\.5 times as fast\)/);
  assert.doesNotMatch(text, /Warning/);
});

test("INT8 that is not faster is warned of", () => {
  const text = renderCheck(MODEL, comparison({ model: 1, reference: 0.8 }));
  assert.match(text, /Warning: INT8 is not faster here .*--weights float32/);
});

test("a float32 model has nothing beside it", () => {
  const text = renderCheck({ ...MODEL, arithmetic: "float32" }, comparison({ model: 2, reference: 2 }));
  assert.match(text, /│ a\.jpg +│ cat 0\.75 +│\n/);
  assert.doesNotMatch(text, /dog|Warning|same first label/);
  assert.match(text, /2\.00 ms in float32/);
});
