import type { CreateRaw, SharpOptions } from "sharp";
import { ClassifierError, messageOf } from "../../errors.ts";
import type { StoredImage } from "../../kernel/resampler.ts";
import type { GeometryPlan } from "../../model/geometry.ts";
import type { Kernel, Size } from "../../model/preprocessing.ts";
import { loadSharp } from "../../native.ts";
import type { ImageHeader, ImageInfo } from "./header.ts";
import { firstFrameOnly as firstGifFrame, placedFrame as placedGifFrame } from "./headers/gif.ts";
import { asStillAvif } from "./headers/heif.ts";
import { withoutTexts } from "./headers/png.ts";
import { firstPageOnly } from "./headers/tiff.ts";
import { firstFrameOnly as firstWebpFrame } from "./headers/webp.ts";
import { MAX_DECODE_SECONDS, outOfTime } from "./limit.ts";
import { mustBeWhole, scaleFor } from "./scale.ts";

export interface DecodeOptions {
  readonly maxImagePixels: number;
  /** `true` converts wide-gamut pictures to sRGB by their own profile; `false` takes their numbers as sRGB. */
  readonly applyIccProfile: boolean;
  /** `#rrggbb` that shows through transparent pixels. */
  readonly backgroundColor: string;
  /** Time that is left for this picture. Default: {@link MAX_DECODE_SECONDS}. */
  readonly timeoutSeconds?: number;
}

/**
 * Decodes any format that is served but HEIC, by sharp: EXIF orientation, alpha over `backgroundColor`, 8-bit sRGB. The first frame
 * stands for an animation. A very large image is made smaller, and what its resize asks for stays well below that.
 *
 * Colours: grayscale, palette and 16-bit pictures become 8-bit sRGB. CMYK is always converted by a profile, its own
 * or libvips' generic one, because its numbers mean nothing else. RGB profiles are applied when `applyIccProfile`.
 *
 * @returns the image as a viewer shows it
 * @throws {ClassifierError} `INVALID_IMAGE`; `DECODE_LIMIT` when time or memory ran out, or `DEADLINE_NEAR` when
 *   `timeoutSeconds` was shorter than {@link MAX_DECODE_SECONDS} and passed
 */
export async function renderPixels(
  header: ImageHeader,
  plan: GeometryPlan,
  kernel: Kernel,
  options: DecodeOptions,
): Promise<StoredImage> {
  const { maxImagePixels, backgroundColor, timeoutSeconds = MAX_DECODE_SECONDS } = options;
  const size = sizeBySharp(header.image, plan.resize, kernel);
  const sharp = loadSharp();
  const startedAt = performance.now();
  try {
    const limits = { failOn: "warning", limitInputPixels: maxImagePixels, pages: 1 } as const;
    const source = await firstFrame(header, backgroundColor, limits);
    const pipeline = sharp(source.data, {
      ...limits,
      ...(source.raw !== undefined && { raw: source.raw }),
      autoOrient: true,
      ignoreIcc: !options.applyIccProfile && !header.isCmyk,
      sequentialRead: true,
    })
      .timeout({ seconds: timeoutSeconds })
      .flatten({ background: backgroundColor })
      .resize({ ...size, fit: "fill" })
      .toColourspace("srgb")
      .raw();
    const { data, info } = await pipeline.toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`expected 3 channels, got ${info.channels}`);
    return { pixels: data, width: info.width, height: info.height, channels: 3 };
  } catch (cause) {
    if (performance.now() - startedAt >= timeoutSeconds * 1000) throw outOfTime(timeoutSeconds, cause);
    const message = messageOf(cause);
    const code = OUT_OF_MEMORY.test(message) ? "DECODE_LIMIT" : "INVALID_IMAGE";
    throw new ClassifierError(code, `the image cannot be decoded: ${message}`, cause);
  }
}

/**
 * What a decoder has to see. Those of animations look at every frame before they draw the first, libpng inflates all texts,
 * and libvips takes no AVIF sequence at all.
 */
async function firstFrame(
  { image, file }: ImageHeader,
  background: string,
  limits: SharpOptions,
): Promise<{ data: Uint8Array; raw?: CreateRaw }> {
  if (image.format === "png") return { data: withoutTexts(file) };
  if (image.format === "webp") return { data: firstWebpFrame(file) };
  if (image.format === "avif") return { data: asStillAvif(file) };
  if (image.format === "tiff") return { data: firstPageOnly(file) };
  if (image.format !== "gif") return { data: file };
  const placed = placedGifFrame(file);
  if (placed === undefined) return { data: firstGifFrame(file) };
  const { width, height } = image;
  const canvas = loadSharp()({ create: { width, height, channels: 3, background } }).toColourspace("srgb");
  const { left, top } = placed;
  const input = Buffer.from(placed.file);
  const raw = { width, height, channels: 3 } as const;
  const data = await canvas
    .composite([{ input, left, top, ...limits }])
    .removeAlpha()
    .raw()
    .toBuffer();
  return { data, raw };
}

/**
 * How libvips, libjpeg, libpng, libheif and C++ say that there was no memory: the machine is at fault, not the image. But
 * libheif calls it so too when a file asks for more than any image needs.
 */
const OUT_OF_MEMORY =
  /out of memory|bad_alloc|insufficient memory|memory allocation(?! error: security limit)|cannot allocate/i;

/** Images of so many pixels are handed over as they are: 37 MB. AVIF's decoder takes more memory than any other. */
const WHOLE_PIXELS = 12_500_000;
const WHOLE_AVIF_PIXELS = 4_000_000;
/** Larger ones have so many times the pixels that the resize makes of them, per axis. */
const PREPARED_RATIO = 4;

/** The size at which sharp hands an image over, by libvips' Lanczos. A JPEG's costs the less the smaller it is decoded. */
function sizeBySharp({ format, width, height }: ImageInfo, resize: Size, kernel: Kernel): Size {
  if (mustBeWhole(kernel)) return { width, height };
  if (format === "jpeg") {
    const scale = scaleFor({ width, height }, resize);
    return { width: Math.floor(width / scale), height: Math.floor(height / scale) };
  }
  if (width * height <= (format === "avif" ? WHOLE_AVIF_PIXELS : WHOLE_PIXELS)) return { width, height };
  return {
    width: Math.min(width, PREPARED_RATIO * resize.width),
    height: Math.min(height, PREPARED_RATIO * resize.height),
  };
}
