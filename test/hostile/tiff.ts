import sharp from "sharp";

const SHORT = 3;
const ENTRY_BYTES = 12;

/** By number in a file's directory. */
export const TIFF_TAG = {
  newSubfileType: 254,
  width: 256,
  height: 257,
  compression: 259,
  stripOffsets: 273,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripBytes: 279,
  resolutionUnit: 296,
  tileWidth: 322,
  tileHeight: 323,
  sampleFormat: 339,
  dngVersion: 50_706,
} as const;

/** The directories of a little-endian TIFF, one behind the other: where each begins, and where the next one is told. */
export function directoriesOf(file: Buffer): { start: number; next: number }[] {
  const found: { start: number; next: number }[] = [];
  for (let start = file.readUInt32LE(4); start !== 0; ) {
    const next = start + 2 + ENTRY_BYTES * file.readUInt16LE(start);
    found.push({ start, next });
    start = file.readUInt32LE(next);
  }
  return found;
}

/** The first page's tag with another value, of type SHORT, and perhaps by another number. */
export function withTag(file: Buffer, tag: number, value: number, as = tag): Buffer {
  const changed = Buffer.from(file);
  for (const { start, next } of directoriesOf(file).slice(0, 1)) {
    for (let at = start + 2; at < next; at += ENTRY_BYTES) {
      if (file.readUInt16LE(at) !== tag) continue;
      changed.writeUInt16LE(as, at);
      changed.writeUInt16LE(SHORT, at + 2);
      changed.writeUInt32LE(1, at + 4);
      changed.writeUInt32LE(value, at + 8);
      return changed;
    }
  }
  throw new Error(`expected tag ${tag}, got none`);
}

/** The first page's next page is told to lie somewhere else. */
export function withNext(file: Buffer, offset: number): Buffer {
  const changed = Buffer.from(file);
  const [first] = directoriesOf(file);
  changed.writeUInt32LE(offset, first?.next ?? 0);
  return changed;
}

/** TIFFs that say other than they are. */
export function craftedTiffs(valid: {
  readonly strips: Buffer;
  readonly tiles: Buffer;
}): Record<string, () => Buffer | Promise<Buffer>> {
  const { strips, tiles } = valid;
  const [first] = directoriesOf(strips);
  return {
    "TIFF whose next page is itself": () => withNext(strips, first?.start ?? 0),
    "TIFF whose next page lies behind its end": () => withNext(strips, 0xffff_fff0),
    "TIFF of 5000 pages": () => {
      const directory = strips.subarray(first?.start, (first?.next ?? 0) + 4);
      const pages = Array.from({ length: 5000 }, (_, index) => {
        const page = Buffer.from(directory);
        page.writeUInt32LE(index === 4999 ? 0 : strips.length + (index + 1) * page.length, page.length - 4);
        return page;
      });
      return Buffer.concat([withNext(strips, strips.length), ...pages]);
    },
    "TIFF of 65500 columns and as many rows": () =>
      withTag(withTag(strips, TIFF_TAG.width, 65_500), TIFF_TAG.height, 65_500),
    "TIFF with one strip of all rows and no bytes": () =>
      withTag(withTag(strips, TIFF_TAG.height, 60_000), TIFF_TAG.rowsPerStrip, 60_000),
    "TIFF with a strip a row": () => withTag(strips, TIFF_TAG.rowsPerStrip, 1),
    "TIFF with tiles of 65520 × 65520": () =>
      withTag(withTag(tiles, TIFF_TAG.tileWidth, 65_520), TIFF_TAG.tileHeight, 65_520),
    "TIFF with tiles of no height": () => withTag(tiles, TIFF_TAG.tileHeight, 0),
    "TIFF whose strip lies in its header": () => withTag(strips, TIFF_TAG.stripOffsets, 0),
    "TIFF that is a camera raw image": () => withTag(strips, TIFF_TAG.resolutionUnit, 1, TIFF_TAG.dngVersion),
    "TIFF of JPEG that is LZW": () => withTag(strips, TIFF_TAG.compression, 7),
    "TIFF of fax that is LZW": () => withTag(strips, TIFF_TAG.compression, 4),
  };
}

/** TIFFs that are large when decoded, but below the ceiling. */
export function heavyTiffs(): Record<string, () => Promise<Buffer>> {
  const plain = (channels: 3 | 4) =>
    sharp({
      create: { width: 7000, height: 7000, channels, background: { r: 9, g: 99, b: 9, alpha: 0.5 } },
      limitInputPixels: false,
    });
  return {
    "TIFF 7000x7000 of four samples of 16 bits, under the pixel limit": () =>
      plain(4).toColourspace("rgb16").tiff({ compression: "deflate" }).toBuffer(),
    "TIFF 7000x7000 of CMYK in tiles, under the pixel limit": () =>
      plain(3)
        .toColourspace("cmyk")
        .tiff({ compression: "lzw", tile: true, tileWidth: 112, tileHeight: 112 })
        .toBuffer(),
  };
}
