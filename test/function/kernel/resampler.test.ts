import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createResampler } from "../../../src/function/kernel/resampler.ts";
import { assertPillows, assertSame } from "./assert-pillow.ts";
import { type Case, FILTER_NAMES, modelCase, ownPixels, pillowIsMissing } from "./cases.ts";
import { STORED_CASES } from "./store-vectors.ts";

test("small images become what Pillow made of them, to the last bit, with each filter and orientation", () => {
  const stored: string[] = JSON.parse(readFileSync(join(import.meta.dirname, "vectors.json"), "utf8"));
  assert.equal(stored.length, STORED_CASES.length);
  for (const [index, one] of STORED_CASES.entries()) {
    assertSame(one, ownPixels(one), Buffer.from(stored[index] ?? "", "base64"));
  }
});

const needsPillow = { skip: pillowIsMissing() };

test("a crop beyond the image is black around it", needsPillow, () => {
  assertPillows([
    modelCase([40, 31], [20, 41], "linear"),
    modelCase([40, 31], [20, 23], "linear", { channels: 1, orientation: 6 }),
  ]);
});

const normalization = { scale: [1 / 58, 1 / 57, 1 / 56], offset: [-2.1, -2, -1.9] } as const;

for (const channels of [1, 3] as const) {
  test(`values of ${channels} channel(s) are the pixels normalised, planes or interleaved, float or bytes`, () => {
    const one = modelCase([61, 47], [29, 27], "linear", { channels });
    const pixels = ownPixels(one);
    const resampler = createResampler();
    const run = (layout: "NCHW" | "NHWC", target: Float32Array | Uint8Array) => {
      resampler.resampleInto(one.image, one.plan, one.filter, { layout, ...normalization }, target);
      return target;
    };
    const area = pixels.length / 3;
    const floats = {
      NCHW: run("NCHW", new Float32Array(3 * area)),
      NHWC: run("NHWC", new Float32Array(3 * area)),
    };
    const bytes = {
      NCHW: run("NCHW", new Uint8Array(3 * area)),
      NHWC: run("NHWC", new Uint8Array(3 * area)),
    };
    for (const [index, pixel] of pixels.entries()) {
      const c = index % 3;
      const plane = c * area + Math.floor(index / 3);
      const value = pixel * (normalization.scale[c] as number) + (normalization.offset[c] as number);
      assert.deepEqual([bytes.NHWC[index], bytes.NCHW[plane]], [pixel, pixel]);
      assert.ok(Math.abs((floats.NHWC[index] as number) - value) < 1e-5);
      assert.ok(Math.abs((floats.NCHW[plane] as number) - value) < 1e-5);
    }
  });
}

test("16-bit and 64-bit floats hold the 32-bit values", () => {
  const one = modelCase([61, 47], [29, 27], "linear");
  const targets = [new Float32Array(2187), new Float16Array(2187), new Float64Array(2187)] as const;
  for (const target of targets) {
    createResampler().resampleInto(
      one.image,
      one.plan,
      one.filter,
      { layout: "NHWC", ...normalization },
      target,
    );
  }
  assert.deepEqual(targets[1], new Float16Array(targets[0]));
  assert.deepEqual(targets[2], new Float64Array(targets[0]));
});

test("rows may be farther apart than their pixels", () => {
  const one = modelCase([33, 20], [16, 16], "cubic");
  const stride = 33 * 3 + 5;
  const pixels = new Uint8Array(stride * 20).fill(201);
  for (let y = 0; y < 20; y++) pixels.set(one.image.pixels.subarray(y * 99, y * 99 + 99), y * stride);
  assert.deepEqual(ownPixels({ ...one, image: { ...one.image, pixels, stride } }), ownPixels(one));
});

test("a plain image stays plain, enlarged or made smaller a thousand times", () => {
  for (const size of [
    [3, 2],
    [700, 400],
    [9000, 20],
  ] as const) {
    for (const filter of FILTER_NAMES) {
      const one = modelCase(size, [16, 16], filter);
      const own = ownPixels({ ...one, image: { ...one.image, pixels: one.image.pixels.fill(254) } });
      assert.ok(
        own.every((pixel) => pixel === 254),
        `${one.name}: ${own.find((pixel) => pixel !== 254)}`,
      );
    }
  }
});

test("memory grows with the largest strip and not with the number of images", () => {
  const resampler = createResampler();
  const run = ({ image, plan, filter }: Case) =>
    resampler.resampleInto(
      image,
      plan,
      filter,
      { layout: "NCHW", ...normalization },
      new Float32Array(3 * plan.output.width * plan.output.height),
    );
  run(modelCase([2000, 1500], [256, 224], "linear"));
  const grown = resampler.memoryBytes;
  assert.ok(grown < 4 * 2 ** 20, `${grown} bytes`);
  for (let count = 0; count < 20; count++) run(modelCase([300 + count, 200], [256, 224], "linear"));
  assert.equal(resampler.memoryBytes, grown);
});

test("too few pixels, and a target of another size, are refused with both numbers", () => {
  const { image, plan, filter } = modelCase([10, 10], [8, 8], "linear");
  const run = (pixels: Uint8Array, length: number) =>
    createResampler().resampleInto(
      { ...image, pixels },
      plan,
      filter,
      { layout: "NCHW", ...normalization },
      new Float32Array(length),
    );
  const { pixels } = image;
  const region = { left: 0, top: 0, right: 9, bottom: 10 };
  const lacking = { ...image, pixels, region };
  const target = new Uint8Array(192);
  assert.throws(
    () => createResampler().resampleInto(lacking, plan, filter, { layout: "NCHW", ...normalization }, target),
    /expected columns 0 to 10 and rows 0 to 10 of the image, got 0 to 9 and 0 to 10/,
  );
  assert.throws(() => run(image.pixels.subarray(1), 192), /expected 300 bytes of pixels, got 299/);
  assert.throws(() => run(image.pixels, 191), /expected 192 pixel values, got 191/);
});
