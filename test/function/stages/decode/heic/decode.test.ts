import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import sharp from "sharp";
import type { StoredImage } from "../../../../../src/function/kernel/resampler.ts";
import { planGeometry } from "../../../../../src/function/model/geometry.ts";
import { inspectImage } from "../../../../../src/function/stages/decode/header.ts";
import { decodeHeic, imageFor } from "../../../../../src/function/stages/decode/heic/decode.ts";
import { createHeicDecoders } from "../../../../../src/function/stages/decode/heic/decoders.ts";
import { box, clap, gridData, heicOf, imir, irot, ispe, still } from "../../../../hostile/heif.ts";
import { PROJECT_DIR } from "../../../harness.ts";
import { decodeByLibheif } from "./oracle.ts";

const fixture = (name: string) => readFileSync(join(PROJECT_DIR, "test/fixtures/heic", name));
// Without colour differences of half the resolution, which libheif repeats and we interpolate.
const STILL = still(fixture("444.heic"));
const [WIDTH, HEIGHT] = [96, 64];
const workers = createHeicDecoders(2, 50_000_000);
after(() => workers.close());

const NO_SIGNAL = new AbortController().signal;
const OPTIONS = { applyIccProfile: false, backgroundColor: "#ffffff", timeoutSeconds: 60, signal: NO_SIGNAL };

/** @param side the shorter side that is asked for; above the image's own nothing is decoded smaller */
async function decode(file: Uint8Array, side = 10_000, heicThumbnailPercent = 400, applyIccProfile = false) {
  const { heic, image } = inspectImage(file, 50_000_000);
  assert.ok(heic !== undefined);
  const plan = planGeometry(image, { resizeShorterSide: side, crop: undefined, kernel: "linear" });
  const stored = await decodeHeic(
    heic,
    plan,
    "linear",
    { ...OPTIONS, applyIccProfile, heicThumbnailPercent },
    workers,
  );
  return { stored, image };
}

/** As it is shown: without the stride's rest, and turned. */
async function upright({ pixels, width, height, stride = width * 3, orientation = 1 }: StoredImage) {
  const rows = Array.from({ length: height }, (_, row) =>
    pixels.slice(row * stride, row * stride + width * 3),
  );
  const plain = Buffer.concat(rows);
  const tagged = await sharp(plain, { raw: { width, height, channels: 3 } })
    .png()
    .withMetadata({ orientation })
    .toBuffer();
  const { data, info } = await sharp(tagged).autoOrient().raw().toBuffer({ resolveWithObject: true });
  return { pixels: data, width: info.width, height: info.height };
}

/** Mean and largest difference in levels. */
function difference(a: Uint8Array, b: Uint8Array): { mean: number; most: number } {
  assert.equal(a.length, b.length);
  let [sum, most] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const apart = Math.abs((a[i] as number) - (b[i] as number));
    sum += apart;
    most = Math.max(most, apart);
  }
  return { mean: sum / a.length, most };
}

function brightness(pixels: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: pixels.length / 3 }, (_, i) => {
    const [r = 0, g = 0, b = 0] = pixels.subarray(3 * i, 3 * i + 3);
    return Math.round(0.299 * r + 0.587 * g + 0.114 * b);
  });
}

/** The decoder, and libheif on the whole file, show the same. */
async function assertLikeLibheif(file: Uint8Array, maxMean = 0.6): Promise<void> {
  const expected = await decodeByLibheif(file);
  const { stored, image } = await decode(file);
  const shown = await upright(stored);
  assert.deepEqual([shown.width, shown.height], [expected.width, expected.height]);
  assert.deepEqual([image.width, image.height], [expected.width, expected.height]);
  const { mean } = difference(shown.pixels, expected.pixels);
  assert.ok(mean <= maxMean, `${mean} levels on average`);
  const gray = difference(brightness(shown.pixels), brightness(expected.pixels)).mean;
  assert.ok(gray <= 0.6, `${gray} levels of brightness on average`);
}

for (const [name, maxMean] of Object.entries({
  "444": 0.6,
  gray: 0.6,
  still: 2.5,
  "10-bit": 2.5,
  "odd-size": 2.5,
})) {
  test(`${name}.heic has the pixels that libheif shows`, () =>
    assertLikeLibheif(fixture(`${name}.heic`), maxMean));
}

const coded = (properties: number[]) => ({ type: "hvc1", properties, data: STILL.data });
const PARTS = [STILL.configuration, ispe(WIDTH, HEIGHT)];

for (const [matrix, range] of [
  [1, 0],
  [1, 0x80],
  [6, 0],
  [9, 0x80],
  [0, 0x80],
] as const) {
  test(`numbers with matrix ${matrix} and range ${range} become the colours that libheif shows`, async () => {
    const coding = Buffer.from([0, 1, 0, 13, 0, matrix, range]);
    await assertLikeLibheif(heicOf([coded([1, 2, 3])], [...PARTS, box("colr", Buffer.from("nclx"), coding)]));
  });
}

for (const turns of [0, 1, 2, 3]) {
  for (const axis of [undefined, 0, 1] as const) {
    const name = `${turns} quarter turns${axis === undefined ? "" : ` and a flip along axis ${axis}`}`;
    test(`a HEIC is shown after ${name} as libheif shows it`, async () => {
      const flip = axis === undefined ? [] : [imir(axis)];
      const file = heicOf([coded([1, 2, 3, ...flip.map(() => 4)])], [...PARTS, irot(turns), ...flip]);
      await assertLikeLibheif(file);
    });
  }
}

test("a crop is cut as libheif cuts it, and turned after that", async () => {
  await assertLikeLibheif(heicOf([coded([1, 2, 3])], [...PARTS, clap(40, 30)]));
  await assertLikeLibheif(heicOf([coded([1, 2, 3, 4])], [...PARTS, clap(40, 30), irot(1)]));
});

test("tiles are put together, and what juts out is cut, as libheif does it", async () => {
  const grid = { type: "grid", properties: [3], data: gridData(3, 2, 170, 150) };
  const tiles = Array.from({ length: 6 }, () => coded([1, 2]));
  await assertLikeLibheif(
    heicOf([grid, ...tiles], [...PARTS, ispe(170, 150)], [["dimg", 1, [2, 3, 4, 5, 6, 7]]]),
  );
});

for (const scale of [2, 4, 8]) {
  test(`a much larger image is decoded at 1/${scale}: each pixel is the mean of ${scale} × ${scale}`, async () => {
    const grid = { type: "grid", properties: [3], data: gridData(4, 4, 4 * WIDTH - 3, 4 * HEIGHT - 5) };
    const size = ispe(4 * WIDTH - 3, 4 * HEIGHT - 5);
    const file = heicOf([grid, coded([1, 2])], [...PARTS, size], [["dimg", 1, Array(16).fill(2)]]);
    const [full, small] = [
      (await decode(file)).stored,
      (await decode(file, Math.floor(250 / 2 / scale))).stored,
    ];
    assert.equal(small.width, Math.ceil(full.width / scale));
    assert.deepEqual(small.extent, { width: full.width / scale, height: full.height / scale });
    const [inside, down] = [Math.floor(full.width / scale), Math.floor(full.height / scale)];
    const means: number[] = [];
    const given: number[] = [];
    for (let y = 0; y < down; y++) {
      for (let x = 0; x < 3 * inside; x++) {
        let sum = 0;
        for (let i = 0; i < scale * scale; i++) {
          const [row, column] = [y * scale + Math.floor(i / scale), Math.floor(x / 3) * scale + (i % scale)];
          sum += full.pixels[(row * full.width + column) * 3 + (x % 3)] as number;
        }
        means.push(sum / scale ** 2);
        given.push(small.pixels[y * small.width * 3 + x] as number);
      }
    }
    const apart =
      means.reduce((sum, mean, i) => sum + Math.abs(mean - (given[i] as number)), 0) / means.length;
    assert.ok(apart < 0.8, `${apart} levels on average`);
  });
}

test("see-through pixels show BACKGROUND_COLOR, as opaque as the alpha image is bright", async () => {
  const auxC = (type: string) => box("auxC", Buffer.alloc(4), Buffer.from(`${type}\0`));
  const of = (type: string) =>
    heicOf([coded([1, 2]), coded([1, 2, 3])], [...PARTS, auxC(type)], [["auxl", 2, [1]]]);
  const file = of("urn:mpeg:hevc:2015:auxid:1");
  const { stored } = await decode(file);
  const opaque = (await decode(fixture("444.heic"))).stored;
  let apart = 0;
  for (let i = 0; i < opaque.pixels.length; i += 3) {
    const [r, g, b] = opaque.pixels.subarray(i, i + 3) as unknown as [number, number, number];
    const opacity = (0.299 * r + 0.587 * g + 0.114 * b) / 255;
    apart += Math.abs(255 + (r - 255) * opacity - (stored.pixels[i] as number));
  }
  assert.ok(apart / (opaque.pixels.length / 3) < 1.5, String(apart));
  // A depth map, or a gain map for brighter screens, is no alpha.
  const gainMap = (await decode(of("urn:com:apple:photo:2020:aux:hdrgainmap"))).stored;
  assert.deepEqual(gainMap.pixels, opaque.pixels);
});

const headerOf = (file: Uint8Array) => inspectImage(file, 50_000_000).heic ?? assert.fail("expected a HEIC");

test("a thumbnail is taken where it suffices, and the image where it does not", async () => {
  const file = fixture("phone.heic");
  const header = headerOf(file);
  assert.deepEqual([header.full.width, header.full.height, header.full.tiles.length], [4032, 3024, 48]);
  const { image } = inspectImage(file, 50_000_000);
  const chosen = (side: number, percent: number) => {
    const plan = planGeometry(image, { resizeShorterSide: side, crop: undefined, kernel: "linear" });
    return imageFor(header, plan, percent).width;
  };
  assert.equal(chosen(240, 100), 320);
  assert.equal(chosen(256, 90), 320);
  assert.equal(chosen(256, 100), 4032);
  assert.equal(chosen(480, 50), 320);
});

test("a thumbnail shows what the image shows, turned alike", async () => {
  const file = fixture("phone.heic");
  const [small, full] = [(await decode(file, 240, 100)).stored, (await decode(file, 240, 400)).stored];
  assert.deepEqual([small.width, small.height, small.orientation], [320, 240, 6]);
  const [a, b] = [await upright(small), await upright(full)];
  const resized = await sharp(b.pixels, { raw: { width: b.width, height: b.height, channels: 3 } })
    .resize(a.width, a.height, { fit: "fill" })
    .raw()
    .toBuffer();
  assert.ok(difference(a.pixels, resized).mean < 4, String(difference(a.pixels, resized).mean));
});

test("a thumbnail that is larger, of another shape, turned otherwise, broken or the image itself is none", () => {
  const full = { type: "grid", properties: [3], data: gridData(2, 2, 2 * WIDTH, 2 * HEIGHT) };
  const of = (thumbnail: number[], data = STILL.data, extra: Buffer[] = [], from = 3, type = "hvc1") =>
    headerOf(
      heicOf(
        [full, coded([1, 2]), { type, properties: thumbnail, data }],
        [...PARTS, ispe(2 * WIDTH, 2 * HEIGHT), ...extra],
        [
          ["dimg", 1, [2, 2, 2, 2]],
          ["thmb", from, [1]],
        ],
      ),
    ).thumbnails.length;
  assert.equal(of([1, 2]), 1);
  assert.equal(of([1, 2, 4], undefined, [irot(1)]), 0);
  assert.equal(of([1, 4], undefined, [ispe(WIDTH, HEIGHT - 8)]), 0);
  assert.equal(of([1, 4], undefined, [ispe(4 * WIDTH, 4 * HEIGHT)]), 0);
  assert.equal(of([2]), 0);
  assert.equal(of([1, 2], undefined, [], 3, "jpeg"), 0);
  assert.equal(of([1, 2], undefined, [], 99), 0);
});

test("numbers of Display P3 become sRGB where APPLY_ICC_PROFILE says so, by a profile or by name", async () => {
  const p3 = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#000" } })
    .withIccProfile("p3")
    .png()
    .toBuffer();
  const { icc } = await sharp(p3).metadata();
  assert.ok(icc !== undefined);
  const named = box("colr", Buffer.from("nclx"), Buffer.from([0, 12, 0, 13, 0, 6, 0x80]));
  const { pixels, width, height } = (await decode(fixture("444.heic"))).stored;
  for (const colours of [box("colr", Buffer.from("prof"), icc), named]) {
    const file = heicOf([coded([1, 2, 3])], [...PARTS, colours]);
    assert.deepEqual((await decode(file)).stored.pixels, pixels);
    const converted = (await decode(file, 10_000, 400, true)).stored;
    const back = await sharp(Buffer.from(converted.pixels), { raw: { width, height, channels: 3 } })
      .withIccProfile("p3")
      .png()
      .toBuffer();
    const numbers = await sharp(back, { ignoreIcc: true }).removeAlpha().raw().toBuffer();
    assert.ok(difference(converted.pixels, pixels).mean > 1, "colours should change");
    assert.ok(difference(numbers, pixels).mean < 1, String(difference(numbers, pixels).mean));
  }
  const broken = heicOf(
    [coded([1, 2, 3])],
    [...PARTS, box("colr", Buffer.from("prof"), Buffer.alloc(40, 7))],
  );
  await decode(broken, 10_000, 400, true).catch((error) => assert.equal(error.code, "INVALID_IMAGE"));
});
