import { riffChunk, uint24le, webp } from "./containers.ts";

/** A lossless WebP of one colour with so many groups of prefix codes, which it says in a smaller image in front. */
export function groupedWebp(side: number, groups: number): Buffer {
  const size = Buffer.alloc(5);
  size[0] = 0x2f;
  size.writeUInt32LE(side - 1 + (side - 1) * 2 ** 14, 1);
  return webp([riffChunk("VP8L", Buffer.concat([size, groupedImage(side, groups)]))]);
}

/** A WebP whose alpha is such an image. Its colours are missing. */
export function withGroupedAlpha(side: number, groups: number): Buffer {
  const canvas = Buffer.concat([Buffer.from([0x10, 0, 0, 0]), uint24le(side - 1), uint24le(side - 1)]);
  const alpha = Buffer.concat([Buffer.from([1]), groupedImage(side, groups)]);
  return webp([riffChunk("VP8X", canvas), riffChunk("ALPH", alpha)]);
}

/** What stands behind the size in a lossless WebP. */
export function lossless(file: Buffer): Buffer {
  const start = file.indexOf("VP8L", 12, "latin1");
  return file.subarray(start + 8 + 5, start + 8 + file.readUInt32LE(start + 4));
}

/** RFC 9649, 3.7. One pixel of the image in front stands for 4 × 4. */
function groupedImage(side: number, groups: number): Buffer {
  const { put, end } = bitWriter();
  put(0, 1); // no transformation
  put(0, 1); // no colour cache
  put(1, 1); // several groups
  put(0, 3);
  put(0, 1);
  putBytes(280);
  putBytes(256);
  for (let code = 0; code < 3; code++) putSingle();
  for (let pixel = 0; pixel < Math.ceil(side / 4) ** 2; pixel++) {
    const group = pixel % groups;
    for (const byte of [group & 255, group >> 8])
      for (let bit = 7; bit >= 0; bit--) put((byte >> bit) & 1, 1);
  }
  for (let code = 0; code < 5 * groups; code++) putSingle();
  return end();

  /** A code whose first 256 symbols have 8 bits each, and the others none. */
  function putBytes(symbols: number): void {
    put(0, 1);
    put(8, 4);
    for (let i = 0; i < 12; i++) put(i === 2 || i === 11 ? 1 : 0, 3);
    put(0, 1);
    for (let symbol = 0; symbol < symbols; symbol++) put(symbol < 256 ? 1 : 0, 1);
  }

  /** A code of symbol 0 alone. */
  function putSingle(): void {
    put(1, 4);
  }
}

function bitWriter(): { put(value: number, bits: number): void; end(): Buffer } {
  const bytes: number[] = [];
  let length = 0;
  return {
    put(value, bits) {
      for (let i = 0; i < bits; i++, length++) {
        const byte = length >> 3;
        bytes[byte] = (bytes[byte] ?? 0) | (((value >> i) & 1) << (length & 7));
      }
    },
    end: () => Buffer.from(bytes),
  };
}
