import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { prefixCodeBytes } from "../../../../../src/function/stages/decode/headers/vp8l.ts";
import { readWebpSize } from "../../../../../src/function/stages/decode/headers/webp.ts";
import { riffChunk, webp } from "../../../../hostile/containers.ts";
import { groupedWebp, lossless, withGroupedAlpha } from "../../../../hostile/webp.ts";
import { fixture } from "../../../harness.ts";

const ONE_GROUP = 4 * (2954 + 1) + 600;
const MIB = 2 ** 20;

test("an image with 65,536 groups of prefix codes is charged their tables, not its pixels", () => {
  const header = readWebpSize(groupedWebp(1024, 65_536));
  assert.deepEqual([header.width, header.height], [1024, 1024]);
  assert.equal(header.decodedPixels, Math.ceil(2 ** 20 / 2 + (65_536 * ONE_GROUP) / 19));
  assert.ok(19 * header.decodedPixels > 700 * MIB);
});

test("as many groups in an animation's frame, or in its alpha, are charged alike", () => {
  const still = groupedWebp(1024, 65_536);
  const frameHeader = Buffer.alloc(16);
  frameHeader.writeUIntLE(1023, 6, 3);
  frameHeader.writeUIntLE(1023, 9, 3);
  const canvas = Buffer.from([2, 0, 0, 0, 255, 3, 0, 255, 3, 0]);
  const frame = riffChunk("ANMF", Buffer.concat([frameHeader, still.subarray(12)]));
  const animation = webp([riffChunk("VP8X", canvas), riffChunk("ANIM", Buffer.alloc(6)), frame]);
  assert.equal(readWebpSize(animation).decodedPixels, readWebpSize(still).decodedPixels);
  assert.ok(19 * readWebpSize(withGroupedAlpha(1024, 65_536)).decodedPixels > 700 * MIB);
});

test("what cannot be read, or takes long to read, is charged the most", () => {
  const most = 65_536 * (4 * (2954 + 2048) + 600);
  assert.equal(prefixCodeBytes(Buffer.alloc(0), 8, 8), most);
  assert.equal(prefixCodeBytes(lossless(groupedWebp(1024, 256)), 16_000, 16_000), 65_536 * ONE_GROUP);
});

test("transformations that repeat are not read again and again", () => {
  // Prediction in blocks of 4 × 4, without a cache, of five codes of one symbol, whose pixels take no bits at all.
  const transformation = `1000000${"1000".repeat(5)}`;
  const stream = transformation.repeat(80_000).match(/.{8}/g) ?? [];
  const bytes = Buffer.from(stream.map((bits) => Number.parseInt([...bits].reverse().join(""), 2)));
  const before = process.cpuUsage();
  prefixCodeBytes(bytes, 2800, 2800);
  assert.ok(process.cpuUsage(before).user < 2_000_000);
});

test("two images in one file are refused", () => {
  const image = groupedWebp(64, 16).subarray(12);
  assert.throws(() => readWebpSize(webp([image, image])), /expected one VP8L, found 2/);
});

for (const name of ["photo-1.jpg", "chart-1.png", "screenshot-1.png", "icon-1.png"])
  test(`${name} without loss is charged its pixels`, async () => {
    const image = sharp(await fixture(name)).resize({ width: 300 });
    for (const effort of [0, 3, 6])
      for (const options of [{ lossless: true }, { nearLossless: true, quality: 40 }]) {
        const file = await image
          .clone()
          .webp({ ...options, effort })
          .toBuffer();
        const { width, height, decodedPixels } = readWebpSize(file);
        assert.equal(decodedPixels, width * height);
        assert.ok(prefixCodeBytes(lossless(file), width, height) < 2 * MIB);
      }
  });

test("an animation of three million empty frames is read without a text for each", () => {
  const canvas = riffChunk("VP8X", Buffer.from([2, 0, 0, 0, 63, 0, 0, 63, 0, 0]));
  const frames = Buffer.alloc(24_000_000, Buffer.from("ANMF\0\0\0\0", "latin1"));
  const animation = webp([canvas, frames]);
  const before = process.cpuUsage();
  assert.equal(readWebpSize(animation).width, 64);
  assert.ok(process.cpuUsage(before).user < 350_000);
});
