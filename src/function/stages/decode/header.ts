import { ClassifierError, messageOf } from "../../errors.ts";
import { defaultFormats, type ImageFormat } from "../../image-format.ts";
import { readGifSize } from "./headers/gif.ts";
import { type StoredSize, UnsupportedHeader } from "./headers/header.ts";
import { type HeicHeader, readHeic } from "./headers/heic.ts";
import { readHeifSize } from "./headers/heif.ts";
import { type JpegHeader, readJpegHeader } from "./headers/jpeg.ts";
import { readPngSize } from "./headers/png.ts";
import { readTiff, type TiffHeader } from "./headers/tiff.ts";
import { readWebpSize } from "./headers/webp.ts";
import { jpegStart, repairJpeg } from "./jpeg-repair.ts";
import { nameContent } from "./names.ts";
import { sniffFormat } from "./sniff.ts";

/** The image as it was uploaded. */
export interface ImageInfo {
  readonly format: ImageFormat;
  /** In pixels, as a viewer shows it: after the EXIF orientation. */
  readonly width: number;
  readonly height: number;
}

export interface ImageHeader {
  readonly image: ImageInfo;
  /** Pixels that a decoder works on, which can be many more than are shown: what memory is reserved for. */
  readonly pixels: number;
  readonly orientation: number;
  readonly isCmyk: boolean;
  /** The file as a strict decoder takes it. */
  readonly file: Uint8Array;
  /** What was wrong with the file without harming its image. */
  readonly warnings: readonly string[];
  /** Of a JPEG, all that its segments say. */
  readonly jpeg?: JpegHeader;
  /** Of a HEIC, how it is put together. */
  readonly heic?: HeicHeader;
}

const NAMES: Readonly<Record<ImageFormat, string>> = {
  jpeg: "JPEG",
  png: "PNG",
  webp: "WebP",
  gif: "GIF",
  avif: "AVIF",
  heic: "HEIC",
  tiff: "TIFF",
};

/** What their bytes say besides is of more use to people: whose HEIC, a camera's raw image. */
const OF_SEVERAL_KINDS: ReadonlySet<ImageFormat> = new Set(["heic", "tiff"]);

/**
 * Reads what a file says of its image, from its own bytes: microseconds, and no decoder is asked anything. Here the pixel
 * ceiling is ours to check and to report, before anything is decoded.
 *
 * @throws {ClassifierError} `UNSUPPORTED_FORMAT`, `INVALID_IMAGE`, `IMAGE_TOO_LARGE`
 */
export function inspectImage(
  bytes: Uint8Array,
  maxImagePixels: number,
  formats: readonly ImageFormat[] = defaultFormats,
): ImageHeader {
  const format = sniffFormat(bytes);
  if (format === undefined || !formats.includes(format)) {
    const names = new Intl.ListFormat("en-GB", { type: "disjunction" }).format(
      formats.map((name) => NAMES[name]),
    );
    const isNamed = format !== undefined && !OF_SEVERAL_KINDS.has(format);
    const what = isNamed ? `${NAMES[format]} image` : nameContent(bytes);
    const why = format === undefined ? "" : ", which is not in FORMATS";
    throw new ClassifierError("UNSUPPORTED_FORMAT", `expected a ${names} image, got: ${what}${why}`);
  }
  const { file, warnings } = repairFile(bytes, format);
  const stored = readHeader(file, format);
  const { orientation, decodedPixels: pixels } = stored;
  const isTurned = orientation >= 5;
  const [width, height] = isTurned ? [stored.height, stored.width] : [stored.width, stored.height];
  if (pixels > maxImagePixels) {
    const shown = `${width} × ${height}`;
    const got =
      pixels === width * height
        ? `${shown} = ${pixels}`
        : `${pixels} to be decoded, of which ${shown} are shown`;
    throw new ClassifierError(
      "IMAGE_TOO_LARGE",
      `expected at most ${maxImagePixels} pixels (MAX_IMAGE_PIXELS), got ${got}`,
    );
  }
  const jpeg = "components" in stored ? stored : undefined;
  const heic = "thumbnails" in stored ? stored : undefined;
  const isCmyk = jpeg?.components === 4 || ("isCmyk" in stored && stored.isCmyk);
  return {
    image: { format, width, height },
    pixels,
    orientation,
    isCmyk,
    file,
    warnings,
    ...(jpeg !== undefined && { jpeg }),
    ...(heic !== undefined && { heic }),
  };
}

type AnyHeader = StoredSize | JpegHeader | HeicHeader | TiffHeader;

const READERS: Readonly<Record<ImageFormat, (bytes: Uint8Array) => AnyHeader>> = {
  jpeg: readJpegHeader,
  png: readPngSize,
  webp: readWebpSize,
  gif: readGifSize,
  avif: readHeifSize,
  heic: readHeic,
  tiff: readTiff,
};

function readHeader(bytes: Uint8Array, format: ImageFormat): AnyHeader {
  try {
    return READERS[format](bytes);
  } catch (cause) {
    throw new ClassifierError(
      cause instanceof UnsupportedHeader ? "UNSUPPORTED_FORMAT" : "INVALID_IMAGE",
      `the ${format} header cannot be read: ${messageOf(cause)}`,
      cause,
    );
  }
}

/** What viewers overlook is mended; the decoder then fails on any fault that is left. */
function repairFile(
  bytes: Uint8Array,
  format: ImageFormat,
): { file: Uint8Array; warnings: readonly string[] } {
  if (format !== "jpeg") return { file: bytes, warnings: [] };
  const start = jpegStart(bytes) ?? 0;
  const repaired = repairJpeg(bytes.subarray(start));
  const leading = start > 0 ? [`${start} bytes before the start of the image`] : [];
  return { file: repaired.bytes, warnings: [...leading, ...repaired.warnings] };
}
