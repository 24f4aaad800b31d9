import assert from "node:assert/strict";
import { before, test } from "node:test";
import sharp from "sharp";
import { readHeifSize } from "../../../../../src/function/stages/decode/headers/heif.ts";
import { avifOf, clap, gridOf, ispe, type Still, still } from "../../../../hostile/heif.ts";

const SIDE = 96;
let file: Buffer;
let part: Still;

before(async () => {
  file = await sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: "#3366aa" } })
    .avif({ effort: 0 })
    .toBuffer();
  part = still(file);
});

const coded = (properties: number[], data = part.data) => ({ type: "av01", properties, data });

test("an ordinary AVIF shows what it decodes", () => {
  const size = { width: SIDE, height: SIDE, orientation: 1, decodedPixels: SIDE * SIDE };
  assert.deepEqual(readHeifSize(file), size);
  assert.deepEqual(readHeifSize(avifOf([coded([1, 2])], [ispe(SIDE, SIDE), part.configuration])), size);
});

test("an AVIF with alpha decodes both", async () => {
  const transparent = await sharp({
    create: { width: 40, height: 30, channels: 4, background: { r: 1, g: 2, b: 3, alpha: 0.5 } },
  })
    .avif({ effort: 0 })
    .toBuffer();
  assert.equal(readHeifSize(transparent).decodedPixels, 2 * 40 * 30);
});

test("a crop shows little and decodes all", async () => {
  const cropped = avifOf([coded([1, 2, 3])], [ispe(SIDE, SIDE), part.configuration, clap(10, 20)]);
  assert.deepEqual(readHeifSize(cropped), {
    width: 10,
    height: 20,
    orientation: 1,
    decodedPixels: SIDE * SIDE,
  });
});

test("a quarter turn changes the sides' places", () => {
  const irot = Buffer.from("\0\0\0\x09irot\x01", "latin1");
  const turned = avifOf([coded([1, 2, 3, 4])], [ispe(SIDE, SIDE), part.configuration, clap(10, 20), irot]);
  const { width, height } = readHeifSize(turned);
  assert.deepEqual([width, height], [20, 10]);
});

test("a grid decodes each of its tiles, one item many times over too, whatever it shows", async () => {
  const grid = gridOf(part, SIDE, 2, 3, { width: 100, height: 100 });
  assert.deepEqual(readHeifSize(grid), {
    width: 100,
    height: 100,
    orientation: 1,
    decodedPixels: 100 * 100 + 6 * SIDE * SIDE,
  });
});

test("sizes that the bitstream contradicts do not count, in the item or its configuration", () => {
  for (const configuration of [part.configuration, Buffer.from("\0\0\0\x0cav1C\x81\0\0\0", "latin1")]) {
    const lying = avifOf([coded([1, 2])], [ispe(8, 8), configuration]);
    const { width, decodedPixels } = readHeifSize(lying);
    assert.equal(width, 8);
    assert.ok(decodedPixels >= SIDE * SIDE, `${decodedPixels}`);
  }
});

test("every frame of an item is charged", () => {
  const many = avifOf(
    [coded([1, 2], Buffer.concat(Array(200).fill(part.data)))],
    [ispe(SIDE, SIDE), part.configuration],
  );
  assert.equal(readHeifSize(many).decodedPixels, 200 * SIDE * SIDE);
});

test("images within themselves, without a size or without a place are refused", () => {
  const properties = [ispe(SIDE, SIDE), part.configuration];
  const circle = avifOf([{ type: "grid", properties: [1], data: Buffer.alloc(12) }], properties, [
    ["dimg", 1, [1]],
  ]);
  assert.throws(() => readHeifSize(circle), /within each other/);
  assert.throws(() => readHeifSize(avifOf([coded([2])], properties)), /ispe/);
  const absent = avifOf([{ type: "grid", properties: [1], data: Buffer.alloc(12) }], properties, [
    ["dimg", 1, [7]],
  ]);
  assert.throws(() => readHeifSize(absent), /item 7/);
});

test("grids of grids double their tiles at each level, and cost no more time to read than to refuse", () => {
  const items = Array.from({ length: 5 }, () => ({ type: "grid", properties: [1], data: Buffer.alloc(12) }));
  const wide = Array(60_000).fill(2);
  const bomb = avifOf([...items, coded([1, 2])], [ispe(SIDE, SIDE), part.configuration], [["dimg", 1, wide]]);
  const before = process.cpuUsage();
  assert.ok(readHeifSize(bomb).decodedPixels > 500_000_000);
  // Each tile of each level, one by one, would take minutes.
  assert.ok(process.cpuUsage(before).user < 1_000_000);
});
