import assert from "node:assert/strict";
import { test } from "node:test";
import { compileKernel } from "../../../src/function/kernel/assembly/build.ts";
import { RESAMPLE_WASM } from "../../../src/function/kernel/resample.wasm.ts";
import { assertPillows } from "./assert-pillow.ts";
import { modelCase, pillowIsMissing } from "./cases.ts";

test("the compiled bytes are those of the source", async () => {
  assert.equal(Buffer.from(await compileKernel()).toString("base64"), RESAMPLE_WASM, "run assembly/build.ts");
});

test("12 megapixels, upright and on their side, are Pillow's to the last bit", {
  skip: pillowIsMissing(),
}, () => {
  assertPillows([
    modelCase([4000, 3000], [256, 224], "lanczos3"),
    modelCase([4000, 3000], [256, 224], "linear", { orientation: 6 }),
  ]);
});
