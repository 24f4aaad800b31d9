import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { readJpegHeader } from "../../../../../src/function/stages/decode/headers/jpeg.ts";

const canvas = () => sharp({ create: { width: 37, height: 23, channels: 3, background: "#aa5522" } });

test("what everybody writes is ordinary, and the header says how it is coded", async () => {
  const baseline = readJpegHeader(await canvas().jpeg().toBuffer());
  assert.deepEqual(
    [baseline.isOrdinary, baseline.isProgressive, baseline.components, baseline.bitsPerSample],
    [true, false, 3, 8],
  );
  const progressive = readJpegHeader(await canvas().jpeg({ progressive: true }).toBuffer());
  assert.deepEqual([progressive.isOrdinary, progressive.isProgressive], [true, true]);
  const gray = readJpegHeader(await canvas().toColourspace("b-w").jpeg().toBuffer());
  assert.equal(gray.components, 1);
  const cmyk = readJpegHeader(await canvas().toColourspace("cmyk").jpeg().toBuffer());
  assert.equal(cmyk.components, 4);
  assert.equal(readJpegHeader(await canvas().withIccProfile("p3").jpeg().toBuffer()).hasIccProfile, true);
  assert.equal(baseline.hasIccProfile, false);
});

test("arithmetic coding and 12 bits are not ordinary", async () => {
  const bytes = await canvas().jpeg().toBuffer();
  const { frameOffset } = readJpegHeader(bytes);
  assert.deepEqual([...bytes.subarray(frameOffset, frameOffset + 2)], [0xff, 0xc0]);
  for (const [position, value] of [
    [1, 0xc9],
    [4, 12],
  ] as const) {
    const changed = Buffer.from(bytes);
    changed[frameOffset + position] = value;
    assert.equal(readJpegHeader(changed).isOrdinary, false);
  }
});

test("stray bytes between segments are skipped, as libjpeg does", async () => {
  const bytes = await canvas().jpeg().toBuffer();
  const { frameOffset } = readJpegHeader(bytes);
  const strayed = Buffer.concat([
    bytes.subarray(0, frameOffset),
    Buffer.from([7, 0]),
    bytes.subarray(frameOffset),
  ]);
  const { width, height } = readJpegHeader(strayed);
  assert.deepEqual([width, height], [37, 23]);
});

test("a file without a frame, or with one that has no size, is refused", async () => {
  const bytes = await canvas().jpeg().toBuffer();
  const { frameOffset } = readJpegHeader(bytes);
  assert.throws(() => readJpegHeader(bytes.subarray(0, frameOffset)), /frame header/);
  const flat = Buffer.from(bytes);
  flat.writeUInt16BE(0, frameOffset + 5);
  assert.throws(() => readJpegHeader(flat), /expected a size, got 37 × 0/);
});
