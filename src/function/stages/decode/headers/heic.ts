import { Reader } from "./boxes.ts";
import { HeaderError, type StoredSize, textOf, UnsupportedHeader } from "./header.ts";
import { countPictures, type HevcConfiguration, readHevcConfiguration } from "./hevc.ts";
import {
  dataOf,
  extentOf,
  type Item,
  type ItemTable,
  isAlpha,
  itemOf,
  oncePerPlace,
  readItemTable,
} from "./items.ts";

/** One HEVC picture, with all that a decoder needs. */
export interface CodedImage {
  /** Content of the box `hvcC`. */
  readonly configuration: Uint8Array;
  /** The bitstream: units, each after its length. */
  readonly data: Uint8Array;
  /** In pixels, as the decoder gives them out: at least the tile's. */
  readonly width: number;
  readonly height: number;
}

/** An image of one or more tiles of one size, left to right, then top to bottom. All in pixels. */
export interface HeicImage {
  readonly width: number;
  readonly height: number;
  readonly tiles: readonly CodedImage[];
  readonly columns: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** What is shown of it (`clap`). */
  readonly crop: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
  /** As EXIF's: how what is stored is turned (`irot`, `imir`) to be shown. */
  readonly orientation: number;
  /** How its numbers become red, green and blue, where the file says so (`colr`) and not the bitstream. */
  readonly coding: ColourCoding | undefined;
  /** What colours its numbers mean: an ICC profile, or Display P3 by name. `undefined`: sRGB, or nothing is said. */
  readonly profile: Uint8Array | "p3" | undefined;
  /** Pixels that a decoder works on. */
  readonly decodedPixels: number;
}

/** @see Rec. ITU-T H.273 */
export interface ColourCoding {
  readonly matrixCoefficients: number;
  readonly isFullRange: boolean;
}

export interface HeicHeader extends StoredSize {
  readonly full: HeicImage;
  /** Of the same size as `full`; its brightness is how opaque that is. */
  readonly alpha: HeicImage | undefined;
  /** Smaller images that show the same, largest first. */
  readonly thumbnails: readonly HeicImage[];
}

/** Rounding up to whole tiles is not the uploader's doing: this share of what is decoded counts, or what is shown. */
const COUNTED_SHARE = 7 / 8;
/** MIAF's smallest tile. */
const MIN_TILE_SIDE = 64;
/** Phones' tiles have 512 × 512. Smaller ones than this cost time for their number, not for their pixels. */
const LEAST_TILE_PIXELS = 256 * 256;

/**
 * Reads how the primary image of a HEIC file is put together. EXIF's orientation counts for nothing here: what turns an
 * image is a property of it, and writers that add EXIF describe with it what they have done.
 *
 * @throws {HeaderError} @throws {UnsupportedHeader} for images that are coded, or derived, in another way
 * @see ISO/IEC 23008-12
 */
export function readHeic(bytes: Uint8Array): HeicHeader {
  const table = readItemTable(bytes);
  const read = imageReader(bytes, table);
  const primary = itemOf(table, table.primaryId);
  const full = read(table.primaryId);
  const alphaId = primary.auxiliaries.find((id) => isAlpha(bytes, table.items.get(id)));
  const alpha = alphaId === undefined ? undefined : read(alphaId);
  if (alpha !== undefined && (alpha.width !== full.width || alpha.height !== full.height))
    throw new UnsupportedHeader("expected an alpha image of the image's own size");
  const thumbnails =
    alpha === undefined ? primary.thumbnails.flatMap((id) => thumbnailOf(full, read, id)) : [];
  return {
    width: full.crop.width,
    height: full.crop.height,
    orientation: full.orientation,
    decodedPixels: full.decodedPixels + (alpha?.decodedPixels ?? 0),
    full,
    alpha,
    thumbnails: thumbnails.sort((a, b) => b.width - a.width),
  };
}

/** A thumbnail is an image with properties of its own. One that is broken, or shows something else, is none. */
function thumbnailOf(full: HeicImage, read: (id: number) => HeicImage, id: number): HeicImage[] {
  try {
    const image = read(id);
    const isWhole = full.crop.width === full.width && full.crop.height === full.height;
    const isTurnedAlike = image.orientation === full.orientation;
    const isSmaller = image.width <= full.width && image.decodedPixels <= full.decodedPixels;
    const height = (image.width * full.height) / full.width;
    const width = (image.height * full.width) / full.height;
    const isAlike = Math.abs(height - image.height) <= 1 || Math.abs(width - image.width) <= 1;
    return isWhole && isTurnedAlike && isSmaller && isAlike ? [image] : [];
  } catch (error) {
    if (error instanceof HeaderError || error instanceof UnsupportedHeader) return [];
    throw error;
  }
}

/** Items are read once, however often they are referred to. */
function imageReader(bytes: Uint8Array, table: ItemTable): (id: number) => HeicImage {
  const configurations = new Map<number, HevcConfiguration>();
  const picturesOf = oncePerPlace(bytes, (data, lengthBytes: number) => ({
    data,
    count: countPictures(data, lengthBytes),
  }));
  const coded = new Map<number, CodedImage & { readonly decodedPixels: number }>();

  function readCoded(id: number) {
    const known = coded.get(id);
    if (known !== undefined) return known;
    const item = itemOf(table, id);
    if (item.type !== "hvc1" && item.type !== "hev1")
      throw new UnsupportedHeader(`expected an image coded as HEVC (hvc1), got ${item.type}`);
    const box = item.properties.find(({ type }) => type === "hvcC");
    const extent = extentOf(bytes, item);
    if (box === undefined || extent === undefined)
      throw new HeaderError("expected an HEVC item to have a size (ispe) and a configuration (hvcC)");
    const configuration = bytes.subarray(box.start, box.end);
    const parameters = configurations.get(box.start) ?? readHevcConfiguration(configuration);
    configurations.set(box.start, parameters);
    const { pictures, lengthBytes } = parameters;
    const { data, count } = picturesOf(item, lengthBytes);
    const [width, height] = [
      Math.min(...pictures.map((picture) => picture.width)),
      Math.min(...pictures.map((picture) => picture.height)),
    ];
    if (width < extent.width || height < extent.height) {
      const said = `${extent.width} × ${extent.height}`;
      throw new HeaderError(`expected an HEVC picture of ${said} pixels (ispe), got ${width} × ${height}`);
    }
    const pixels = Math.max(...pictures.map(({ codedPixels }) => codedPixels));
    const decodedPixels = pixels * Math.max(1, count);
    const image = { configuration, data, width, height, decodedPixels };
    coded.set(id, image);
    return image;
  }

  return (id) => {
    const item = itemOf(table, id);
    const size = extentOf(bytes, item);
    if (size === undefined || size.width === 0 || size.height === 0)
      throw new HeaderError("expected an image to say its size (ispe)");
    const { crop, orientation } = readTransformations(bytes, item, size);
    const { coding, profile } = readColours(bytes, item);
    const common = { ...size, crop, orientation, coding, profile };
    if (item.type !== "grid") {
      const tile = readCoded(id);
      const { decodedPixels } = tile;
      return {
        ...common,
        tiles: [tile],
        columns: 1,
        tileWidth: size.width,
        tileHeight: size.height,
        decodedPixels,
      };
    }
    const { rows, columns } = readGrid(bytes, item, size);
    const tiles = item.parts.map(readCoded);
    const [first] = item.parts;
    const tile = first === undefined ? undefined : extentOf(bytes, itemOf(table, first));
    if (tile === undefined || tiles.length !== rows * columns)
      throw new HeaderError(`expected a grid of ${rows * columns} tiles, got ${tiles.length}`);
    for (const part of new Set(item.parts)) {
      const extent = extentOf(bytes, itemOf(table, part));
      if (extent?.width !== tile.width || extent.height !== tile.height)
        throw new HeaderError("expected all tiles of a grid to have one size");
    }
    if (tiles.length > 1 && Math.min(tile.width, tile.height) < MIN_TILE_SIDE)
      throw new HeaderError(`expected tiles of at least ${MIN_TILE_SIDE} pixels a side`);
    if (columns * tile.width < size.width || rows * tile.height < size.height)
      throw new HeaderError("expected the tiles of a grid to cover it");
    const least = tiles.length > 1 ? LEAST_TILE_PIXELS : 0;
    const decoded = tiles.reduce((sum, { decodedPixels }) => sum + Math.max(decodedPixels, least), 0);
    const decodedPixels = Math.max(size.width * size.height, Math.ceil(decoded * COUNTED_SHARE));
    const [tileWidth, tileHeight] = [tile.width, tile.height];
    const ofTiles = readColours(bytes, itemOf(table, first as number));
    return {
      ...common,
      coding: coding ?? ofTiles.coding,
      profile: profile ?? ofTiles.profile,
      ...{ tiles, columns, tileWidth, tileHeight, decodedPixels },
    };
  };
}

/** @see ISO/IEC 23008-12, 6.6.2.3 */
function readGrid(bytes: Uint8Array, item: Item, size: { width: number; height: number }) {
  const data = dataOf(bytes, item);
  const reader = new Reader(data, { start: 0, end: data.length });
  reader.uint(1); // version
  const sizeBytes = (reader.uint(1) & 1) === 1 ? 4 : 2;
  const [rows, columns] = [reader.uint(1) + 1, reader.uint(1) + 1];
  const [width, height] = [reader.uint(sizeBytes), reader.uint(sizeBytes)];
  if (width !== size.width || height !== size.height)
    throw new HeaderError(
      `expected a grid of ${size.width} × ${size.height} pixels (ispe), got ${width} × ${height}`,
    );
  return { rows, columns };
}

/** H.273's number of Display P3's primaries. */
const P3_PRIMARIES = 12;

/** An item may have two boxes `colr`: a profile, and numbers. */
function readColours(
  bytes: Uint8Array,
  { properties }: Item,
): { coding: ColourCoding | undefined; profile: HeicImage["profile"] } {
  let coding: ColourCoding | undefined;
  let profile: Uint8Array | undefined;
  let isP3 = false;
  for (const { type, start, end } of properties) {
    if (type !== "colr") continue;
    const kind = textOf(bytes, start, start + 4);
    if (kind === "prof" || kind === "rICC") profile = bytes.subarray(start + 4, end);
    if (kind !== "nclx") continue;
    const reader = new Reader(bytes, { start: start + 4, end });
    isP3 = reader.uint(2) === P3_PRIMARIES;
    reader.uint(2); // transfer characteristics
    coding = { matrixCoefficients: reader.uint(2), isFullRange: (reader.uint(1) & 0x80) !== 0 };
  }
  return { coding, profile: profile ?? (isP3 ? "p3" : undefined) };
}

/** EXIF's orientation after a quarter turn to the left, by the one before. */
const TURNED_LEFT = [0, 8, 5, 6, 7, 4, 1, 2, 3];
/** After top and bottom, or left and right, change places. */
const FLIPPED_DOWN = [0, 4, 3, 2, 1, 8, 7, 6, 5];
const FLIPPED_ACROSS = [0, 2, 1, 4, 3, 6, 5, 8, 7];

function readTransformations(
  bytes: Uint8Array,
  { properties }: Item,
  { width, height }: { width: number; height: number },
): Pick<HeicImage, "crop" | "orientation"> {
  let crop = { left: 0, top: 0, width, height };
  let orientation = 1;
  for (const box of properties) {
    const reader = new Reader(bytes, box);
    if (box.type === "irot") {
      for (let turns = reader.uint(1) & 3; turns > 0; turns--)
        orientation = TURNED_LEFT[orientation] as number;
    } else if (box.type === "imir") {
      const table = (reader.uint(1) & 1) === 0 ? FLIPPED_DOWN : FLIPPED_ACROSS;
      orientation = table[orientation] as number;
    } else if (box.type === "clap") {
      if (orientation !== 1) throw new HeaderError("expected an image to be cropped before it is turned");
      crop = readCrop(reader, crop);
    }
  }
  return { crop, orientation };
}

/** A crop to whole pixels, around a centre that is given from the image's. */
function readCrop(reader: Reader, whole: HeicImage["crop"]): HeicImage["crop"] {
  const signed = () => reader.uint(4) | 0;
  const fraction = () => signed() / signed();
  const [width, height, x, y] = [fraction(), fraction(), fraction(), fraction()];
  const axis = (length: number, shown: number, shift: number): [start: number, length: number] => {
    const kept = Math.round(shown);
    const start = Math.round((length - shown) / 2 + shift);
    if (!(kept >= 1 && start >= 0 && start + kept <= length))
      throw new HeaderError("expected a crop (clap) to lie within its image");
    return [start, kept];
  };
  const [left, shownWidth] = axis(whole.width, width, x);
  const [top, shownHeight] = axis(whole.height, height, y);
  return { left, top, width: shownWidth, height: shownHeight };
}
