import { readOrientation } from "./exif.ts";
import { HeaderError, type StoredSize, textOf, UnsupportedHeader, viewOf } from "./header.ts";

/** What a JPEG says before its first scan. */
export interface JpegHeader extends StoredSize {
  /** 1 gray, 3 YCbCr or RGB, 4 CMYK or YCCK. */
  readonly components: number;
  readonly bitsPerSample: number;
  readonly isProgressive: boolean;
  /** Huffman-coded baseline or progressive: the two that everybody writes. */
  readonly isOrdinary: boolean;
  readonly hasIccProfile: boolean;
  /** Where the first frame header stands. */
  readonly frameOffset: number;
}

/** Markers of ITU-T T.81, table B.1. */
const START_OF_IMAGE = 0xd8;
const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
const HUFFMAN_BASELINE = new Set([0xc0, 0xc1]);
const HUFFMAN_PROGRESSIVE = 0xc2;
/** All frames: C0 to CF but for DHT, JPG and DAC. */
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
const hasNoLength = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= START_OF_IMAGE);
const EXIF_APP = 0xe1;
const ICC_APP = 0xe2;
const MAX_SEGMENTS = 10_000;

/**
 * Reads the segments before the first scan, in microseconds. Stray bytes between segments are skipped, as libjpeg does.
 *
 * @throws {HeaderError} when no frame with a size comes before a scan
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  const view = viewOf(bytes);
  let offset = 2;
  let orientation = 1;
  let hasIccProfile = false;
  let frame: Omit<JpegHeader, "orientation" | "hasIccProfile"> | undefined;
  for (let segments = 0; segments < MAX_SEGMENTS; segments++) {
    offset = nextMarker(bytes, offset);
    const marker = bytes[offset];
    const length = offset + 3 <= bytes.length ? view.getUint16(offset + 1) : 0;
    if (marker === undefined || marker === END_OF_IMAGE || marker === START_OF_SCAN) break;
    if (hasNoLength(marker)) {
      offset += 1;
      continue;
    }
    if (length < 2) throw new HeaderError(`expected a segment of 2 bytes or more, got ${length}`);
    const data = bytes.subarray(offset + 3, offset + 1 + length);
    if (marker === EXIF_APP && textOf(data, 0, 4) === "Exif") orientation = readOrientation(data);
    if (marker === ICC_APP && textOf(data, 0, 11) === "ICC_PROFILE") hasIccProfile = true;
    if (isFrame(marker)) {
      if (frame !== undefined) throw new HeaderError("expected one frame, got two");
      frame = readFrame(marker, data, offset - 1);
    }
    offset += 1 + length;
  }
  if (frame === undefined) throw new HeaderError("expected a frame header before the first scan, found none");
  return { ...frame, orientation, hasIccProfile };
}

/** Position of the code byte of the next marker at or after `start`. */
function nextMarker(bytes: Uint8Array, start: number): number {
  for (let offset = start; ; offset++) {
    offset = bytes.indexOf(0xff, offset);
    if (offset < 0) return bytes.length;
    while (bytes[offset] === 0xff) offset++;
    if (bytes[offset] !== 0) return offset;
  }
}

/** Bits per sample, height, width, number of components. */
function readFrame(
  marker: number,
  data: Uint8Array,
  frameOffset: number,
): Omit<JpegHeader, "orientation" | "hasIccProfile"> {
  if (data.length < 6) throw new HeaderError("the frame header is cut");
  const view = viewOf(data);
  const [height, width] = [view.getUint16(1), view.getUint16(3)];
  const [bitsPerSample, components] = [view.getUint8(0), view.getUint8(5)];
  if (bitsPerSample !== 8)
    throw new UnsupportedHeader(`expected 8 bits per sample, got ${bitsPerSample}, as medical images have`);
  if (height === 0 && width > 0)
    throw new UnsupportedHeader("expected a height in the frame header, which leaves it to a DNL segment");
  if (width === 0 || height === 0) throw new HeaderError(`expected a size, got ${width} × ${height}`);
  const isProgressive = marker === HUFFMAN_PROGRESSIVE;
  const isOrdinary = bitsPerSample === 8 && (HUFFMAN_BASELINE.has(marker) || isProgressive);
  const size = { width, height, decodedPixels: width * height };
  return { ...size, components, bitsPerSample, isProgressive, isOrdinary, frameOffset };
}
