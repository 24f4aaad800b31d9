import { readAv1Cost } from "./av1.ts";
import { type Box, boxesOf, Reader } from "./boxes.ts";
import { HeaderError, type StoredSize, textOf } from "./header.ts";

const MAX_ITEMS = 4096;
const MAX_REFERENCES = 65_536;
/** A grid of grids of … : honest files have one level. */
const MAX_DEPTH = 4;

interface Item {
  type: string;
  properties: Box[];
  /** Items that this one is made of, in order and with repetitions. */
  parts: number[];
  /** Alpha and depth images that belong to this one. */
  auxiliaries: number[];
  extents: { start: number; end: number }[];
}

/**
 * Size and cost of the primary image of an AVIF or HEIF file. A file may show 100 × 100 pixels of a grid or a crop of
 * which all is decoded first: so the coded sizes of everything that the primary image is made of are added up.
 *
 * @throws {HeaderError} when what has to be decoded is not said
 * @see ISO/IEC 23008-12; AV1 Image File Format
 */
export function readHeifSize(bytes: Uint8Array): StoredSize {
  const meta = boxesOf(bytes, 0, bytes.length).find(({ type }) => type === "meta");
  if (meta === undefined) throw new HeaderError("expected a box meta, found none");
  const boxes = boxesOf(bytes, meta.start + 4, meta.end);
  const items = readItems(bytes, boxes);
  const primaryId = readPrimary(bytes, boxes);
  const primary = items.get(primaryId);
  if (primary === undefined) throw new HeaderError(`expected the primary item ${primaryId} to be described`);
  const shown = shownSize(bytes, primary);
  return { ...shown, orientation: 1, decodedPixels: decodedPixels(bytes, items, primaryId, 0) };
}

/** A sequence has a primary image, too: named as a still image, that is what decoders show. */
export function asStillAvif(bytes: Uint8Array): Uint8Array {
  if (textOf(bytes, 8, 12) !== "avis") return bytes;
  const still = Uint8Array.from(bytes);
  still.set(new TextEncoder().encode("avif"), 8);
  return still;
}

function decodedPixels(
  bytes: Uint8Array,
  items: ReadonlyMap<number, Item>,
  id: number,
  depth: number,
): number {
  const item = items.get(id);
  if (item === undefined) throw new HeaderError(`expected item ${id} to be described`);
  if (depth > MAX_DEPTH) throw new HeaderError(`expected at most ${MAX_DEPTH} images within each other`);
  let pixels = codedPixels(bytes, item);
  // A grid's tiles may be one item many times over, and each time it is decoded.
  const counts = new Map<number, number>();
  for (const part of [...item.parts, ...item.auxiliaries]) counts.set(part, (counts.get(part) ?? 0) + 1);
  for (const [part, count] of counts) pixels += count * decodedPixels(bytes, items, part, depth + 1);
  return pixels;
}

/** Of an item itself: of a coded image its frames, of a derived one the canvas. */
function codedPixels(bytes: Uint8Array, item: Item): number {
  const size = extentOf(bytes, item);
  if (size === undefined) throw new HeaderError(`expected an item ${item.type} to say its size (ispe)`);
  const pixels = size.width * size.height;
  if (item.type !== "av01") return pixels;
  let [framePixels, frames] = [pixels, 0];
  for (const { start, end } of item.extents) {
    const cost = readAv1Cost(bytes.subarray(start, end));
    framePixels = Math.max(framePixels, cost.framePixels);
    frames += cost.frames;
  }
  const configuration = item.properties.find(({ type }) => type === "av1C");
  if (configuration !== undefined) {
    const cost = readAv1Cost(bytes.subarray(configuration.start + 4, configuration.end));
    framePixels = Math.max(framePixels, cost.framePixels);
  }
  return framePixels * Math.max(1, frames);
}

function extentOf(bytes: Uint8Array, { properties }: Item): { width: number; height: number } | undefined {
  const box = properties.find(({ type }) => type === "ispe");
  if (box === undefined) return undefined;
  const reader = new Reader(bytes, box);
  reader.versionAndFlags();
  return { width: reader.uint(4), height: reader.uint(4) };
}

/** After crop (`clap`) and turn (`irot`), in the order in which the file applies them. */
function shownSize(bytes: Uint8Array, item: Item): { width: number; height: number } {
  const size = extentOf(bytes, item);
  if (size === undefined || size.width === 0 || size.height === 0) {
    throw new HeaderError("expected the primary image to say its size (ispe)");
  }
  let { width, height } = size;
  for (const box of item.properties) {
    const reader = new Reader(bytes, box);
    if (box.type === "irot" && (reader.uint(1) & 1) === 1) [width, height] = [height, width];
    if (box.type !== "clap") continue;
    const [widthN, widthD, heightN, heightD] = [
      reader.uint(4),
      reader.uint(4),
      reader.uint(4),
      reader.uint(4),
    ];
    width = Math.min(width, Math.max(1, Math.round(widthN / widthD)) || width);
    height = Math.min(height, Math.max(1, Math.round(heightN / heightD)) || height);
  }
  return { width, height };
}

function readPrimary(bytes: Uint8Array, boxes: readonly Box[]): number {
  const box = boxes.find(({ type }) => type === "pitm");
  if (box === undefined) throw new HeaderError("expected a primary item (pitm), found none");
  const reader = new Reader(bytes, box);
  return reader.uint(reader.versionAndFlags().version === 0 ? 2 : 4);
}

function readItems(bytes: Uint8Array, boxes: readonly Box[]): Map<number, Item> {
  const items = new Map<number, Item>();
  const find = (type: string) => boxes.find((box) => box.type === type);
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
    items.set(id, { type, properties: [], parts: [], auxiliaries: [], extents: [] });
  }
}

function readProperties(bytes: Uint8Array, { start, end }: Box, items: ReadonlyMap<number, Item>): void {
  const boxes = boxesOf(bytes, start, end);
  const container = boxes.find(({ type }) => type === "ipco");
  const properties = container === undefined ? [] : boxesOf(bytes, container.start, container.end);
  for (const box of boxes.filter(({ type }) => type === "ipma")) {
    const reader = new Reader(bytes, box);
    const { version, flags } = reader.versionAndFlags();
    const isWide = (flags & 1) === 1;
    for (let count = reader.uint(4); count > 0; count--) {
      const item = items.get(reader.uint(version < 1 ? 2 : 4));
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
  let extents = 0;
  for (let count = reader.uint(version < 2 ? 2 : 4); count > 0; count--) {
    const item = items.get(reader.uint(version < 2 ? 2 : 4));
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
