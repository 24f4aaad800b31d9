import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspectImage } from "../../src/function/stages/decode/header.ts";
import { box, type CraftedItem, clap, gridData, heicOf, irot, ispe, type Still, still } from "./heif.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures/heic");
const [WIDTH, HEIGHT] = [96, 64];
const fixture = (name: string) => readFileSync(join(FIXTURES, name));

const AUXILIARY_ALPHA = box("auxC", Buffer.from("\0\0\0\0urn:mpeg:hevc:2015:auxid:1\0"));

function codedItem({ data }: Still, properties: readonly number[]): CraftedItem {
  return { type: "hvc1", properties, data };
}

/** Valid HEICs of every structure that phones write, small, by name. */
export function validHeics(): Record<string, Buffer> {
  const tile = still(fixture("still.heic"));
  const shown = { width: 2 * WIDTH - 10, height: 2 * HEIGHT - 6 };
  const grid = { type: "grid", properties: [3, 4], data: gridData(2, 2, shown.width, shown.height) };
  const parts = [tile.configuration, ispe(WIDTH, HEIGHT), ispe(shown.width, shown.height), irot(3)];
  const coded = codedItem(tile, [1, 2]);
  return {
    "still.heic": fixture("still.heic"),
    "10-bit.heic": fixture("10-bit.heic"),
    "444.heic": fixture("444.heic"),
    "alpha.heic": heicOf(
      [coded, codedItem(tile, [1, 2, 3])],
      [tile.configuration, ispe(WIDTH, HEIGHT), AUXILIARY_ALPHA],
      [["auxl", 2, [1]]],
    ),
    "tiles.heic": heicOf([grid, coded, coded, coded, coded], parts, [["dimg", 1, [2, 3, 4, 5]]]),
    "thumbnail.heic": heicOf([grid, codedItem(tile, [1, 2, 4]), coded, coded, coded, coded], parts, [
      ["dimg", 1, [3, 4, 5, 6]],
      ["thmb", 2, [1]],
    ]),
  };
}

/**
 * A HEIC of one tile of a phone, within all limits, that takes the decoder half a minute: 20,000 short slices of the same
 * picture, each from the second block to the last.
 */
export function endlessHeic(): Buffer {
  const tile = inspectImage(fixture("phone.heic"), 50_000_000).heic?.full.tiles[20];
  if (tile === undefined) throw new Error("expected the HEIC of a phone to have 48 tiles");
  const data = Buffer.from(tile.data);
  const slice = data.subarray(4, 24);
  // Behind the header of the unit: first_slice_segment_in_pic_flag, no_output_of_prior_pics_flag, slice_pic_parameter_set_id
  // of one bit; then slice_segment_address, of six bits for the 64 blocks of 512 × 512 pixels. H.265, 7.3.6.1.
  const bits = [...slice.subarray(2)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const again = `0${bits.slice(1, 3)}000001${bits.slice(3)}`.match(/.{1,8}/g) ?? [];
  const unit = Buffer.from([
    ...slice.subarray(0, 2),
    ...again.map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2)),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(unit.length);
  const slices = Array<Buffer>(19_000).fill(Buffer.concat([length, unit]));
  const item = { type: "hvc1", properties: [1, 2], data: Buffer.concat([data, ...slices]) };
  return heicOf([item], [box("hvcC", Buffer.from(tile.configuration)), ispe(512, 512)]);
}

/** HEICs that lie about themselves, one thing each. */
export function craftedHeics(): Record<string, () => Buffer> {
  const tile = still(fixture("still.heic"));
  const coded = codedItem(tile, [1, 2]);
  const base = [tile.configuration, ispe(WIDTH, HEIGHT)];
  const gridOf = (
    rows: number,
    columns: number,
    width: number,
    height: number,
    parts: number[],
    type = "dimg",
  ) =>
    heicOf(
      [{ type: "grid", properties: [3], data: gridData(rows, columns, width, height) }, coded],
      [...base, ispe(width, height)],
      [[type, 1, parts]],
    );
  return {
    "HEIC of one tile 8100 times": () => gridOf(90, 90, 90 * WIDTH, 90 * HEIGHT, Array(8100).fill(2)),
    "HEIC of one tile 800 times, within the limit": () =>
      gridOf(20, 40, 40 * WIDTH, 20 * HEIGHT, Array(800).fill(2)),
    "HEIC of 65535 tiles": () => gridOf(256, 256, 64, 64, Array(65_535).fill(2)),
    "HEIC grid without tiles": () => gridOf(2, 2, 2 * WIDTH, 2 * HEIGHT, []),
    "HEIC grid of itself": () => gridOf(1, 1, WIDTH, HEIGHT, [1]),
    "HEIC grid larger than its tiles": () => gridOf(1, 1, 5000, 5000, [2]),
    "HEIC that says 100000x100000": () => heicOf([coded], [tile.configuration, ispe(100_000, 100_000)]),
    "HEIC that shows 1x1 of its picture": () => heicOf([coded], [tile.configuration, ispe(1, 1)]),
    "HEIC of property indexes beyond all properties": () => heicOf([codedItem(tile, [77, 99])], base),
    "HEIC without a configuration": () => heicOf([codedItem(tile, [2])], base),
    "HEIC with a crop outside": () => heicOf([codedItem(tile, [1, 2, 3])], [...base, clap(5000, 5000)]),
    "HEIC whose configuration is cut": () =>
      heicOf([coded], [box("hvcC", tile.configuration.subarray(8, 40)), ispe(WIDTH, HEIGHT)]),
    "HEIC whose configuration is noise": () =>
      heicOf([coded], [box("hvcC", Buffer.alloc(300, 0xa5)), ispe(WIDTH, HEIGHT)]),
    "HEIC of a hundred pictures in one item": () =>
      heicOf([{ ...coded, data: Buffer.concat(Array(100).fill(tile.data)) }], base),
    "HEIC of a million empty units": () => heicOf([{ ...coded, data: Buffer.alloc(4_000_000) }], base),
    "HEIC with a thumbnail that is the grid": () =>
      heicOf(
        [{ type: "grid", properties: [3], data: gridData(1, 1, WIDTH, HEIGHT) }, coded],
        [...base, ispe(WIDTH, HEIGHT)],
        [
          ["dimg", 1, [2]],
          ["thmb", 1, [1]],
        ],
      ),
    "HEIC with 4000 thumbnails": () =>
      heicOf([coded, ...Array(4000).fill(coded)], base, [
        ...Array.from({ length: 4000 }, (_, i) => ["thmb", i + 2, [1]] as const),
      ]),
    "HEIC with an alpha image of another size": () =>
      heicOf(
        [coded, codedItem(tile, [1, 3, 4])],
        [...base, ispe(WIDTH / 2, HEIGHT / 2), AUXILIARY_ALPHA],
        [["auxl", 2, [1]]],
      ),
    "HEIC that is an overlay": () =>
      heicOf([{ type: "iovl", properties: [2], data: Buffer.alloc(20) }], base),
    "HEIC of JPEG items": () => heicOf([{ type: "jpeg", properties: [2], data: Buffer.alloc(20) }], base),
    "HEIC sequence without an image": () => {
      const file = Buffer.from(fixture("still.heic"));
      file.write("moov", file.indexOf("meta"), "latin1");
      file.write("hevc", 8, "latin1");
      return file;
    },
    "HEIC of boxes in boxes": () => {
      let nested = Buffer.alloc(0) as Buffer;
      for (let i = 0; i < 2000; i++) nested = box("ipco", nested);
      return Buffer.concat([fixture("still.heic").subarray(0, 24), box("meta", Buffer.alloc(4), nested)]);
    },
    "HEIC whose extents end behind the file": () => {
      const file = Buffer.from(heicOf([coded], base));
      // iloc: type, flags, sizes, count, id, data reference, extents, then offset and length.
      file.writeUInt32BE(0xffff_fff0, file.indexOf("iloc") + 4 + 4 + 2 + 2 + 2 + 2 + 2 + 4);
      return file;
    },
  };
}
