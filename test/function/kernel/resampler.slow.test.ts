import assert from "node:assert/strict";
import { test } from "node:test";
import { compileKernel } from "../../../src/function/kernel/assembly/build.ts";
import { RESAMPLE_WASM } from "../../../src/function/kernel/resample.wasm.ts";
import { assertPillows } from "./assert-pillow.ts";
import { drawCheckerboard, FILTER_NAMES, modelCase, pillowIsMissing } from "./cases.ts";

test("the compiled bytes are those of the source", async () => {
  assert.equal(Buffer.from(await compileKernel()).toString("base64"), RESAMPLE_WASM, "run assembly/build.ts");
});

const needsPillow = { skip: pillowIsMissing() };

const SIZES = [
  [500, 375],
  [333, 500],
  [1, 1],
  [2, 3],
  [100, 80],
  [1000, 41],
  [41, 1000],
  [1600, 1200],
] as const;

for (const filter of FILTER_NAMES) {
  test(`${filter} is Pillow's to the last bit, from 1 × 1 to 1600 × 1200`, needsPillow, () => {
    assertPillows(SIZES.map((size) => modelCase(size, [256, 224], filter)));
  });

  test(`${filter} is Pillow's in each orientation, gray and in colour`, needsPillow, () => {
    const orientations = [1, 2, 3, 4, 5, 6, 7, 8];
    assertPillows(
      ([1, 3] as const).flatMap((channels) =>
        orientations.map((orientation) => modelCase([231, 170], [64, 56], filter, { channels, orientation })),
      ),
    );
  });

  test(
    `${filter} makes Pillow's of checkerboards, whose gray is half a level from two others`,
    needsPillow,
    () => {
      const ratios = [2, 3, 4, 6, 10, 1.46, 2.3, 6.25];
      assertPillows(
        ratios.flatMap((ratio) =>
          [1, 2, 3].map((cell) => {
            const side = Math.round(48 * ratio);
            const one = modelCase([side, side], [48, 48], filter);
            return { ...one, image: { ...one.image, pixels: drawCheckerboard(side, cell) } };
          }),
        ),
      );
    },
  );
}

test("12 megapixels, upright and on their side, are Pillow's to the last bit", needsPillow, () => {
  assertPillows([
    modelCase([4000, 3000], [256, 224], "lanczos3"),
    modelCase([4000, 3000], [256, 224], "linear", { orientation: 6 }),
  ]);
});
