import { readAv1Cost } from "./av1.ts";
import { Reader } from "./boxes.ts";
import { HeaderError, type StoredSize, textOf } from "./header.ts";
import { extentOf, type Item, type ItemTable, itemOf, readItemTable } from "./items.ts";

/** A grid of grids of … : honest files have one level. */
const MAX_DEPTH = 4;

/**
 * Size and cost of the primary image of an AVIF or HEIF file. A file may show 100 × 100 pixels of a grid or a crop of
 * which all is decoded first: so the coded sizes of everything that the primary image is made of are added up.
 *
 * @throws {HeaderError} when what has to be decoded is not said
 * @see ISO/IEC 23008-12; AV1 Image File Format
 */
export function readHeifSize(bytes: Uint8Array): StoredSize {
  const table = readItemTable(bytes);
  const shown = shownSize(bytes, itemOf(table, table.primaryId));
  return { ...shown, orientation: 1, decodedPixels: decodedPixels(bytes, table, table.primaryId, 0) };
}

/** A sequence has a primary image, too: named as a still image, that is what decoders show. */
export function asStillAvif(bytes: Uint8Array): Uint8Array {
  if (textOf(bytes, 8, 12) !== "avis") return bytes;
  const still = Uint8Array.from(bytes);
  still.set(new TextEncoder().encode("avif"), 8);
  return still;
}

function decodedPixels(bytes: Uint8Array, table: ItemTable, id: number, depth: number): number {
  const item = itemOf(table, id);
  if (depth > MAX_DEPTH) throw new HeaderError(`expected at most ${MAX_DEPTH} images within each other`);
  let pixels = codedPixels(bytes, item);
  // A grid's tiles may be one item many times over, and each time it is decoded.
  const counts = new Map<number, number>();
  for (const part of [...item.parts, ...item.auxiliaries]) counts.set(part, (counts.get(part) ?? 0) + 1);
  for (const [part, count] of counts) pixels += count * decodedPixels(bytes, table, part, depth + 1);
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
