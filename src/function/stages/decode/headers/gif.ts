import { assertLength, HeaderError, type StoredSize, stillSize, viewOf } from "./header.ts";

const IMAGE = 0x2c;
const EXTENSION = 0x21;
const TRAILER = 0x3b;
const GRAPHIC_CONTROL = 0xf9;
const HEADER_BYTES = 13;
/** Extensions before the first frame: comments, a loop count, a control block. */
const MAX_EXTENSIONS = 1000;

/**
 * Size of the canvas, on which the first frame is drawn.
 *
 * @throws {HeaderError}
 * @see https://www.w3.org/Graphics/GIF/spec-gif89a.txt
 */
export function readGifSize(bytes: Uint8Array): StoredSize {
  assertLength(bytes, HEADER_BYTES);
  const view = viewOf(bytes);
  const canvas = { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  const frame = findFirstFrame(bytes);
  // Decoders widen a canvas that is smaller than its first frame.
  const width = Math.max(canvas.width, frame.right);
  const height = Math.max(canvas.height, frame.bottom);
  if (width === 0 || height === 0) throw new HeaderError(`expected a canvas, got ${width} × ${height}`);
  return stillSize(width, height);
}

/**
 * The file up to the end of its first frame: decoders read all frames before they draw one, and a later one may be broken,
 * or one of hundreds of thousands.
 *
 * @returns `bytes` themselves when there is nothing behind the first frame
 * @throws {HeaderError}
 */
export function firstFrameOnly(bytes: Uint8Array): Uint8Array {
  const { dataStart } = findFirstFrame(bytes);
  const end = skipBlocks(bytes, dataStart);
  if (end + 1 >= bytes.length) return bytes;
  const cut = new Uint8Array(end + 1);
  cut.set(bytes.subarray(0, end));
  cut[end] = TRAILER;
  return cut;
}

/** Where a first frame without transparency leaves part of its canvas undrawn, which libvips fills with black. */
export interface PlacedFrame {
  /** The frame as a file of its own, on a canvas of its own size. */
  readonly file: Uint8Array;
  readonly left: number;
  readonly top: number;
}

/** @returns `undefined` where the frame fills its canvas, or is drawn with transparency around it */
export function placedFrame(bytes: Uint8Array): PlacedFrame | undefined {
  const frame = findFirstFrame(bytes);
  const { left, top, right, bottom } = frame;
  const { width, height } = readGifSize(bytes);
  if (frame.hasTransparency || (left === 0 && top === 0 && right === width && bottom === height))
    return undefined;
  const file = Uint8Array.from(firstFrameOnly(bytes));
  const view = viewOf(file);
  view.setUint16(6, right - left, true);
  view.setUint16(8, bottom - top, true);
  view.setUint32(frame.start + 1, 0);
  return { file, left, top };
}

interface Frame {
  readonly start: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly hasTransparency: boolean;
  readonly dataStart: number;
}

function findFirstFrame(bytes: Uint8Array): Frame {
  let hasTransparency = false;
  const view = viewOf(bytes);
  let offset = HEADER_BYTES + colourTableBytes(bytes[10] ?? 0);
  for (let extensions = 0; extensions < MAX_EXTENSIONS; extensions++) {
    assertLength(bytes, offset + 1);
    const introducer = bytes[offset];
    if (introducer === IMAGE) {
      assertLength(bytes, offset + 10);
      const [left, top, width, height] = [1, 3, 5, 7].map((field) =>
        view.getUint16(offset + field, true),
      ) as [number, number, number, number];
      const tableBytes = colourTableBytes(bytes[offset + 9] ?? 0);
      // The code size, one byte, stands before the data.
      const dataStart = offset + 10 + tableBytes + 1;
      const [right, bottom] = [left + width, top + height];
      return { start: offset, left, top, right, bottom, hasTransparency, dataStart };
    }
    if (introducer !== EXTENSION)
      throw new HeaderError("expected a frame or an extension before the first frame");
    if (bytes[offset + 1] === GRAPHIC_CONTROL) hasTransparency = ((bytes[offset + 3] ?? 0) & 1) === 1;
    offset = skipBlocks(bytes, offset + 2);
  }
  throw new HeaderError(`expected a frame after at most ${MAX_EXTENSIONS} extensions`);
}

/** @param flags with bit 7 a table of 3 · 2^(1 + the lowest three bits) bytes follows */
function colourTableBytes(flags: number): number {
  return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
}

/** Sub-blocks of a length and so many bytes, until one of length 0. A file that ends early ends here too. */
function skipBlocks(bytes: Uint8Array, start: number): number {
  let offset = start;
  while (offset < bytes.length && bytes[offset] !== 0) offset += 1 + (bytes[offset] as number);
  return Math.min(offset + 1, bytes.length);
}
