/** What a file's first bytes say of its image, before anything is decoded. In pixels, as stored: before any orientation. */
export interface StoredSize {
  readonly width: number;
  readonly height: number;
  /** EXIF's orientation, 1 to 8: from 5 on, width and height change places when the image is shown. */
  readonly orientation: number;
  /** All pixels that a decoder works on to show the first frame: tiles, alpha and hidden frames count too. */
  readonly decodedPixels: number;
}

/**
 * Bytes that a decoded pixel is charged: what the decoder of the most expensive format takes, AVIF of 8 bits in 4:4:4:
 * `test/function/stages/decode/peak.ts`. HEIC takes 6.
 */
export const MAX_BYTES_PER_PIXEL = 19;

/** A header that contradicts itself or its format, or that goes on for too long. */
export class HeaderError extends Error {
  override readonly name = "HeaderError";
}

/** A header of a variant of its format that is not decoded. */
export class UnsupportedHeader extends Error {
  override readonly name = "UnsupportedHeader";
}

/** One image of one frame, stored as it is shown. */
export function stillSize(width: number, height: number, orientation = 1): StoredSize {
  return { width, height, orientation, decodedPixels: width * height };
}

/** @throws {HeaderError} when the file ends before `end` */
export function assertLength(bytes: Uint8Array, end: number): void {
  if (end > bytes.length) throw new HeaderError(`expected at least ${end} bytes, got ${bytes.length}`);
}

/**
 * The one part of a file (box, property, chunk) of that type. Of two, one reader takes the first and another the last: what we
 * charge would not be what is decoded.
 *
 * @throws {HeaderError} when there are two
 */
export function only<Part extends { readonly type: string }>(
  parts: readonly Part[],
  type: string,
): Part | undefined {
  const [part, ...others] = parts.filter((candidate) => candidate.type === type);
  if (others.length > 0) throw new HeaderError(`expected one ${type}, found ${1 + others.length}`);
  return part;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
