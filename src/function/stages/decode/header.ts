import { ClassifierError, messageOf } from "../../errors.ts";
import { sharp } from "../../native.ts";
import { readJpegSize } from "./jpeg-header.ts";
import { type ImageFormat, sniffFormat } from "./sniff.ts";

/** The picture as it was uploaded. */
export interface ImageInfo {
  readonly format: ImageFormat;
  /** In pixels, as a viewer shows it: after the EXIF orientation. */
  readonly width: number;
  readonly height: number;
}

export interface ImageHeader {
  readonly image: ImageInfo;
  readonly pixels: number;
  readonly isCmyk: boolean;
}

/**
 * Reads what a file says of its picture: 0.2 ms at most, and nothing is decoded. Here the pixel ceiling is ours to check
 * and to report.
 *
 * @throws {ClassifierError} `UNSUPPORTED_FORMAT`, `INVALID_IMAGE`, `IMAGE_TOO_LARGE`
 */
export async function inspectImage(bytes: Uint8Array, maxImagePixels: number): Promise<ImageHeader> {
  const format = sniffFormat(bytes);
  if (format === undefined) {
    throw new ClassifierError(
      "UNSUPPORTED_FORMAT",
      `expected a JPEG, PNG, WebP, GIF or AVIF picture, got bytes that begin with ${hexStart(bytes)}`,
    );
  }
  const { width, height, isCmyk } = await readHeader(bytes, format);
  const pixels = width * height;
  if (pixels > maxImagePixels) {
    throw new ClassifierError(
      "IMAGE_TOO_LARGE",
      `expected at most ${maxImagePixels} pixels (MAX_IMAGE_PIXELS), got ${width} × ${height} = ${pixels}`,
    );
  }
  return { image: { format, width, height }, pixels, isCmyk };
}

async function readHeader(
  bytes: Uint8Array,
  format: ImageFormat,
): Promise<{ width: number; height: number; isCmyk: boolean }> {
  const size = format === "jpeg" ? readJpegSize(bytes) : undefined;
  if (size !== undefined) return { ...size, isCmyk: false };
  try {
    const { autoOrient, space } = await sharp(bytes, { limitInputPixels: false }).metadata();
    return { ...autoOrient, isCmyk: space === "cmyk" };
  } catch (cause) {
    throw new ClassifierError(
      "INVALID_IMAGE",
      `the ${format} header cannot be read: ${messageOf(cause)}`,
      cause,
    );
  }
}

function hexStart(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 8)).toString("hex");
}
