import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sharp } from "sharp";
import sharp from "sharp";
import { defaultFormats } from "../../../../src/function/image-format.ts";
import { loadSharp } from "../../../../src/function/native.ts";
import { inspectImage } from "../../../../src/function/stages/decode/header.ts";
import { createDecoders } from "../../../../src/function/stages/prepare.ts";
import { directoriesOf, TIFF_TAG, withNext, withTag } from "../../../hostile/tiff.ts";
import { animation, BLUE, drawn, GREEN, plain, RED } from "../../pictures.ts";
import { decodeImage } from "./pixels.ts";

const FORMATS = ["tiff", "png"] as const;
const OPTIONS = {
  maxImagePixels: 1_000_000,
  applyIccProfile: false,
  backgroundColor: "#ffffff",
  formats: FORMATS,
};
const [WIDTH, HEIGHT] = [90, 60];
const GEOMETRY = { resizeTo: { height: 60, width: 90 }, crop: undefined, kernel: "linear" } as const;
const decode = (bytes: Uint8Array, options = OPTIONS) => decodeImage(bytes, GEOMETRY, options);

const colours = () => drawn(WIDTH, HEIGHT, (x, y) => [x * 2, y * 4, 128]);
const gray = () => colours().grayscale().toColourspace("b-w");
const blackAndWhite = () => colours().grayscale().threshold(100).toColourspace("b-w");

await test("the loader of TIFF is closed to the whole process until TIFF is accepted", async () => {
  loadSharp();
  const file = await plain(RED).tiff().toBuffer();
  createDecoders({ maxImagePixels: 1, memorySizeMb: 0, formats: defaultFormats });
  await assert.rejects(sharp(file).metadata());
  assert.throws(() => inspectImage(file, 1000), {
    code: "UNSUPPORTED_FORMAT",
    message: /got: TIFF image, which is not in FORMATS/,
  });
  createDecoders({ maxImagePixels: 1, memorySizeMb: 0, formats: FORMATS });
  assert.equal((await sharp(file).metadata()).format, "tiff");
});

/** What scanners and programs write → the same pixels in a PNG, and how many levels apart they may be. */
const KINDS: Readonly<Record<string, readonly [tiff: () => Sharp, png: () => Sharp, levels?: number]>> = {
  uncompressed: [() => colours().tiff({ compression: "none" }), colours],
  LZW: [() => colours().tiff({ compression: "lzw" }), colours],
  "Deflate with a predictor": [
    () => colours().tiff({ compression: "deflate", predictor: "horizontal" }),
    colours,
  ],
  PackBits: [() => colours().tiff({ compression: "packbits" }), colours],
  JPEG: [() => colours().tiff({ compression: "jpeg", quality: 100 }), colours, 3],
  "in tiles": [
    () => colours().tiff({ compression: "lzw", tile: true, tileWidth: 64, tileHeight: 32 }),
    colours,
  ],
  "CCITT group 4": [() => blackAndWhite().tiff({ compression: "ccittfax4", bitdepth: 1 }), blackAndWhite],
  gray: [() => gray().tiff({ compression: "lzw" }), gray],
  "16-bit": [() => colours().toColourspace("rgb16").tiff({ compression: "lzw" }), colours],
  "with alpha": [
    () => colours().ensureAlpha(0.5).tiff({ compression: "lzw" }),
    () => colours().ensureAlpha(0.5),
  ],
  "with tags that nobody knows": [
    () =>
      colours()
        .withExif({ IFD0: { Copyright: "c" }, IFD2: { FocalLength: "50" } })
        .tiff({ compression: "lzw" }),
    colours,
  ],
};

for (const [name, [make, makeTwin, levels = 0]] of Object.entries(KINDS)) {
  test(`a TIFF ${name} has the pixels of its PNG twin`, async () => {
    const file = await make().toBuffer();
    const [{ image, raw }, twin] = [await decode(file), await decode(await makeTwin().png().toBuffer())];
    assert.deepEqual(image, { format: "tiff", width: WIDTH, height: HEIGHT });
    const worst = raw.pixels.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - Number(twin.raw.pixels[i]))),
      0,
    );
    assert.ok(worst <= levels, `${worst} levels`);
  });
}

test("CMYK becomes RGB by a profile", async () => {
  const { raw } = await decode(await plain(RED, 8, 8).toColourspace("cmyk").tiff().toBuffer());
  const [r = 0, g = 0, b = 0] = raw.pixels;
  assert.ok(r > 200 && g < 80 && b < 80, `${r} ${g} ${b}`);
});

test("the orientation is applied", async () => {
  const { image, raw } = await decode(
    await colours().withMetadata({ orientation: 6 }).tiff({ compression: "lzw" }).toBuffer(),
  );
  assert.deepEqual([image.width, image.height], [HEIGHT, WIDTH]);
  const turned = await decode(await colours().rotate(90).png().toBuffer());
  assert.deepEqual(raw.pixels, turned.raw.pixels);
});

test("the first page stands for the document, also one whose pages never end", async () => {
  const pages = await animation([RED, GREEN, BLUE]).tiff({ compression: "lzw" }).toBuffer();
  const [first, ...others] = directoriesOf(pages);
  assert.ok(first !== undefined && others.length === 2);
  for (const file of [pages, withNext(pages, first.start), withNext(pages, 0xffff_fff0)]) {
    const before = Buffer.from(file);
    const { image, raw } = await decode(file);
    assert.deepEqual(image, { format: "tiff", width: 8, height: 8 });
    const [r = 0, g = 0, b = 0] = raw.pixels;
    assert.ok(r > 240 && g < 10 && b < 10, `${r} ${g} ${b}`);
    assert.deepEqual(file, before);
  }
});

test("what is TIFF outside, but no scan, is UNSUPPORTED_FORMAT and says why", async () => {
  const file = await colours().tiff({ compression: "lzw" }).toBuffer();
  const unit = TIFF_TAG.resolutionUnit;
  const kinds = {
    "camera raw image \\(DNG\\)": withTag(file, unit, 1, TIFF_TAG.dngVersion),
    "smaller copy of another": withTag(file, unit, 1, TIFF_TAG.newSubfileType),
    "compression 34892": withTag(file, TIFF_TAG.compression, 34_892),
    "12 samples per pixel": withTag(file, TIFF_TAG.samplesPerPixel, 12),
    "samples of 8 bits in format 3": withTag(file, unit, 3, TIFF_TAG.sampleFormat),
    "BigTIFF image": await colours().tiff({ bigtiff: true }).toBuffer(),
    "Canon CR2": Buffer.from("II*\0\x10\0\0\0CR\x02\0", "latin1"),
  };
  for (const [why, bytes] of Object.entries(kinds)) {
    await assert.rejects(decode(bytes), { code: "UNSUPPORTED_FORMAT", message: new RegExp(why) }, why);
  }
});

test("a TIFF that is cut anywhere, or that lacks pixels, is INVALID_IMAGE", async () => {
  const noise = drawn(200, 200, (x, y) => [(x * 37 + y * 91) % 256, (x * y) % 256, (x * 13) % 256]);
  const file = await noise.tiff({ compression: "deflate" }).toBuffer();
  const [{ start } = assert.fail("expected a directory")] = directoriesOf(file);
  for (const length of [8, start, start + 20, start + 100, file.length - 200]) {
    await assert.rejects(decode(file.subarray(0, length)), { code: "INVALID_IMAGE" }, `cut at ${length}`);
  }
  await assert.rejects(decode(withTag(file, TIFF_TAG.stripBytes, 400)), { code: "INVALID_IMAGE" });
});

test("tiles that jut out count whole against MAX_IMAGE_PIXELS", async () => {
  const file = await colours().tiff({ tile: true, tileWidth: 64, tileHeight: 64 }).toBuffer();
  assert.equal(inspectImage(file, 1e9, FORMATS).pixels, 128 * 64);
  const { tileWidth, tileHeight } = TIFF_TAG;
  const wide = withTag(withTag(file, tileWidth, 65_520), tileHeight, 65_520);
  await assert.rejects(decode(wide), { code: "IMAGE_TOO_LARGE" });
  await assert.rejects(decode(withTag(file, tileWidth, 0)), { code: "INVALID_IMAGE" });
});
