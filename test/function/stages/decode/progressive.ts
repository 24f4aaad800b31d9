/**
 * Writes gray progressive JPEGs that no encoder would: every coefficient of every block is there, and each scan passes
 * over all of them again, for one bit more. Huffman tables of two symbols: code 0 is the first, 10 the second.
 *
 * @param refinements scans after the first two, at most 13
 */
export function progressiveOf(width: number, height: number, refinements: number): Buffer {
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8);
  const parts = [
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, [0, ...new Array<number>(64).fill(1)]),
    segment(0xc2, [8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0]),
    segment(0xc4, [0x00, 1, 1, ...new Array<number>(14).fill(0), 0, 1]),
    // One coefficient of one bit, no zeros before it; and: 16,384 blocks have no new coefficient.
    segment(0xc4, [0x10, 1, 1, ...new Array<number>(14).fill(0), 0x01, 0xe0]),
    scan(0, 0, 0, 0),
    repeated("0", blocks),
    scan(1, 63, 0, refinements),
    // Code 0 and a sign, for 63 coefficients of each block.
    repeated("01", 63 * blocks),
  ];
  for (let low = refinements - 1; low >= 0; low--) {
    parts.push(scan(1, 63, low + 1, low));
    for (let left = blocks; left > 0; left -= 16_384) {
      // The second code with 14 bits that add nothing to its run, and a bit for each coefficient.
      parts.push(Buffer.from([0b1000_0000, 0]), repeated("0", 63 * Math.min(left, 16_384)));
    }
  }
  return Buffer.concat([...parts, Buffer.from([0xff, 0xd9])]);
}

function segment(marker: number, data: readonly number[]): Buffer {
  const length = data.length + 2;
  return Buffer.from([0xff, marker, length >> 8, length & 255, ...data]);
}

function scan(from: number, to: number, high: number, low: number): Buffer {
  return segment(0xda, [1, 1, 0, from, to, (high << 4) | low]);
}

/** Bits that are the same again and again, filled up with ones. */
function repeated(bits: "0" | "01", count: number): Buffer {
  const length = bits.length * count;
  const bytes = Buffer.alloc(Math.ceil(length / 8), bits === "0" ? 0 : 0x55);
  if (length % 8 > 0) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | (0xff >> (length % 8));
  return bytes;
}
