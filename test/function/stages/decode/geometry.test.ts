import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import type { Geometry } from "../../../../src/function/model/preprocessing.ts";
import { drawn, type Rgb } from "../../pictures.ts";
import { decodeImage } from "./pixels.ts";

const OPTIONS = { maxImagePixels: 1_000_000, applyIccProfile: false, backgroundColor: "#ffffff" };

/** Each pixel tells where it was. */
const position = (x: number, y: number): Rgb => [x * 5, y * 5, 99];

/** Where the pixel at a place of the decoded picture was in the upload. */
function originOf(pixels: Uint8Array, width: number, x: number, y: number): [number, number] {
  const at = (y * width + x) * 3;
  return [(pixels[at] ?? 0) / 5, (pixels[at + 1] ?? 0) / 5];
}

const [WIDTH, HEIGHT] = [6, 4];

/** EXIF orientation → where the pixel (x, y) of the upright picture is stored. */
const STORED: Record<number, (x: number, y: number) => [number, number]> = {
  1: (x, y) => [x, y],
  2: (x, y) => [WIDTH - 1 - x, y],
  3: (x, y) => [WIDTH - 1 - x, HEIGHT - 1 - y],
  4: (x, y) => [x, HEIGHT - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y) => [y, WIDTH - 1 - x],
  7: (x, y) => [HEIGHT - 1 - y, WIDTH - 1 - x],
  8: (x, y) => [HEIGHT - 1 - y, x],
};

for (const [orientation, stored] of Object.entries(STORED)) {
  test(`a picture with EXIF orientation ${orientation} is decoded upright, every pixel in its place`, async () => {
    const turned = Number(orientation) > 4;
    const [width, height] = turned ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
    const colours = new Map<string, Rgb>();
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) colours.set(String(stored(x, y)), position(x, y));
    }
    const bytes = await drawn(width, height, (x, y) => colours.get(String([x, y])) ?? [0, 0, 0])
      .withMetadata({ orientation: Number(orientation) })
      .webp({ lossless: true, exact: true })
      .toBuffer();
    const size = { height: HEIGHT, width: WIDTH };
    const geometry: Geometry = { resizeTo: size, crop: undefined, kernel: "lanczos3" };
    const { image, raw } = await decodeImage(bytes, geometry, OPTIONS);
    assert.deepEqual([image.width, image.height], [WIDTH, HEIGHT]);
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) assert.deepEqual(originOf(raw.pixels, WIDTH, x, y), [x, y]);
    }
  });
}

test("a JPEG's EXIF orientation is applied before shorter side and crop", async () => {
  const upright = drawn(400, 200, (x) => (x < 200 ? [220, 20, 20] : [20, 20, 220]));
  const onItsSide = await upright.clone().png().toBuffer();
  const bytes = await sharp(onItsSide).rotate(270).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  const geometry: Geometry = { resizeShorterSide: 32, crop: { height: 32, width: 32 }, kernel: "linear" };
  const { image, raw } = await decodeImage(bytes, geometry, OPTIONS);
  assert.deepEqual([image.width, image.height], [400, 200]);
  const left = (16 * 32 + 2) * 3;
  const right = (16 * 32 + 29) * 3;
  assert.ok((raw.pixels[left] ?? 0) > 180 && (raw.pixels[left + 2] ?? 255) < 60, "the left is red");
  assert.ok((raw.pixels[right] ?? 255) < 60 && (raw.pixels[right + 2] ?? 0) > 180, "the right is blue");
});

for (const [width, height] of [
  [40, 20],
  [20, 40],
  [20, 20],
] as const) {
  test(`of ${width} × ${height} the shorter side is resized and the very centre is kept`, async () => {
    const bytes = await drawn(width, height, position).png().toBuffer();
    const geometry: Geometry = { resizeShorterSide: 20, crop: { height: 10, width: 12 }, kernel: "lanczos3" };
    const { raw } = await decodeImage(bytes, geometry, OPTIONS);
    assert.deepEqual([raw.height, raw.width], [10, 12]);
    const [left, top] = [(width - 12) / 2, (height - 10) / 2];
    assert.deepEqual(originOf(raw.pixels, 12, 0, 0), [left, top]);
    assert.deepEqual(originOf(raw.pixels, 12, 11, 9), [left + 11, top + 9]);
  });
}

test("a picture smaller than the model's input is enlarged", async () => {
  const bytes = await drawn(3, 2, position).png().toBuffer();
  const geometry: Geometry = { resizeShorterSide: 20, crop: { height: 16, width: 16 }, kernel: "cubic" };
  const { raw } = await decodeImage(bytes, geometry, OPTIONS);
  assert.equal(raw.pixels.length, 16 * 16 * 3);
});

test("an exact size is reached whatever the aspect, and its centre may be cropped, too", async () => {
  const bytes = await drawn(40, 10, (x) => (x < 20 ? [0, 0, 0] : [255, 255, 255]))
    .png()
    .toBuffer();
  const size = { height: 10, width: 10 };
  const { raw } = await decodeImage(bytes, { resizeTo: size, crop: undefined, kernel: "nearest" }, OPTIONS);
  assert.equal(raw.pixels[0], 0);
  assert.equal(raw.pixels.at(-1), 255);
  const crop = { height: 4, width: 4 };
  const cropped = await decodeImage(bytes, { resizeTo: size, crop, kernel: "nearest" }, OPTIONS);
  assert.equal(cropped.raw.pixels.length, 4 * 4 * 3);
});
