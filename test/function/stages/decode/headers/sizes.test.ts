import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import sharp, { type Sharp } from "sharp";
import { imageFormats } from "../../../../../src/function/image-format.ts";
import { openTiffLoader } from "../../../../../src/function/native.ts";
import { inspectImage } from "../../../../../src/function/stages/decode/header.ts";
import { firstFrameOnly as firstGifFrame } from "../../../../../src/function/stages/decode/headers/gif.ts";
import { readPngSize } from "../../../../../src/function/stages/decode/headers/png.ts";
import { firstFrameOnly as firstWebpFrame } from "../../../../../src/function/stages/decode/headers/webp.ts";
import { seededRandom } from "../../../../../src/measure/random.ts";
import { pngChunk } from "../../../../hostile/containers.ts";
import { fixture, PROJECT_DIR } from "../../../harness.ts";
import { decodeImage } from "../pixels.ts";

const GEOMETRY = { resizeTo: { height: 16, width: 16 }, crop: undefined, kernel: "lanczos3" } as const;
const OPTIONS = {
  maxImagePixels: 1e9,
  applyIccProfile: false,
  backgroundColor: "#0000ff",
  formats: imageFormats,
};

openTiffLoader();

const canvas = (width = 37, height = 23) =>
  sharp({ create: { width, height, channels: 3, background: "#aa5522" } });
const transparent = () =>
  sharp({ create: { width: 37, height: 23, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0.5 } } });

/** Files of each format, with what changes where its header stands. */
const FILES: Readonly<Record<string, () => Sharp>> = {
  "baseline JPEG": () => canvas().jpeg(),
  "progressive JPEG": () => canvas().jpeg({ progressive: true }),
  "4:4:4 JPEG": () => canvas().jpeg({ chromaSubsampling: "4:4:4", optimiseCoding: false }),
  "JPEG with a profile": () => canvas().withIccProfile("p3").jpeg(),
  "gray JPEG": () => canvas().toColourspace("b-w").jpeg(),
  "CMYK JPEG": () => canvas().toColourspace("cmyk").jpeg(),
  PNG: () => canvas().png(),
  "palette PNG": () => canvas().png({ palette: true }),
  "interlaced PNG": () => canvas().png({ progressive: true }),
  GIF: () => canvas().gif(),
  "lossy WebP": () => canvas().webp(),
  "lossless WebP": () => canvas().webp({ lossless: true }),
  "WebP with alpha": () => transparent().webp(),
  AVIF: () => canvas().avif({ effort: 0 }),
  "AVIF with alpha": () => transparent().avif({ effort: 0 }),
  TIFF: () => canvas().tiff({ compression: "lzw" }),
  "TIFF in tiles": () => canvas().tiff({ compression: "none", tile: true, tileWidth: 16, tileHeight: 16 }),
};

async function toldByLibvips(bytes: Uint8Array): Promise<{ width: number; height: number } | undefined> {
  try {
    const { width, height } = (await sharp(bytes, { limitInputPixels: false }).metadata()).autoOrient;
    return { width, height };
  } catch {
    return undefined;
  }
}

for (const [name, make] of Object.entries(FILES)) {
  test(`the size of a ${name} is what libvips tells`, async () => {
    const bytes = await make().toBuffer();
    const { image, pixels } = inspectImage(bytes, 1e9, imageFormats);
    assert.deepEqual({ width: image.width, height: image.height }, { width: 37, height: 23 });
    assert.ok(pixels >= 37 * 23);
  });

  test(`no damaged ${name} is charged fewer pixels than libvips will decode`, async () => {
    const whole = await make().toBuffer();
    const random = seededRandom(1);
    let compared = 0;
    for (let trial = 0; trial < 150; trial++) {
      const bytes = Buffer.from(whole);
      for (let change = 0; change < 2; change++) {
        bytes[12 + Math.floor(random() * Math.min(600, bytes.length - 12))] = Math.floor(random() * 256);
      }
      let pixels: number;
      try {
        ({ pixels } = inspectImage(bytes, Number.POSITIVE_INFINITY, imageFormats));
      } catch {
        continue;
      }
      const told = await toldByLibvips(bytes);
      if (told === undefined) continue;
      compared++;
      assert.ok(pixels >= told.width * told.height, `${pixels} charged, ${told.width} × ${told.height} told`);
    }
    assert.ok(compared > 5, `only ${compared} damaged files were readable`);
  });

  test(`a ${name} that is cut anywhere is read or refused, never misread beyond its end`, async () => {
    const whole = await make().toBuffer();
    for (let length = 0; length < Math.min(whole.length, 400); length++) {
      try {
        inspectImage(whole.subarray(0, length), 1e9, imageFormats);
      } catch (error) {
        assert.match((error as { code: string }).code, /^(UNSUPPORTED_FORMAT|INVALID_IMAGE)$/);
      }
    }
  });
}

for (const format of ["jpeg", "png", "webp", "tiff"] as const) {
  test(`each EXIF orientation of a ${format} is read, and from 5 on the sides change places`, async () => {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const bytes = await canvas().withMetadata({ orientation })[format]().toBuffer();
      const header = inspectImage(bytes, 1e9, imageFormats);
      assert.equal(header.orientation, orientation);
      assert.deepEqual([header.image.width, header.image.height], orientation < 5 ? [37, 23] : [23, 37]);
    }
  });
}

for (const [name, make] of Object.entries(FILES)) {
  test(`what stands behind the end of a ${name} changes nothing`, async () => {
    const bytes = await make().toBuffer();
    const decode = (file: Uint8Array) => decodeImage(file, GEOMETRY, OPTIONS);
    const { image, raw } = await decode(bytes);
    for (const behind of [Buffer.alloc(20_000), Buffer.from("behind the end ".repeat(2000)), bytes]) {
      const longer = await decode(Buffer.concat([bytes, behind]));
      assert.deepEqual([longer.image, longer.raw.pixels], [image, raw.pixels]);
    }
  });
}

test("fixtures have the size that libvips tells", async () => {
  for (const name of await readdir(join(PROJECT_DIR, "test/fixtures"))) {
    if (!/\.(jpg|png|webp)$/.test(name)) continue;
    const bytes = await fixture(name);
    const { image } = inspectImage(bytes, 1e9, imageFormats);
    assert.deepEqual({ width: image.width, height: image.height }, await toldByLibvips(bytes), name);
  }
});

test("an orientation behind a PNG's pixels is found", async () => {
  const tiff = Buffer.from("4d4d002a00000008000101120003000000010006000000000000", "hex");
  const whole = await canvas().png().toBuffer();
  const end = whole.length - 12;
  const bytes = Buffer.concat([whole.subarray(0, end), pngChunk("eXIf", tiff), whole.subarray(end)]);
  assert.equal(readPngSize(bytes).orientation, 6);
});

test("a GIF of 200,000 frames is read up to its first", async () => {
  const still = await canvas(8, 8).gif().toBuffer();
  const frameStart = still.lastIndexOf(Buffer.from([0x2c, 0, 0, 0, 0]));
  const frame = still.subarray(frameStart, -1);
  const bomb = Buffer.concat([still.subarray(0, -1), ...Array(200_000).fill(frame), Buffer.from([0x3b])]);
  assert.ok(bomb.length > 3_000_000);
  const before = process.cpuUsage();
  assert.equal(inspectImage(bomb, 1e6).pixels, 64);
  const first = firstGifFrame(bomb);
  assert.ok(process.cpuUsage(before).user < 200_000);
  assert.ok(Buffer.from(first).equals(still));
});

/** An animation of plain frames. */
async function animation(colours: readonly string[]): Promise<Sharp> {
  const frames = colours.map((background) =>
    sharp({ create: { width: 12, height: 12, channels: 3, background } })
      .png()
      .toBuffer(),
  );
  return sharp(await Promise.all(frames), { join: { animated: true } });
}

test("a GIF whose second frame is broken or cut shows its first", async () => {
  const animated = await (await animation(["#ff0000", "#00ff00"])).gif().toBuffer();
  for (const bytes of [
    animated.subarray(0, -8),
    Buffer.concat([animated.subarray(0, -9), Buffer.alloc(9, 0xee)]),
  ]) {
    const { data } = await sharp(firstGifFrame(bytes))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([...data.subarray(0, 3)], [255, 0, 0]);
  }
});

test("an animated WebP is handed on with its first frame alone, which looks the same", async () => {
  const animated = await (await animation(["#ff0000", "#00ff00", "#0000ff"]))
    .webp({ lossless: true })
    .toBuffer();
  const first = firstWebpFrame(animated);
  assert.ok(first.length < animated.length);
  assert.equal((await sharp(first).metadata()).pages ?? 1, 1);
  const pixels = (bytes: Uint8Array) => sharp(bytes, { pages: 1 }).flatten().raw().toBuffer();
  assert.deepEqual(await pixels(first), await pixels(animated));
});
