import { readOrientation } from "./exif.ts";
import {
  assertLength,
  HeaderError,
  MAX_BYTES_PER_PIXEL,
  only,
  type StoredSize,
  textOf,
  viewOf,
} from "./header.ts";
import { prefixCodeBytes } from "./vp8l.ts";

const MAX_CHUNKS = 1000;
/** `ANMF`: there can be millions, of which no texts are made. */
const FRAME = 0x414e_4d46;
/** WebP's pixel takes less than this of what one is charged. */
const PIXEL_SHARE = 1 / 2;
/** An animation's frame: where it stands, its size, how long it is shown. */
const FRAME_HEADER_BYTES = 16;
/** What may be coded in VP8L, and the bytes before that: a signature and the size, or how alpha is filtered and packed. */
const LOSSLESS = [
  ["VP8L", 5],
  ["ALPH", 1],
] as const;
const PACKED = 1;

interface Chunk {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Size of the canvas or of the one image, whichever is larger; orientation from EXIF. What is coded without loss has as many
 * prefix codes as it likes, which take memory too: they are charged as pixels.
 *
 * @throws {HeaderError}
 * @see https://developers.google.com/speed/webp/docs/riff_container
 */
export function readWebpSize(bytes: Uint8Array): StoredSize {
  let [width, height, orientation] = [0, 0, 1];
  const chunks = chunksOf(bytes);
  for (const chunk of chunks) {
    const size = sizeOf(bytes, chunk);
    width = Math.max(width, size?.width ?? 0);
    height = Math.max(height, size?.height ?? 0);
    if (chunk.type === "EXIF") orientation = readOrientation(bytes.subarray(chunk.start, chunk.end));
  }
  if (width === 0 || height === 0) throw new HeaderError("expected a WebP image with a size, found none");
  const codes = codeBytes(bytes, chunks);
  const charged = Math.ceil(width * height * PIXEL_SHARE + codes / MAX_BYTES_PER_PIXEL);
  return { width, height, orientation, decodedPixels: Math.max(width * height, charged) };
}

/** Of what is coded without loss in the image, or in an animation's first frame. */
function codeBytes(bytes: Uint8Array, chunks: readonly Chunk[]): number {
  const frame = chunks.find(({ type }) => type === "ANMF");
  const own = frame === undefined ? chunks : chunksIn(bytes, frame.start + FRAME_HEADER_BYTES, frame.end);
  // Alpha says no size: it has that of its image.
  const size = own.map((chunk) => sizeOf(bytes, chunk)).find((known) => known !== undefined);
  return LOSSLESS.reduce((sum, [type, headerBytes]) => {
    const chunk = only(own, type);
    if (chunk === undefined || size === undefined) return sum;
    if (type === "ALPH" && ((bytes[chunk.start] ?? 0) & 3) !== PACKED) return sum;
    const { width, height } = sizeOf(bytes, chunk) ?? size;
    return sum + prefixCodeBytes(bytes.subarray(chunk.start + headerBytes, chunk.end), width, height);
  }, 0);
}

/**
 * An animation up to its first frame: decoders look at every frame before they draw one.
 *
 * @returns `bytes` themselves when there is one frame at most
 */
export function firstFrameOnly(bytes: Uint8Array): Uint8Array {
  const chunks = chunksOf(bytes);
  const frames = chunks.filter(({ type }) => type === "ANMF");
  if (frames.length < 2) return bytes;
  const kept = chunks.filter((chunk) => chunk.type !== "ANMF" || chunk === frames[0]);
  const parts = kept.map(({ start, end }) => bytes.subarray(start - 8, end + ((end - start) & 1)));
  const length = parts.reduce((sum, part) => sum + part.length, 12);
  const cut = new Uint8Array(length);
  cut.set(bytes.subarray(0, 12));
  viewOf(cut).setUint32(4, length - 8, true);
  let offset = 12;
  for (const part of parts) {
    cut.set(part, offset);
    offset += part.length;
  }
  return cut;
}

/** The chunks inside RIFF; an animation's are listed up to its second frame, and then only what is no frame. */
function chunksOf(file: Uint8Array): Chunk[] {
  // As libwebp does: what stands behind it is not read.
  const bytes = file.subarray(0, 8 + viewOf(file).getUint32(4, true));
  return chunksIn(bytes, 12, bytes.length);
}

function chunksIn(bytes: Uint8Array, from: number, to: number): Chunk[] {
  const view = viewOf(bytes);
  const chunks: Chunk[] = [];
  let frames = 0;
  for (let offset = from; offset + 8 <= to; ) {
    const isFrame = view.getUint32(offset) === FRAME;
    const start = offset + 8;
    const size = view.getUint32(offset + 4, true);
    const end = Math.min(start + size, to);
    if (!isFrame || ++frames <= 2) chunks.push({ type: textOf(bytes, offset, offset + 4), start, end });
    if (chunks.length > MAX_CHUNKS) throw new HeaderError(`expected at most ${MAX_CHUNKS} chunks`);
    offset = start + size + (size & 1);
  }
  return chunks;
}

/** Of `VP8X` the canvas, of `VP8 ` and `VP8L` the image. */
function sizeOf(bytes: Uint8Array, { type, start }: Chunk): { width: number; height: number } | undefined {
  const view = viewOf(bytes);
  const uint24 = (offset: number) => view.getUint16(offset, true) | ((bytes[offset + 2] as number) << 16);
  if (type === "VP8X") {
    assertLength(bytes, start + 10);
    return { width: 1 + uint24(start + 4), height: 1 + uint24(start + 7) };
  }
  if (type === "VP8 ") {
    assertLength(bytes, start + 10);
    return {
      width: view.getUint16(start + 6, true) & 0x3fff,
      height: view.getUint16(start + 8, true) & 0x3fff,
    };
  }
  if (type === "VP8L") {
    assertLength(bytes, start + 5);
    const bits = view.getUint32(start + 1, true);
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
  }
  return undefined;
}
