import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import type { DecodeOptions } from "../../../../src/function/stages/decode/sharp.ts";
import { drawn, plain, RED, type Rgb } from "../../pictures.ts";
import { decodeImage } from "./pixels.ts";

const SIDE = 16;
const GEOMETRY = { resizeTo: { height: SIDE, width: SIDE }, crop: undefined, kernel: "lanczos3" } as const;
const OPTIONS = { maxImagePixels: 1_000_000, applyIccProfile: false, backgroundColor: "#ffffff" };

/** The colour of a picture that has only one, each channel's least and greatest value being within `tolerance`. */
async function assertPlain(
  bytes: Buffer,
  expected: Rgb,
  tolerance: number,
  options: Partial<DecodeOptions> = {},
): Promise<void> {
  const { raw } = await decodeImage(bytes, GEOMETRY, { ...OPTIONS, ...options });
  assert.equal(raw.pixels.length, SIDE * SIDE * 3);
  for (const [index, value] of raw.pixels.entries()) {
    const wanted = expected[index % 3] ?? 0;
    assert.ok(
      Math.abs(value - wanted) <= tolerance,
      `got ${raw.pixels.subarray(0, 3)}, expected ${expected}`,
    );
  }
}

test("a grayscale picture has its gray in all three channels", async () => {
  const gray = sharp(Buffer.alloc(SIDE * SIDE, 77), { raw: { width: SIDE, height: SIDE, channels: 1 } });
  const bytes = await gray.toColourspace("b-w").png().toBuffer();
  assert.equal((await sharp(bytes).metadata()).channels, 1);
  await assertPlain(bytes, [77, 77, 77], 0);
  const jpeg = await gray.toColourspace("b-w").jpeg({ quality: 95 }).toBuffer();
  await assertPlain(jpeg, [77, 77, 77], 1);
});

test("grayscale with alpha lies on the background colour", async () => {
  const pixels = Buffer.alloc(SIDE * SIDE * 2);
  for (let i = 0; i < pixels.length; i += 2) pixels.set([40, 0], i);
  const bytes = await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 2 } })
    .png()
    .toBuffer();
  await assertPlain(bytes, [255, 255, 255], 0);
});

test("a palette picture has its palette's colours", async () => {
  const bytes = await drawn(SIDE, SIDE, (x) => (x < 8 ? [10, 200, 30] : [250, 0, 90]))
    .png({ palette: true, colours: 4 })
    .toBuffer();
  assert.equal((await sharp(bytes).metadata()).isPalette, true);
  const { raw } = await decodeImage(bytes, GEOMETRY, OPTIONS);
  assert.deepEqual([...raw.pixels.subarray(0, 3)], [10, 200, 30]);
  assert.deepEqual([...raw.pixels.subarray(-3)], [250, 0, 90]);
});

test("a 16-bit picture keeps the upper 8 bits", async () => {
  const values = Uint16Array.from(
    { length: SIDE * SIDE * 3 },
    (_, i) => [0x1234, 0x8080, 0xfe10][i % 3] ?? 0,
  );
  const bytes = await sharp(values, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .toColourspace("rgb16")
    .png()
    .toBuffer();
  assert.equal((await sharp(bytes).metadata()).depth, "ushort");
  await assertPlain(bytes, [0x12, 0x80, 0xfe], 1);
});

test("a CMYK picture becomes sRGB by a profile, whether RGB profiles are applied or not", async () => {
  for (const [colour, tolerance] of [
    [[255, 255, 255], 6],
    [[200, 30, 40], 40],
  ] as const) {
    const bytes = await plain(colour, SIDE, SIDE).toColourspace("cmyk").jpeg({ quality: 95 }).toBuffer();
    assert.equal((await sharp(bytes).metadata()).space, "cmyk");
    for (const applyIccProfile of [false, true])
      await assertPlain(bytes, colour, tolerance, { applyIccProfile });
  }
});

test("a wide-gamut picture's numbers are taken as sRGB, unless its profile is applied", async () => {
  const bytes = await plain(RED, SIDE, SIDE).withIccProfile("p3").png().toBuffer();
  // sRGB's red in the Display P3 space.
  await assertPlain(bytes, [234, 51, 35], 4);
  await assertPlain(bytes, RED, 4, { applyIccProfile: true });
});

test("transparent pixels show the background colour, half transparent ones half of it", async () => {
  const rgba = (alpha: number) => {
    const pixels = Buffer.alloc(SIDE * SIDE * 4);
    for (let i = 0; i < pixels.length; i += 4) pixels.set([255, 0, 0, alpha], i);
    return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 4 } })
      .png()
      .toBuffer();
  };
  await assertPlain(await rgba(0), [255, 255, 255], 0);
  await assertPlain(await rgba(0), [18, 52, 86], 0, { backgroundColor: "#123456" });
  await assertPlain(await rgba(128), [128, 0, 127], 1, { backgroundColor: "#0000ff" });
  await assertPlain(await rgba(255), RED, 0, { backgroundColor: "#0000ff" });
});
