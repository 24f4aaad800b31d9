import { directoriesOf } from "./tiff.ts";

/** A part of a picture file: a JPEG segment, a PNG or RIFF chunk, a GIF block, an ISO-BMFF box, a TIFF tag. */
export interface Part {
  /** What the format calls it, for example `SOF0`, `IDAT`, `VP8X`, `ispe`. */
  readonly name: string;
  /** First byte of the part in the file. */
  readonly start: number;
  /** First byte behind the part. */
  readonly end: number;
  /** Where its length field lies; undefined where the part has none. */
  readonly length?: { readonly offset: number; readonly bytes: 1 | 2 | 4; readonly littleEndian: boolean };
}

/**
 * Splits a well-formed picture into its parts, in file order, so that hostile inputs can be cut and
 * reordered exactly where a decoder changes state.
 *
 * @throws Error when the bytes are none of JPEG, PNG, GIF, WebP, AVIF and TIFF
 */
export function partsOf(bytes: Buffer): Part[] {
  if (bytes.readUInt16BE(0) === 0xffd8) return jpegSegments(bytes);
  if (bytes.toString("latin1", 1, 4) === "PNG") return pngChunks(bytes);
  if (bytes.toString("latin1", 0, 3) === "GIF") return gifBlocks(bytes);
  if (bytes.toString("latin1", 8, 12) === "WEBP") return riffChunks(bytes);
  if (bytes.toString("latin1", 4, 8) === "ftyp") return isoBoxes(bytes, 0, bytes.length);
  if (bytes.toString("latin1", 0, 2) === "II") return tiffTags(bytes);
  throw new Error(`expected a JPEG, PNG, GIF, WebP, AVIF or TIFF, got ${bytes.toString("hex", 0, 12)}`);
}

function jpegSegments(bytes: Buffer): Part[] {
  const parts: Part[] = [{ name: "SOI", start: 0, end: 2 }];
  let offset = 2;
  while (offset + 4 <= bytes.length) {
    const marker = bytes.readUInt16BE(offset);
    if (marker === 0xffd9) break;
    let end = offset + 2 + bytes.readUInt16BE(offset + 2);
    if (marker === 0xffda) {
      // Entropy-coded data has no length: it runs to the next marker that is neither stuffing nor restart.
      while (end + 1 < bytes.length && !(bytes[end] === 0xff && isMarker(bytes[end + 1] ?? 0))) end++;
    }
    parts.push({
      name: marker.toString(16).toUpperCase(),
      start: offset,
      end,
      length: { offset: offset + 2, bytes: 2, littleEndian: false },
    });
    offset = end;
  }
  parts.push({ name: "EOI", start: offset, end: bytes.length });
  return parts;
}

function isMarker(byte: number): boolean {
  return byte !== 0x00 && byte !== 0xff && (byte < 0xd0 || byte > 0xd7);
}

function pngChunks(bytes: Buffer): Part[] {
  const parts: Part[] = [{ name: "signature", start: 0, end: 8 }];
  for (let offset = 8; offset + 12 <= bytes.length; ) {
    const end = offset + 12 + bytes.readUInt32BE(offset);
    parts.push({
      name: bytes.toString("latin1", offset + 4, offset + 8),
      start: offset,
      end,
      length: { offset, bytes: 4, littleEndian: false },
    });
    offset = end;
  }
  return parts;
}

function riffChunks(bytes: Buffer): Part[] {
  const parts: Part[] = [
    { name: "RIFF", start: 0, end: 12, length: { offset: 4, bytes: 4, littleEndian: true } },
  ];
  for (let offset = 12; offset + 8 <= bytes.length; ) {
    const size = bytes.readUInt32LE(offset + 4);
    const end = Math.min(bytes.length, offset + 8 + size + (size % 2));
    parts.push({
      name: bytes.toString("latin1", offset, offset + 4),
      start: offset,
      end,
      length: { offset: offset + 4, bytes: 4, littleEndian: true },
    });
    offset = end;
  }
  return parts;
}

function gifBlocks(bytes: Buffer): Part[] {
  const flags = bytes[10] ?? 0;
  const paletteBytes = flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
  const parts: Part[] = [
    { name: "header", start: 0, end: 13 },
    { name: "palette", start: 13, end: 13 + paletteBytes },
  ];
  for (let offset = 13 + paletteBytes; offset < bytes.length; ) {
    const kind = bytes[offset];
    if (kind === 0x3b) {
      parts.push({ name: "trailer", start: offset, end: bytes.length });
      break;
    }
    let end = offset + 2;
    if (kind === 0x2c) {
      const local = bytes[offset + 9] ?? 0;
      end = offset + 11 + (local & 0x80 ? 3 * 2 ** ((local & 7) + 1) : 0);
    }
    const firstSubBlock = end;
    while (end < bytes.length && bytes[end] !== 0) end += 1 + (bytes[end] ?? 0);
    end = Math.min(bytes.length, end + 1);
    parts.push({
      name: kind === 0x2c ? "image" : "extension",
      start: offset,
      end,
      length: { offset: firstSubBlock, bytes: 1, littleEndian: false },
    });
    offset = end;
  }
  return parts;
}

const CONTAINER_BOXES = new Set(["meta", "iprp", "ipco", "moov", "trak", "dinf"]);

function isoBoxes(bytes: Buffer, from: number, to: number): Part[] {
  const parts: Part[] = [];
  for (let offset = from; offset + 8 <= to; ) {
    const size = bytes.readUInt32BE(offset);
    const end = size < 8 ? to : Math.min(to, offset + size);
    const name = bytes.toString("latin1", offset + 4, offset + 8);
    parts.push({ name, start: offset, end, length: { offset, bytes: 4, littleEndian: false } });
    // `meta` is a full box: four bytes of version and flags stand before its children.
    if (CONTAINER_BOXES.has(name)) parts.push(...isoBoxes(bytes, offset + (name === "meta" ? 12 : 8), end));
    offset = end;
  }
  return parts;
}

function tiffTags(bytes: Buffer): Part[] {
  return directoriesOf(bytes).flatMap(({ start, next }) => {
    const parts: Part[] = [{ name: "directory", start, end: next + 4 }];
    for (let at = start + 2; at < next; at += 12) {
      const length = { offset: at + 4, bytes: 4, littleEndian: true } as const;
      parts.push({ name: String(bytes.readUInt16LE(at)), start: at, end: at + 12, length });
    }
    return parts;
  });
}
