import assert from "node:assert/strict";
import { before, test } from "node:test";
import sharp from "sharp";
import { UnsupportedHeader } from "../../../../../src/function/stages/decode/headers/header.ts";
import { asStillAvif, readHeifSize } from "../../../../../src/function/stages/decode/headers/heif.ts";
import { uint32 } from "../../../../hostile/containers.ts";
import {
  avifOf,
  box,
  clap,
  gridOf,
  imir,
  irot,
  ispe,
  overlayData,
  type Still,
  still,
  withBehind,
} from "../../../../hostile/heif.ts";
import { partsOf } from "../../../../hostile/structure.ts";

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
  const turned = avifOf([coded([1, 2, 3, 4])], [ispe(SIDE, SIDE), part.configuration, clap(10, 20), irot(1)]);
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

test("frames in the configuration are charged, for the decoder gets them too", () => {
  const frames = Buffer.concat([part.configuration.subarray(8), ...Array(199).fill(part.data)]);
  const many = avifOf([coded([1, 2])], [ispe(SIDE, SIDE), box("av1C", frames)]);
  assert.equal(readHeifSize(many).decodedPixels, 200 * SIDE * SIDE);
});

test("a unit that goes on in the next extent hides no frames", () => {
  // To who begins with the second extent, it is one unit of a reserved type; the first ends that after five bytes.
  const reserved = [(9 << 3) | 2];
  const whole = Buffer.from([...reserved, 0xff, 0xff, 0xff, 0x3f]);
  const first = Buffer.from([...reserved, whole.length]);
  const data = Buffer.concat([first, whole, ...Array(200).fill(part.data)]);
  const split = splitAt(avifOf([coded([1, 2], data)], [ispe(SIDE, SIDE), part.configuration]), first.length);
  assert.equal(readHeifSize(split).decodedPixels, 200 * SIDE * SIDE);
  const cut = avifOf([coded([1, 2], whole)], [ispe(SIDE, SIDE), part.configuration]);
  assert.throws(() => readHeifSize(cut), /cut/);
});

/** The item of a file in two extents, the first of so many bytes. */
function splitAt(file: Buffer, bytes: number): Buffer {
  const iloc = file.indexOf("iloc");
  const [offset, length] = [file.readUInt32BE(iloc + 18), file.readUInt32BE(iloc + 22)];
  const extents = [offset + 8, bytes, offset + 8 + bytes, length - bytes].map(uint32);
  const split = withBehind(file, "iloc", Buffer.alloc(8));
  split.writeUInt32BE(split.readUInt32BE(iloc - 4) + 8, iloc - 4);
  split.writeUInt16BE(2, iloc + 16);
  Buffer.concat(extents).copy(split, iloc + 18);
  return split;
}

test("an image whose canvas is as large as its data say, as an overlay's, is not decoded", () => {
  const overlay = { type: "iovl", properties: [1], data: overlayData(16_000, 16_000) };
  const properties = [ispe(SIDE, SIDE), part.configuration];
  const bomb = avifOf([overlay, coded([1, 2])], properties, [["dimg", 1, [2]]]);
  assert.throws(() => readHeifSize(bomb), UnsupportedHeader);
});

test("what copies all pixels is done once", () => {
  for (const property of [irot(1), imir(1), clap(SIDE, SIDE)]) {
    const again = avifOf([coded([1, 2, 3, 3])], [ispe(SIDE, SIDE), part.configuration, property]);
    assert.throws(() => readHeifSize(again), /expected one (irot|imir|clap), found 2/);
  }
});

test("what two readers may read in two ways is refused", () => {
  const properties = [ispe(SIDE, SIDE), part.configuration];
  const [first, second] = [avifOf([coded([1, 2])], properties), avifOf([coded([2, 1])], properties)];
  for (const type of ["pitm", "iloc", "iinf", "iprp", "ipco"]) {
    const found = partsOf(second).find(({ name }) => name === type);
    const twice = withBehind(first, type, second.subarray(found?.start, found?.end));
    assert.throws(() => readHeifSize(twice), new RegExp(`expected one ${type}, found 2`));
  }
  const associations = partsOf(second).find(({ name }) => name === "ipma");
  const twice = withBehind(first, "ipma", second.subarray(associations?.start, associations?.end));
  assert.throws(() => readHeifSize(twice), /item 1 to get its properties once/);
  const other = box("infe", uint32(0x0200_0000), uint32(0x1_0000), Buffer.from("iden\0"));
  // Inside the box, and not among those that it says it has.
  const described = withBehind(first, "iinf", other);
  const iinf = described.indexOf("iinf");
  described.writeUInt32BE(described.readUInt32BE(iinf - 4) + other.length, iinf - 4);
  assert.throws(() => readHeifSize(described), /item 1 to be described once/);
});

test("the decoder sees no second image behind the one that was read", () => {
  const second = avifOf([coded([1, 2])], [ispe(7000, 7000), part.configuration]);
  assert.deepEqual(asStillAvif(Buffer.concat([file, second.subarray(second.readUInt32BE(0))])), file);
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

test("thousands of items in one place, each a part of many, are read once, and overlapping ones are refused", () => {
  // 100,000 units of no frame: a millisecond.
  const units = Buffer.alloc(199_000, Buffer.from([0x12, 0x00]));
  const ids = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  const grid = { type: "grid", properties: [1], data: Buffer.alloc(8) };
  const tiles = ids(12, 2000);
  const items = [
    grid,
    ...Array(10).fill(grid),
    ...tiles.map((_, i) => coded([1, 2], i === 0 ? units : Buffer.alloc(0))),
  ];
  const properties = [ispe(1, 1), box("av1C", Buffer.concat([Buffer.alloc(4), units]))];
  const file = avifOf(items, properties, [
    ["dimg", 1, ids(2, 10)],
    ...ids(2, 10).map((id) => ["dimg", id, tiles] as const),
  ]);
  const placed = (step: number) => {
    const moved = Buffer.from(file);
    const first = file.indexOf("iloc") + 4 + 4 + 2 + 2 + 11 * 14;
    const start = file.readUInt32BE(first + 6);
    for (const [i] of tiles.entries()) {
      moved.writeUInt32BE(start + i * step, first + i * 14 + 6);
      moved.writeUInt32BE(units.length - i * step, first + i * 14 + 10);
    }
    return moved;
  };
  const before = process.cpuUsage();
  assert.equal(readHeifSize(placed(0)).decodedPixels, 1 + 10 * (1 + 2000));
  assert.throws(() => readHeifSize(placed(2)), /not to overlap/);
  assert.ok(process.cpuUsage(before).user < 1_000_000);
});

/** 64 × 64 pixels of one colour, as avifenc 0.11 writes them, with libaom. */
const DEEP = {
  "10 bits, 4:4:4":
    "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUEAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAGxpYmF2aW" +
    "YAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAAACUAAAAoaWluZgAAAAAAAQAAABppbmZlAgAAAAABAABhdjAxQ29s" +
    "b3IAAAAAamlwcnAAAABLaXBjbwAAABRpc3BlAAAAAAAAAEAAAABAAAAAEHBpeGkAAAAAAwoKCgAAAAxhdjFDgSBAAAAAABNjb2xybmNseAABAA" +
    "0ABoAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAAC1tZGF0EgAKCTgVf/2MBDQaQDIWFkAJJJJEAMG2P3bwH66AGaD9CdIGwA==",
  "12 bits, 4:4:4":
    "AAAAHGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZgAAAPJtZXRhAAAAAAAAAChoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAbGliYXZpZgAAAA" +
    "AOcGl0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAEWAAAAJgAAAChpaW5mAAAAAAABAAAAGmluZmUCAAAAAAEAAGF2MDFDb2xvcgAA" +
    "AABqaXBycAAAAEtpcGNvAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAQcGl4aQAAAAADDAwMAAAADGF2MUOBQGAAAAAAE2NvbHJuY2x4AAEADQAGgA" +
    "AAABdpcG1hAAAAAAAAAAEAAQQBAoMEAAAALm1kYXQSAAoJWBV//Y0BDQaIMhcWQAkkkkQAwzDNtEkYNPtbjpOf1ipJPA==",
  "10 bits, 4:2:0":
    "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAGxpYmF2aW" +
    "YAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAAACQAAAAoaWluZgAAAAAAAQAAABppbmZlAgAAAAABAABhdjAxQ29s" +
    "b3IAAAAAamlwcnAAAABLaXBjbwAAABRpc3BlAAAAAAAAAEAAAABAAAAAEHBpeGkAAAAAAwoKCgAAAAxhdjFDgQBMAAAAABNjb2xybmNseAABAA" +
    "0ABoAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAACxtZGF0EgAKCRgVf/2KAhoNCDIVFkAJJJJEAMG2P3bvJzWOJZuRnCbs",
};

for (const [what, share] of [
  ["10 bits, 4:4:4", 1.4],
  ["12 bits, 4:4:4", 1.4],
  ["10 bits, 4:2:0", 1],
] as const)
  test(`${what}: a pixel is charged ${share}`, async () => {
    const deep = Buffer.from(DEEP[what], "base64");
    assert.equal(readHeifSize(deep).decodedPixels, Math.ceil(64 * 64 * share));
    assert.equal((await sharp(deep).raw().toBuffer()).length, 64 * 64 * 3);
  });
