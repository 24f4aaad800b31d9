import { readOrientation } from "./exif.ts";
import { assertLength, HeaderError, type StoredSize, textOf, UnsupportedHeader, viewOf } from "./header.ts";

/** What is read of a TIFF's first page. */
export interface TiffHeader extends StoredSize {
  readonly isCmyk: boolean;
}

/** By number in the file; those of a directory stand in this order. */
const TAG = {
  newSubfileType: 254,
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  samplesPerPixel: 277,
  tileWidth: 322,
  tileHeight: 323,
  sampleFormat: 339,
  dngVersion: 50_706,
} as const;

/** None, CCITT (three ways), LZW, JPEG, Deflate (two numbers), PackBits: what scanners and programs write. */
const COMPRESSIONS = new Set([1, 2, 3, 4, 5, 7, 8, 32_946, 32_773]);
const CMYK = 5;
/** Unsigned whole numbers, or nothing said. */
const SAMPLE_FORMATS = new Set([1, 4]);
/** Colour, black, and one of alpha. */
const MAX_SAMPLES = 5;
const MAX_BITS = 16;
/** Honest directories have some twenty. */
const MAX_ENTRIES = 1000;
const MAX_SIDE = 0x7fff_ffff;
const REDUCED = 1;

const CANON_RAW = "II*\0\x10\0\0\0CR";
const [SHORT, LONG] = [3, 4];
const ENTRY_BYTES = 12;

/**
 * Size of the first page. Of a page in tiles, those that jut out count whole.
 *
 * @throws {HeaderError}
 * @throws {UnsupportedHeader} for camera raw files, which are TIFF outside, and what scans do not have: floating-point
 *   numbers, more than five samples of a pixel, other compressions
 * @see TIFF 6.0, Adobe 1992
 */
export function readTiff(bytes: Uint8Array): TiffHeader {
  if (textOf(bytes, 0, 10) === CANON_RAW) throw new UnsupportedHeader("it is a camera raw image (Canon CR2)");
  const read = openDirectory(bytes);
  if (read(TAG.dngVersion) !== undefined) throw new UnsupportedHeader("it is a camera raw image (DNG)");
  // So begin the raw images of cameras: with a thumbnail.
  if (((read(TAG.newSubfileType) ?? 0) & REDUCED) !== 0)
    throw new UnsupportedHeader("its first page is a smaller copy of another");
  const [width, height] = [sideOf(read(TAG.width)), sideOf(read(TAG.height))];
  const compression = read(TAG.compression) ?? 1;
  if (!COMPRESSIONS.has(compression)) throw new UnsupportedHeader(`compression ${compression}`);
  const samples = read(TAG.samplesPerPixel) ?? 1;
  if (samples < 1 || samples > MAX_SAMPLES) throw new UnsupportedHeader(`${samples} samples per pixel`);
  const bits = read(TAG.bitsPerSample) ?? 1;
  const format = read(TAG.sampleFormat) ?? 1;
  if (bits < 1 || bits > MAX_BITS || !SAMPLE_FORMATS.has(format))
    throw new UnsupportedHeader(`samples of ${bits} bits in format ${format}`);
  const [tileWidth, tileHeight] = [read(TAG.tileWidth), read(TAG.tileHeight)];
  const decodedPixels =
    tileWidth === undefined && tileHeight === undefined
      ? width * height
      : padded(width, sideOf(tileWidth)) * padded(height, sideOf(tileHeight));
  const isCmyk = read(TAG.photometric) === CMYK;
  return { width, height, orientation: readOrientation(bytes), decodedPixels, isCmyk };
}

/** The same file without a word of further pages: decoders look for all of them before they draw the first. */
export function firstPageOnly(bytes: Uint8Array): Uint8Array {
  const { next } = findDirectory(bytes);
  if (viewOf(bytes).getUint32(next) === 0) return bytes;
  const single = Uint8Array.from(bytes);
  single.fill(0, next, next + 4);
  return single;
}

function findDirectory(bytes: Uint8Array): { start: number; count: number; next: number; isLittle: boolean } {
  assertLength(bytes, 8);
  const view = viewOf(bytes);
  const isLittle = textOf(bytes, 0, 2) === "II";
  const start = view.getUint32(4, isLittle);
  assertLength(bytes, start + 2);
  const count = view.getUint16(start, isLittle);
  if (count === 0 || count > MAX_ENTRIES)
    throw new HeaderError(`expected a directory of 1 to ${MAX_ENTRIES} entries, got ${count}`);
  const next = start + 2 + ENTRY_BYTES * count;
  assertLength(bytes, next + 4);
  return { start: start + 2, count, next, isLittle };
}

/** @returns reads the first value of a tag, a whole number */
function openDirectory(bytes: Uint8Array): (tag: number) => number | undefined {
  const { start, count, isLittle } = findDirectory(bytes);
  const view = viewOf(bytes);
  const entries = new Map<number, number>();
  // A tag twice means what it means to libtiff: the first.
  for (let at = start + ENTRY_BYTES * (count - 1); at >= start; at -= ENTRY_BYTES)
    entries.set(view.getUint16(at, isLittle), at);
  return (tag) => {
    const at = entries.get(tag);
    if (at === undefined) return undefined;
    const type = view.getUint16(at + 2, isLittle);
    const values = view.getUint32(at + 4, isLittle);
    // DNG's version is four bytes; that it is there is all that counts.
    if (tag === TAG.dngVersion) return 1;
    if ((type !== SHORT && type !== LONG) || values === 0)
      throw new HeaderError(`expected tag ${tag} to hold whole numbers, got ${values} of type ${type}`);
    const isInline = values * (type === SHORT ? 2 : 4) <= 4;
    const from = isInline ? at + 8 : view.getUint32(at + 8, isLittle);
    assertLength(bytes, from + 4);
    return type === SHORT ? view.getUint16(from, isLittle) : view.getUint32(from, isLittle);
  };
}

function sideOf(pixels: number | undefined): number {
  if (pixels === undefined || pixels < 1 || pixels > MAX_SIDE)
    throw new HeaderError(`expected sides from 1 to ${MAX_SIDE}, got ${pixels}`);
  return pixels;
}

function padded(pixels: number, tile: number): number {
  return Math.ceil(pixels / tile) * tile;
}
