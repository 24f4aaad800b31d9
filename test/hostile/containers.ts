import { crc32, deflateSync } from "node:zlib";

/** A PNG chunk with its right checksum. */
export function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  return Buffer.concat([uint32(data.length), body, uint32(crc32(body))]);
}

/**
 * A PNG of one colour, compressed as far as deflate goes: a bomb when it is large.
 *
 * @param width pixels
 * @param height pixels
 * @param depth bits a pixel of the one gray channel: 1 or 8
 * @param extra chunks between IHDR and IDAT
 */
export function plainPng(width: number, height: number, depth: 1 | 8 = 8, extra: Buffer[] = []): Buffer {
  const rowBytes = 1 + Math.ceil((width * depth) / 8);
  return png(width, height, depth, deflateSync(Buffer.alloc(rowBytes * height), { level: 9 }), extra);
}

/** A PNG with any compressed data at all, whatever its header promises. */
export function png(
  width: number,
  height: number,
  depth: number,
  idat: Buffer,
  extra: Buffer[] = [],
): Buffer {
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    pngChunk("IHDR", Buffer.concat([uint32(width), uint32(height), Buffer.from([depth, 0, 0, 0, 0])])),
    ...extra,
    pngChunk("IDAT", idat),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}

/** A RIFF chunk, padded to an even length. */
export function riffChunk(type: string, data: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(type, "latin1"),
    uint32le(data.length),
    data,
    Buffer.alloc(data.length % 2),
  ]);
}

/** A WebP file around the given chunks. */
export function webp(chunks: Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from("WEBP", "latin1"), ...chunks]);
  return Buffer.concat([Buffer.from("RIFF", "latin1"), uint32le(body.length), body]);
}

/** Segments put directly behind a JPEG's start marker, each at most 65,533 bytes. */
export function withJpegSegments(jpeg: Buffer, segments: { marker: number; data: Buffer }[]): Buffer {
  const encoded = segments.map(({ marker, data }) => {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(marker, 0);
    head.writeUInt16BE(data.length + 2, 2);
    return Buffer.concat([head, data]);
  });
  return Buffer.concat([jpeg.subarray(0, 2), ...encoded, jpeg.subarray(2)]);
}

/** Four bytes, most significant first. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Three bytes, least significant first, as WebP writes sizes. */
export function uint24le(value: number): Buffer {
  return uint32le(value).subarray(0, 3);
}

function uint32le(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}
