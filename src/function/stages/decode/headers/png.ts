import { readOrientation } from "./exif.ts";
import { assertLength, HeaderError, type StoredSize, stillSize, textOf, viewOf } from "./header.ts";

const SIGNATURE_BYTES = 8;
/** A chunk is a length, a type, so many bytes and a checksum. */
const CHUNK_BYTES = 12;
const CHECKSUM_BYTES = 4;
/** Honest files have tens, screenshots of some tools a few thousand IDATs. */
const MAX_CHUNKS = 100_000;
const MAX_SIDE = 0x7fff_ffff;

/**
 * Size from IHDR, orientation from eXIf, which may stand before or after the pixels. Of an animation only the default
 * image is decoded.
 *
 * @throws {HeaderError}
 * @see https://www.w3.org/TR/png-3/#5DataRep
 */
export function readPngSize(bytes: Uint8Array): StoredSize {
  assertLength(bytes, SIGNATURE_BYTES + CHUNK_BYTES + 13);
  const view = viewOf(bytes);
  if (textOf(bytes, 12, 16) !== "IHDR") throw new HeaderError("expected a PNG to begin with IHDR");
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  if (width === 0 || height === 0 || width > MAX_SIDE || height > MAX_SIDE) {
    throw new HeaderError(`expected sides from 1 to ${MAX_SIDE}, got ${width} × ${height}`);
  }
  return stillSize(width, height, findOrientation(bytes));
}

/** No pixel hangs on them. libpng inflates each to as much as 8 MB, and libvips keeps them all until the image is decoded. */
const TEXTS = new Set(["tEXt", "zTXt", "iTXt"]);

/**
 * @returns `bytes` themselves when there is no text in them
 * @throws {HeaderError}
 */
export function withoutTexts(bytes: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [];
  let start = 0;
  for (const { type, offset, end } of chunksOf(bytes)) {
    if (!TEXTS.has(type)) continue;
    kept.push(bytes.subarray(start, offset));
    start = end;
  }
  return start === 0 ? bytes : Buffer.concat([...kept, bytes.subarray(start)]);
}

function findOrientation(bytes: Uint8Array): number {
  for (const { type, data, end } of chunksOf(bytes)) {
    if (type === "eXIf") return readOrientation(bytes.subarray(data, end - CHECKSUM_BYTES));
  }
  return 1;
}

interface Chunk {
  readonly type: string;
  readonly offset: number;
  readonly data: number;
  readonly end: number;
}

/** The last one may end behind the file. */
function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const view = viewOf(bytes);
  let offset = SIGNATURE_BYTES;
  for (let chunks = 0; offset + CHUNK_BYTES <= bytes.length; chunks++) {
    if (chunks === MAX_CHUNKS) throw new HeaderError(`expected at most ${MAX_CHUNKS} chunks`);
    const data = offset + 8;
    const end = data + view.getUint32(offset) + CHECKSUM_BYTES;
    yield { type: textOf(bytes, offset + 4, data), offset, data, end };
    offset = end;
  }
}
