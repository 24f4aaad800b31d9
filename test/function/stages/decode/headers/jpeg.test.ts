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

test("arithmetic coding is not ordinary; 12 bits and a height that comes later are not supported", async () => {
  const bytes = await canvas().jpeg().toBuffer();
  const { frameOffset } = readJpegHeader(bytes);
  const changed = (position: number, ...values: number[]) => {
    const copy = Buffer.from(bytes);
    copy.set(values, frameOffset + position);
    return copy;
  };
  assert.deepEqual([...bytes.subarray(frameOffset, frameOffset + 2)], [0xff, 0xc0]);
  assert.equal(readJpegHeader(changed(1, 0xc9)).isOrdinary, false);
  assert.throws(() => readJpegHeader(changed(4, 12)), /8 bits per sample, got 12/);
  assert.throws(() => readJpegHeader(changed(5, 0, 0)), /DNL/);
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
  flat.writeUInt16BE(0, frameOffset + 7);
  assert.throws(() => readJpegHeader(flat), /expected a size, got 0 × 23/);
});
