import { type Av1Cost, readAv1Cost } from "./av1.ts";
import { type Box, boxesOf, Reader } from "./boxes.ts";
import { HeaderError, only, type StoredSize, textOf, UnsupportedHeader } from "./header.ts";
import {
  extentOf,
  type Item,
  type ItemTable,
  isAlpha,
  itemOf,
  oncePerPlace,
  readItemTable,
} from "./items.ts";

/** An image that is coded, one of tiles, and one that is another. The others have canvases as large as their data say. */
const TYPES = new Set(["av01", "grid", "iden"]);
/** Each of them, if it came again and again, would make another copy of all pixels again and again. */
const ONCE = ["ispe", "av1C", "clap", "irot", "imir"];
/** A grid of grids of … : honest files have one level. */
const MAX_DEPTH = 4;

/**
 * Size and cost of the primary image of an AVIF or HEIF file. A file may show 100 × 100 pixels of a grid or a crop of
 * which all is decoded first: so the coded sizes of everything that the primary image is made of are added up.
 *
 * @throws {HeaderError} when what has to be decoded is not said
 * @throws {UnsupportedHeader} when the image is made in another way
 * @see ISO/IEC 23008-12; AV1 Image File Format
 */
export function readHeifSize(bytes: Uint8Array): StoredSize {
  const table = readItemTable(bytes);
  const primary = itemOf(table, table.primaryId);
  for (const id of primary.auxiliaries) mustBeCroppedAlike(bytes, primary, table.items.get(id));
  const shown = shownSize(bytes, primary);
  return { ...shown, orientation: 1, decodedPixels: pixelCounter(bytes, table)(table.primaryId, 0) };
}

/**
 * The file as libheif reads what we have read: up to a second box `meta`, which it would take instead of the first. A sequence
 * has a primary image, too: named as a still image, that is what decoders show.
 */
export function asStillAvif(bytes: Uint8Array): Uint8Array {
  const [, second] = boxesOf(bytes, 0, bytes.length).filter(({ type }) => type === "meta");
  const single = bytes.subarray(0, second?.offset);
  if (textOf(single, 8, 12) !== "avis") return single;
  const still = Uint8Array.from(single);
  still.set(new TextEncoder().encode("avif"), 8);
  return still;
}

/** Counts each item once, however many others it is a part of. */
function pixelCounter(bytes: Uint8Array, table: ItemTable): (id: number, depth: number) => number {
  const known = new Map<number, number>();
  const costOf = oncePerPlace(bytes, readAv1Cost);
  const configurations = new Map<number, Av1Cost>();

  function decodedPixels(id: number, depth: number): number {
    const found = known.get(id);
    if (found !== undefined) return found;
    const item = itemOf(table, id);
    if (depth > MAX_DEPTH) throw new HeaderError(`expected at most ${MAX_DEPTH} images within each other`);
    let pixels = codedPixels(item);
    // A grid's tiles may be one item many times over, and each time it is decoded.
    for (const part of [...item.parts, ...item.auxiliaries]) pixels += decodedPixels(part, depth + 1);
    known.set(id, pixels);
    return pixels;
  }

  function configurationCost({ start, end }: Box): Av1Cost {
    const cost = configurations.get(start) ?? readAv1Cost(bytes.subarray(start + 4, end));
    configurations.set(start, cost);
    return cost;
  }

  /** Of an item itself: of a coded image its frames, of a derived one the canvas. */
  function codedPixels(item: Item): number {
    if (!TYPES.has(item.type))
      throw new UnsupportedHeader(`expected a coded image or a grid, got ${item.type}`);
    const [, configuration] = ONCE.map((type) => only(item.properties, type));
    const size = extentOf(bytes, item);
    if (size === undefined) throw new HeaderError(`expected an item ${item.type} to say its size (ispe)`);
    const pixels = size.width * size.height;
    if (item.type !== "av01") return pixels;
    const costs = [costOf(item, undefined)];
    if (configuration !== undefined) costs.push(configurationCost(configuration));
    const frames = costs.reduce((sum, cost) => sum + cost.frames, 0);
    return Math.max(pixels, ...costs.map(({ framePixels }) => framePixels)) * Math.max(1, frames);
  }

  return decodedPixels;
}

/** libheif stretches alpha that is not cropped as its image is over what remains of that. */
function mustBeCroppedAlike(bytes: Uint8Array, image: Item, auxiliary: Item | undefined): void {
  if (auxiliary === undefined || !isAlpha(bytes, auxiliary)) return;
  const [crop, own] = [image, auxiliary].map(({ properties }) => {
    const box = only(properties, "clap");
    return box === undefined ? "" : textOf(bytes, box.start, box.end);
  });
  if (crop !== own) throw new UnsupportedHeader("expected alpha to be cropped (clap) as its image is");
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
