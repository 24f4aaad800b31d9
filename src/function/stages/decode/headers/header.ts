/** What a file's first bytes say of its image, before anything is decoded. In pixels, as stored: before any orientation. */
export interface StoredSize {
  readonly width: number;
  readonly height: number;
  /** EXIF's orientation, 1 to 8: from 5 on, width and height change places when the image is shown. */
  readonly orientation: number;
  /** All pixels that a decoder works on to show the first frame: tiles, alpha and hidden frames count too. */
  readonly decodedPixels: number;
}

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

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
