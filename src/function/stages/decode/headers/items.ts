import { type Box, boxesOf, Reader } from "./boxes.ts";
import { assertLength, HeaderError, only, textOf } from "./header.ts";

const MAX_ITEMS = 4096;
const MAX_REFERENCES = 65_536;
const ALPHA_TYPES = new Set(["urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", "urn:mpeg:hevc:2015:auxid:1"]);

export interface Item {
  type: string;
  properties: Box[];
  /** Items that this one is made of, in order and with repetitions. */
  parts: number[];
  /** Alpha and depth images that belong to this one. */
  auxiliaries: number[];
  /** Small images of this one. */
  thumbnails: number[];
  extents: { start: number; end: number }[];
}

/** The items of an AVIF or HEIF file, and which of them is the image. */
export interface ItemTable {
  readonly items: ReadonlyMap<number, Item>;
  readonly primaryId: number;
}

/**
 * @throws {HeaderError}
 * @see ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12
 */
export function readItemTable(bytes: Uint8Array): ItemTable {
  // A second one is part of what stands behind the image, such as a motion photo's film.
  const meta = boxesOf(bytes, 0, bytes.length).find(({ type }) => type === "meta");
  if (meta === undefined) throw new HeaderError("expected a box meta, found none");
  const boxes = boxesOf(bytes, meta.start + 4, meta.end);
  return { items: readItems(bytes, boxes), primaryId: readPrimary(bytes, boxes) };
}

/** @throws {HeaderError} when nothing is said of the item */
export function itemOf({ items }: ItemTable, id: number): Item {
  const item = items.get(id);
  if (item === undefined) throw new HeaderError(`expected item ${id} to be described`);
  return item;
}

/** The size of which an item says that it has (`ispe`), before crop and turn. */
export function extentOf(
  bytes: Uint8Array,
  { properties }: Item,
): { width: number; height: number } | undefined {
  const box = properties.find(({ type }) => type === "ispe");
  if (box === undefined) return undefined;
  const reader = new Reader(bytes, box);
  reader.versionAndFlags();
  return { width: reader.uint(4), height: reader.uint(4) };
}

/**
 * All extents of an item, one after the other: what its decoder gets.
 *
 * @throws {HeaderError} when they lie outside of the file, or over each other
 */
export function dataOf(bytes: Uint8Array, { extents }: Item): Uint8Array {
  const parts = extents.map(({ start, end }) => {
    assertLength(bytes, end);
    return bytes.subarray(start, end);
  });
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  if (parts.reduce((sum, { length }) => sum + length, 0) > bytes.length)
    throw new HeaderError("expected the extents of an item not to overlap");
  return Buffer.concat(parts);
}

/**
 * Reads what items hold, once for each place: thousands of items can name the same one, and each be a tile a thousand times.
 *
 * @param read is given an item's data, and what it depends on besides
 * @returns throws {@link HeaderError} when the items' places overlap, so that together they are longer than the file
 */
export function oncePerPlace<Besides, Read>(
  bytes: Uint8Array,
  read: (data: Uint8Array, besides: Besides) => Read,
): (item: Item, besides: Besides) => Read {
  const known = new Map<string, Read>();
  let left = bytes.length;
  return (item, besides) => {
    const place = JSON.stringify([besides, item.extents]);
    const found = known.get(place);
    if (found !== undefined) return found;
    const data = dataOf(bytes, item);
    left -= data.length;
    if (left < 0) throw new HeaderError("expected the data of different items not to overlap");
    const result = read(data, besides);
    known.set(place, result);
    return result;
  };
}

function readPrimary(bytes: Uint8Array, boxes: readonly Box[]): number {
  const box = only(boxes, "pitm");
  if (box === undefined) throw new HeaderError("expected a primary item (pitm), found none");
  const reader = new Reader(bytes, box);
  return reader.uint(reader.versionAndFlags().version === 0 ? 2 : 4);
}

function readItems(bytes: Uint8Array, boxes: readonly Box[]): Map<number, Item> {
  const items = new Map<number, Item>();
  const find = (type: string) => only(boxes, type);
  const [iinf, iprp, iref, iloc] = ["iinf", "iprp", "iref", "iloc"].map(find);
  if (iinf === undefined || iprp === undefined)
    throw new HeaderError("expected iinf and iprp, found not both");
  readTypes(bytes, iinf, items);
  readProperties(bytes, iprp, items);
  if (iref !== undefined) readReferences(bytes, iref, items);
  if (iloc !== undefined) readLocations(bytes, iloc, find("idat"), items);
  return items;
}

function readTypes(bytes: Uint8Array, box: Box, items: Map<number, Item>): void {
  const reader = new Reader(bytes, box);
  reader.uint(reader.versionAndFlags().version === 0 ? 2 : 4);
  const entries = boxesOf(bytes, reader.offset, box.end);
  if (entries.length > MAX_ITEMS) throw new HeaderError(`expected at most ${MAX_ITEMS} items`);
  for (const entry of entries) {
    const inner = new Reader(bytes, entry);
    const { version } = inner.versionAndFlags();
    if (version < 2) continue;
    const id = inner.uint(version === 2 ? 2 : 4);
    inner.uint(2);
    const type = textOf(bytes, inner.offset, inner.offset + 4);
    if (items.has(id)) throw new HeaderError(`expected item ${id} to be described once`);
    items.set(id, { type, properties: [], parts: [], auxiliaries: [], thumbnails: [], extents: [] });
  }
}

function readProperties(bytes: Uint8Array, { start, end }: Box, items: ReadonlyMap<number, Item>): void {
  const boxes = boxesOf(bytes, start, end);
  const container = only(boxes, "ipco");
  const properties = container === undefined ? [] : boxesOf(bytes, container.start, container.end);
  const associated = new Set<number>();
  for (const box of boxes.filter(({ type }) => type === "ipma")) {
    const reader = new Reader(bytes, box);
    const { version, flags } = reader.versionAndFlags();
    const isWide = (flags & 1) === 1;
    for (let count = reader.uint(4); count > 0; count--) {
      const id = reader.uint(version < 1 ? 2 : 4);
      const item = items.get(id);
      if (associated.has(id)) throw new HeaderError(`expected item ${id} to get its properties once`);
      if (item !== undefined) associated.add(id);
      for (let associations = reader.uint(1); associations > 0; associations--) {
        // The highest bit says "essential".
        const index = isWide ? reader.uint(2) & 0x7fff : reader.uint(1) & 0x7f;
        const property = properties[index - 1];
        if (property !== undefined) item?.properties.push(property);
      }
    }
  }
}

function readReferences(bytes: Uint8Array, box: Box, items: ReadonlyMap<number, Item>): void {
  const reader = new Reader(bytes, box);
  const idBytes = reader.versionAndFlags().version === 0 ? 2 : 4;
  let references = 0;
  for (const inner of boxesOf(bytes, reader.offset, box.end)) {
    const ids = new Reader(bytes, inner);
    const from = ids.uint(idBytes);
    for (let count = ids.uint(2); count > 0; count--) {
      const to = ids.uint(idBytes);
      if (++references > MAX_REFERENCES)
        throw new HeaderError(`expected at most ${MAX_REFERENCES} references`);
      if (inner.type === "dimg") items.get(from)?.parts.push(to);
      else if (inner.type === "auxl") items.get(to)?.auxiliaries.push(from);
      else if (inner.type === "thmb") items.get(to)?.thumbnails.push(from);
    }
  }
}

function readLocations(
  bytes: Uint8Array,
  box: Box,
  idat: Box | undefined,
  items: ReadonlyMap<number, Item>,
): void {
  const reader = new Reader(bytes, box);
  const { version } = reader.versionAndFlags();
  const sizes = reader.uint(2);
  const [offsetSize, lengthSize, baseSize] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexSize = version === 0 ? 0 : sizes & 15;
  const located = new Set<number>();
  let extents = 0;
  for (let count = reader.uint(version < 2 ? 2 : 4); count > 0; count--) {
    const id = reader.uint(version < 2 ? 2 : 4);
    const item = items.get(id);
    if (located.has(id)) throw new HeaderError(`expected item ${id} to be located once`);
    if (item !== undefined) located.add(id);
    const isInIdat = version > 0 && (reader.uint(2) & 15) === 1;
    reader.uint(2); // data_reference_index
    const base = reader.uint(baseSize) + (isInIdat ? (idat?.start ?? 0) : 0);
    for (let left = reader.uint(2); left > 0; left--) {
      if (++extents > MAX_REFERENCES) throw new HeaderError(`expected at most ${MAX_REFERENCES} extents`);
      reader.uint(indexSize);
      const start = base + reader.uint(offsetSize);
      const length = reader.uint(lengthSize);
      item?.extents.push({ start, end: length === 0 ? bytes.length : start + length });
    }
  }
}

/** Whether an item holds how opaque another one is. */
export function isAlpha(bytes: Uint8Array, item: Item | undefined): boolean {
  const box = item?.properties.find(({ type }) => type === "auxC");
  return box !== undefined && ALPHA_TYPES.has(textOf(bytes, box.start + 4, box.end).split("\0", 1)[0] ?? "");
}
