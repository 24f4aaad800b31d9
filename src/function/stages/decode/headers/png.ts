import { readOrientation } from "./exif.ts";
import { assertLength, HeaderError, type StoredSize, stillSize, textOf, viewOf } from "./header.ts";

const SIGNATURE_BYTES = 8;
/** A chunk is a length, a type, so many bytes and a checksum. */
const CHUNK_BYTES = 12;
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
  return stillSize(width, height, findOrientation(bytes, view));
}

function findOrientation(bytes: Uint8Array, view: DataView): number {
  let offset = SIGNATURE_BYTES;
  for (let chunks = 0; offset + CHUNK_BYTES <= bytes.length; chunks++) {
    if (chunks === MAX_CHUNKS) throw new HeaderError(`expected at most ${MAX_CHUNKS} chunks`);
    const length = view.getUint32(offset);
    const data = offset + 8;
    if (textOf(bytes, offset + 4, data) === "eXIf")
      return readOrientation(bytes.subarray(data, data + length));
    offset = data + length + 4;
  }
  return 1;
}
