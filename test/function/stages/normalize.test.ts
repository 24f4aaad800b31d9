import assert from "node:assert/strict";
import { test } from "node:test";
import { createResampler, type StoredImage } from "../../../src/function/kernel/resampler.ts";
import {
  type Normalization,
  normalizationOf,
  type PixelValues,
} from "../../../src/function/stages/normalize.ts";

const [HEIGHT, WIDTH] = [5, 7];
const LENGTH = HEIGHT * WIDTH * 3;
const MEAN = [0.485, 0.456, 0.406] as const;
const STD = [0.229, 0.224, 0.225] as const;

/** Every byte value, in no order that a mistake could hide behind. */
const PIXELS = Uint8Array.from({ length: LENGTH }, (_, i) => (i * 151 + 7) % 256);
const RAW = { pixels: PIXELS, height: HEIGHT, width: WIDTH, channels: 3 } as const;

const resampler = createResampler();

/** At the image's own size. */
function normalizeImage(image: StoredImage, normalization: Normalization, values: PixelValues): void {
  const size = { height: HEIGHT, width: WIDTH };
  const plan = { resize: size, top: 0, left: 0, output: size };
  resampler.resampleInto(image, plan, "linear", normalization, values);
}

/** Where the value of a pixel's channel belongs. */
const INDEX = {
  NCHW: (x: number, y: number, c: number) => (c * HEIGHT + y) * WIDTH + x,
  NHWC: (x: number, y: number, c: number) => (y * WIDTH + x) * 3 + c,
};

function eachValue(visit: (x: number, y: number, c: number, pixel: number) => void): void {
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      for (let c = 0; c < 3; c++) visit(x, y, c, PIXELS[(y * WIDTH + x) * 3 + c] ?? 0);
    }
  }
}

for (const layout of ["NCHW", "NHWC"] as const) {
  test(`float32 ${layout} is exactly what three nested loops in 32-bit floats give`, () => {
    const normalization = normalizationOf(layout, 1 / 255, MEAN, STD);
    const { scale, offset } = normalization;
    const expected = new Float32Array(LENGTH);
    eachValue((x, y, c, pixel) => {
      const product = Math.fround(pixel * Math.fround(scale[c] ?? 0));
      expected[INDEX[layout](x, y, c)] = product + Math.fround(offset[c] ?? 0);
    });
    const values = new Float32Array(LENGTH).fill(Number.NaN);
    normalizeImage(RAW, normalization, values);
    assert.deepEqual(values, expected);
  });

  test(`float32 ${layout} is (pixel / 255 − mean) / std to within a float's precision`, () => {
    const values = new Float32Array(LENGTH);
    normalizeImage(RAW, normalizationOf(layout, 1 / 255, MEAN, STD), values);
    eachValue((x, y, c, pixel) => {
      const expected = (pixel / 255 - (MEAN[c] ?? 0)) / (STD[c] ?? 0);
      assert.ok(Math.abs((values[INDEX[layout](x, y, c)] ?? Number.NaN) - expected) < 1e-6);
    });
  });

  test(`uint8 ${layout} holds the pixels as they are`, () => {
    const values = new Uint8Array(LENGTH);
    normalizeImage(RAW, normalizationOf(layout, 1 / 255, MEAN, STD), values);
    eachValue((x, y, c, pixel) => assert.equal(values[INDEX[layout](x, y, c)], pixel));
  });
}

test("the pixels are left as they were, and the second picture takes the place of the first", () => {
  const before = PIXELS.slice();
  const normalization = normalizationOf("NCHW", 1, [0, 0, 0], [1, 1, 1]);
  const values = new Float32Array(LENGTH);
  normalizeImage({ ...RAW, pixels: new Uint8Array(LENGTH).fill(255) }, normalization, values);
  normalizeImage(RAW, normalization, values);
  assert.deepEqual(PIXELS, before);
  eachValue((x, y, c, pixel) => assert.equal(values[INDEX.NCHW(x, y, c)], pixel));
});

test("a picture of another size than the model's input is a RangeError that names both", () => {
  const normalization = normalizationOf("NCHW", 1, [0, 0, 0], [1, 1, 1]);
  assert.throws(() => normalizeImage(RAW, normalization, new Float32Array(12)), {
    name: "RangeError",
    message: "expected 105 pixel values, got 12",
  });
});
