import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { readConfig } from "../../../../src/function/config.ts";
import { createResampler } from "../../../../src/function/kernel/resampler.ts";
import { planGeometry } from "../../../../src/function/model/geometry.ts";
import type { Geometry } from "../../../../src/function/model/preprocessing.ts";
import { turbojpegLibrary } from "../../../../src/function/native.ts";
import { inspectImage } from "../../../../src/function/stages/decode/header.ts";
import { decodeJpeg, KEPT_PIXEL_BYTES } from "../../../../src/function/stages/decode/jpeg.ts";
import { MAX_DECODE_SECONDS } from "../../../../src/function/stages/decode/limit.ts";
import { difference, drawPixels } from "../../kernel/cases.ts";
import { progressiveOf } from "./progressive.ts";

const needsLibrary = { skip: turbojpegLibrary() === undefined && "needs Linux with glibc" };
const GEOMETRY = {
  resizeShorterSide: 256,
  crop: { height: 224, width: 224 },
  kernel: "linear",
} as const;
/** Nothing is cut, and every pixel is needed. */
const WHOLE: Geometry = { resizeTo: { height: 400, width: 400 }, crop: undefined, kernel: "linear" };
const PIXELS = { layout: "NHWC", scale: [1, 1, 1], offset: [0, 0, 0] } as const;
const KINDS = [
  { name: "baseline 4:2:0", options: { chromaSubsampling: "4:2:0" } },
  { name: "baseline 4:4:4", options: { chromaSubsampling: "4:4:4" } },
  { name: "progressive", options: { progressive: true } },
] as const;

function draw(width: number, height: number) {
  const soft = drawPixels(width, height, 3);
  return sharp(soft, { raw: { width, height, channels: 3 } }).blur(2);
}

async function decode(
  file: Uint8Array,
  { applyIccProfile = false, room = { bytes: new Uint8Array(0) }, geometry = GEOMETRY as Geometry } = {},
) {
  const header = inspectImage(file, 50_000_000);
  const plan = planGeometry(header.image, geometry);
  const stored = await decodeJpeg(header, plan, geometry.kernel, applyIccProfile, room);
  return { stored, plan, room };
}

for (const { name, options } of KINDS) {
  test(`${name}: the pixels are those of sharp's whole decode`, needsLibrary, async () => {
    for (const [width, height] of [
      [1, 1],
      [7, 300],
      [500, 375],
    ] as const) {
      const file = await draw(width, height).jpeg(options).toBuffer();
      const { stored } = await decode(file, { geometry: WHOLE });
      const whole = await sharp(file).raw().toBuffer();
      assert.ok(stored);
      assert.deepEqual([stored.width, stored.height, stored.channels], [width, height, 3]);
      assert.ok(difference(stored.pixels.subarray(0, whole.length), whole).mean < 0.02);
    }
  });
}

for (const chromaSubsampling of ["4:4:4", "4:2:0"]) {
  test(
    `${chromaSubsampling}: of a region the pixels are those of the whole image, in each orientation`,
    needsLibrary,
    async () => {
      const resampler = createResampler();
      for (const [width, height] of [
        [501, 333],
        [333, 501],
        [700, 43],
      ] as const) {
        for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
          const file = await draw(width, height)
            .withMetadata({ orientation })
            .jpeg({ chromaSubsampling })
            .toBuffer();
          const { stored, plan } = await decode(file, { geometry: { ...GEOMETRY, kernel: "lanczos3" } });
          assert.ok(stored?.region);
          assert.ok(stored.region.right < width || stored.region.left > 0 || stored.region.top > 0);
          const { stored: all } = await decode(file, { geometry: WHOLE });
          assert.ok(all);
          const [own, whole] = [new Uint8Array(3 * 224 * 224), new Uint8Array(3 * 224 * 224)];
          resampler.resampleInto(stored, plan, "lanczos3", PIXELS, own);
          resampler.resampleInto(all, plan, "lanczos3", PIXELS, whole);
          assert.equal(difference(own, whole).max, 0, `${width} × ${height}, orientation ${orientation}`);
        }
      }
    },
  );
}

test("damage outside of the region is seen all the same", needsLibrary, async () => {
  const file = await draw(901, 300).jpeg({ quality: 95 }).toBuffer();
  assert.ok((await decode(file)).stored?.region);
  const data = file.indexOf(Buffer.from([0xff, 0xda])) + 14;
  for (const at of [data + 40, file.length - 60]) {
    const damaged = Buffer.from(file).fill(0xff, at, at + 20);
    assert.equal((await decode(damaged)).stored, undefined);
  }
  assert.equal((await decode(file.subarray(0, file.length - 200))).stored, undefined);
});

test("a gray JPEG is decoded to one channel", needsLibrary, async () => {
  const file = await draw(90, 60).toColourspace("b-w").jpeg().toBuffer();
  const { stored } = await decode(file, { geometry: WHOLE });
  assert.equal(stored?.channels, 1);
  assert.equal(stored?.pixels.length, 90 * 60);
});

test(
  "a large JPEG is decoded at a smaller scale, and stays near the whole one in each orientation",
  needsLibrary,
  async () => {
    const resampler = createResampler();
    for (const orientation of [1, 2, 6, 8]) {
      const file = await draw(1211, 1603).withMetadata({ orientation }).jpeg({ quality: 92 }).toBuffer();
      const { stored, plan } = await decode(file);
      assert.ok(stored);
      assert.deepEqual([stored.width, stored.height, stored.orientation], [606, 802, orientation]);
      const { data, info } = await sharp(file, { autoOrient: true })
        .raw()
        .toBuffer({ resolveWithObject: true });
      const [own, whole] = [new Uint8Array(3 * 224 * 224), new Uint8Array(3 * 224 * 224)];
      resampler.resampleInto(stored, plan, GEOMETRY.kernel, PIXELS, own);
      const image = { pixels: data, width: info.width, height: info.height, channels: 3 } as const;
      resampler.resampleInto(image, plan, GEOMETRY.kernel, PIXELS, whole);
      const { mean } = difference(own, whole);
      assert.ok(mean < 1, `orientation ${orientation}: ${mean} levels`);
    }
  },
);

test("what is not ordinary is left to sharp", needsLibrary, async () => {
  const rgb = await draw(64, 48).jpeg().toBuffer();
  const cmyk = await draw(64, 48).toColourspace("cmyk").jpeg().toBuffer();
  const profile = await draw(64, 48).withIccProfile("p3").jpeg().toBuffer();
  const png = await draw(64, 48).png().toBuffer();
  const extended = Buffer.from(rgb);
  extended[extended.indexOf(Buffer.from([0xff, 0xc0])) + 1] = 0xc9;
  for (const file of [cmyk, png, extended]) assert.equal((await decode(file)).stored, undefined);
  assert.equal((await decode(profile, { applyIccProfile: true })).stored, undefined);
  assert.ok((await decode(profile)).stored);
});

test(
  "a file that is cut or damaged is left to sharp, which says what is wrong with it",
  needsLibrary,
  async () => {
    const file = await draw(200, 200).jpeg().toBuffer();
    assert.equal((await decode(file.subarray(0, file.length >> 1))).stored, undefined);
    const damaged = Buffer.from(file).fill(0xff, file.length - 900, file.length - 600);
    assert.equal((await decode(damaged)).stored, undefined);
  },
);

test("a file of more scans than any real one has is left to sharp", needsLibrary, async () => {
  const file = await draw(64, 64).jpeg({ progressive: true }).toBuffer();
  const scan = file.lastIndexOf(Buffer.from([0xff, 0xda]));
  const last = file.subarray(scan, file.length - 2);
  const many = Buffer.concat([
    file.subarray(0, scan),
    ...Array.from({ length: 200 }, () => last),
    file.subarray(-2),
  ]);
  assert.equal((await decode(many)).stored, undefined);
});

test(
  "the dearest progressive file at the ceilings takes a fraction of sharp's clock, and blocks nobody",
  needsLibrary,
  async () => {
    // 23 of 25 MB are bits of 14 passes over 12.5 million coefficients, none of which may be left out.
    const file = progressiveOf(4000, 3120, 13);
    assert.ok(file.length < readConfig({ RESULTS_BUCKET: "results" }).maxObjectBytes);
    let turns = 0;
    const turn = () => {
      turns++;
      timer = setImmediate(turn);
    };
    let timer = setImmediate(turn);
    const before = process.cpuUsage();
    const work = decode(file);
    const startedWith = turns;
    const { stored } = await work;
    clearImmediate(timer);
    const { user, system } = process.cpuUsage(before);
    assert.deepEqual([stored?.width, stored?.height], [500, 390]);
    assert.ok(user + system < (MAX_DECODE_SECONDS * 1e6) / 2, `${(user + system) / 1e6} s of CPU`);
    assert.ok(turns > startedWith + 10, `${turns - startedWith} turns of the event loop`);
    assert.equal((await decode(progressiveOf(4000, 3136, 1))).stored, undefined, "one row of blocks more");
  },
);

test("the room is used again, and grows no further than its bound", needsLibrary, async () => {
  const small = await draw(300, 200).jpeg().toBuffer();
  const { room, stored } = await decode(small);
  assert.equal(stored?.pixels, room.bytes);
  const again = await decode(await draw(200, 200).jpeg().toBuffer(), { room });
  assert.equal(again.stored?.pixels, stored?.pixels);
  const large = await decode(await draw(6000, 500).jpeg().toBuffer(), { room, geometry: WHOLE });
  assert.ok(large.stored);
  assert.ok(large.stored.pixels.length > KEPT_PIXEL_BYTES);
  assert.equal(room.bytes, stored?.pixels);
});
