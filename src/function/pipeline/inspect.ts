import { ClassifierError, messageOf } from "../errors.ts";
import { sharp } from "../native.ts";
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
 * Reads what a file says of its picture: 0.1 ms or so, and nothing is decoded. Here the pixel ceiling is ours to check
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
  const { autoOrient, space } = await readMetadata(bytes, format);
  const { width, height } = autoOrient;
  const pixels = width * height;
  if (pixels > maxImagePixels) {
    throw new ClassifierError(
      "IMAGE_TOO_LARGE",
      `expected at most ${maxImagePixels} pixels (MAX_IMAGE_PIXELS), got ${width} × ${height} = ${pixels}`,
    );
  }
  return { image: { format, width, height }, pixels, isCmyk: space === "cmyk" };
}

async function readMetadata(bytes: Uint8Array, format: ImageFormat) {
  try {
    return await sharp(bytes, { limitInputPixels: false }).metadata();
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
