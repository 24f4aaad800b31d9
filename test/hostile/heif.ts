import { uint32 } from "./containers.ts";
import { partsOf } from "./structure.ts";

/** An item of a crafted file: its type, its properties by position (from 1) in `ipco`, and its bytes. */
export interface CraftedItem {
  readonly type: string;
  readonly properties: readonly number[];
  readonly data: Buffer;
}

/** What a real AVIF or HEIC of one item is made of. */
export interface Still {
  /** The bitstream. */
  readonly data: Buffer;
  /** The box `av1C` or `hvcC`, whole. */
  readonly configuration: Buffer;
}

export function box(type: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([uint32(body.length + 8), Buffer.from(type, "latin1"), body]);
}

export const ispe = (width: number, height: number) => box("ispe", uint32(0), uint32(width), uint32(height));

/** A centred crop to whole pixels. */
export const clap = (width: number, height: number) =>
  box("clap", ...[width, 1, height, 1, 0, 1, 0, 1].map(uint32));

/** So many quarter turns to the left. */
export const irot = (turns: number) => box("irot", Buffer.from([turns]));

/** Top and bottom change places, or left and right. */
export const imir = (axis: 0 | 1) => box("imir", Buffer.from([axis]));

/** Content of a grid item: so many tiles of equal size, and the size that is shown. */
export function gridData(rows: number, columns: number, width: number, height: number): Buffer {
  return Buffer.concat([Buffer.from([0, 1, rows - 1, columns - 1]), uint32(width), uint32(height)]);
}

/** An AVIF of any items at all: see {@link heifOf}. */
export const avifOf = (...[items, properties, references]: HeifParts) =>
  heifOf("avif\0\0\0\0avifmif1miaf", items, properties, references);

/** A HEIC of any items at all: see {@link heifOf}. */
export const heicOf = (...[items, properties, references]: HeifParts) =>
  heifOf("heic\0\0\0\0mif1heic", items, properties, references);

type HeifParts = [
  items: readonly CraftedItem[],
  properties: readonly Buffer[],
  references?: readonly (readonly [type: string, from: number, to: readonly number[]])[],
];

/**
 * A HEIF file of any items at all.
 *
 * @param brands     major brand, version and compatible brands
 * @param items      their ids count from 1, the first is the primary one
 * @param properties what items refer to by position, counted from 1
 * @param references such as `["dimg", 1, [2, 2]]`: item 1 is made of item 2, twice
 */
export function heifOf(
  brands: string,
  items: readonly CraftedItem[],
  properties: readonly Buffer[],
  references: readonly (readonly [type: string, from: number, to: readonly number[]])[] = [],
): Buffer {
  const ftyp = box("ftyp", Buffer.from(brands, "latin1"));
  const infe = items.map(({ type }, i) =>
    box("infe", uint32(0x0200_0000), uint16(i + 1), uint16(0), Buffer.from(`${type}\0`, "latin1")),
  );
  const ipma = items.map(({ properties: own }, i) =>
    Buffer.concat([uint16(i + 1), Buffer.from([own.length, ...own])]),
  );
  const iref = references.map(([type, from, to]) =>
    box(type, uint16(from), uint16(to.length), ...to.map(uint16)),
  );
  const metaWith = (offsets: readonly number[]) => {
    const iloc = items.map(({ data }, i) =>
      Buffer.concat([uint16(i + 1), uint16(0), uint16(1), uint32(offsets[i] ?? 0), uint32(data.length)]),
    );
    return box(
      "meta",
      uint32(0),
      box("hdlr", uint32(0), uint32(0), Buffer.from("pict"), Buffer.alloc(13)),
      box("pitm", uint32(0), uint16(1)),
      box("iloc", uint32(0), Buffer.from([0x44, 0]), uint16(items.length), ...iloc),
      box("iinf", uint32(0), uint16(items.length), ...infe),
      ...(iref.length > 0 ? [box("iref", uint32(0), ...iref)] : []),
      box("iprp", box("ipco", ...properties), box("ipma", uint32(0), uint32(items.length), ...ipma)),
    );
  };
  let next = ftyp.length + metaWith([]).length + 8;
  const offsets = items.map(({ data }) => {
    next += data.length;
    return next - data.length;
  });
  return Buffer.concat([ftyp, metaWith(offsets), box("mdat", ...items.map(({ data }) => data))]);
}

/** Takes a file of one coded item apart, such as sharp and heif-enc write. */
export function still(file: Buffer): Still {
  const parts = partsOf(file);
  const part = (...names: string[]) => {
    const found = parts.find((candidate) => names.includes(candidate.name));
    if (found === undefined) throw new Error(`expected a file with a box ${names.join(" or ")}`);
    return file.subarray(found.start, found.end);
  };
  return { data: part("mdat").subarray(8), configuration: part("av1C", "hvcC") };
}

/** A grid of one tile, many times over. */
export function gridOf(
  tile: Still,
  tileSide: number,
  rows: number,
  columns: number,
  shown: { width: number; height: number },
): Buffer {
  return avifOf(
    [
      { type: "grid", properties: [1], data: gridData(rows, columns, shown.width, shown.height) },
      { type: "av01", properties: [2, 3], data: tile.data },
    ],
    [ispe(shown.width, shown.height), ispe(tileSide, tileSide), tile.configuration],
    [["dimg", 1, Array(rows * columns).fill(2)]],
  );
}

/** Content of an overlay item: a canvas of such a size, with one image in its corner. */
export function overlayData(width: number, height: number): Buffer {
  const background = Buffer.alloc(8);
  return Buffer.concat([Buffer.from([0, 1]), background, ...[width, height, 0, 0].map(uint32)]);
}

/** An image as sharp and heif-enc write it, with its boxes as {@link avifOf} places them. */
export function plainAvif({ data, configuration }: Still, side: number): Buffer {
  return avifOf([{ type: "av01", properties: [1, 2], data }], [ispe(side, side), configuration]);
}

/**
 * A file that shows one image to who takes its first box `meta`, and another to who takes its last.
 *
 * @param first, last of {@link plainAvif}
 */
export function twoImages(first: Buffer, last: Buffer): Buffer {
  const start = first.readUInt32BE(0);
  const metaEnd = start + first.readUInt32BE(start);
  const meta = Buffer.from(last.subarray(start, start + last.readUInt32BE(start)));
  const both = Buffer.concat([first.subarray(0, metaEnd), meta, first.subarray(metaEnd)]);
  const moved = (from: number, bytes: number) => {
    const at = both.indexOf("iloc", from) + 18;
    both.writeUInt32BE(both.readUInt32BE(at) + bytes, at);
  };
  moved(start, meta.length);
  moved(metaEnd, both.length - start - meta.length);
  return Buffer.concat([both, last.subarray(start + meta.length)]);
}

/** The file with its boxes of a type followed by another. */
export function withBehind(file: Buffer, type: string, another: Buffer): Buffer {
  const parts = partsOf(file);
  const found = parts.find(({ name }) => name === type);
  if (found === undefined) throw new Error(`expected a box ${type}`);
  const longer = Buffer.concat([file.subarray(0, found.end), another, file.subarray(found.end)]);
  for (const { start, end } of parts) {
    const isAround = start < found.start && end >= found.end;
    if (isAround) longer.writeUInt32BE(longer.readUInt32BE(start) + another.length, start);
  }
  return longer;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
