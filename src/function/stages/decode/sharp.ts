import type { CreateRaw, SharpOptions } from "sharp";
import { ClassifierError, messageOf } from "../../errors.ts";
import { type GeometryPlan, planGeometry } from "../../model/geometry.ts";
import type { Geometry, Kernel, Size } from "../../model/preprocessing.ts";
import { sharp } from "../../native.ts";
import { type ImageHeader, type ImageInfo, inspectImage } from "./header.ts";
import { firstFrameOnly as firstGifFrame, placedFrame as placedGifFrame } from "./headers/gif.ts";
import { asStillAvif } from "./headers/heif.ts";
import { firstFrameOnly as firstWebpFrame } from "./headers/webp.ts";
import type { RawImage } from "./raw-image.ts";
import { resampleImage } from "./resample.ts";

export interface DecodeOptions {
  readonly maxImagePixels: number;
  /** `true` converts wide-gamut pictures to sRGB by their own profile; `false` takes their numbers as sRGB. */
  readonly applyIccProfile: boolean;
  /** `#rrggbb` that shows through transparent pixels. */
  readonly backgroundColor: string;
  /** Time that is left for this picture. Default: {@link MAX_DECODE_SECONDS}. */
  readonly timeoutSeconds?: number;
}

/** 50 megapixels take one to two seconds, as AVIF up to five; only a picture that was made to take long takes ten. */
export const MAX_DECODE_SECONDS = 10;

/** A gray JPEG of 8 × 8 pixels. */
export const FIRST_IMAGE = Buffer.from(
  "/9j/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8a" +
    "Gi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAIAAgDASIAAhEBAxEB/8QAFAABAAAA" +
    "AAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/xAAUAQEAAAAAAAAAAAAAAAAAAAAA/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwD" +
    "AQACEQMRAD8AAA//2Q==",
  "base64",
);

/** The first picture of a process initialises libvips: during INIT this costs no upload's time. */
export async function warmUpDecoder(): Promise<void> {
  const geometry = { resizeShorterSide: 8, crop: { height: 8, width: 8 }, kernel: "lanczos3" } as const;
  const options = { maxImagePixels: 64, applyIccProfile: false, backgroundColor: "#ffffff" };
  await decodeImage(FIRST_IMAGE, geometry, options);
}

/**
 * File bytes → the pixels that the model's geometry asks for.
 *
 * One sharp pipeline: EXIF orientation, alpha over `backgroundColor`, resize, centre crop, 8-bit sRGB, with JPEG's and
 * WebP's shrink-on-load; sizes and cut are those of `planGeometry`. The first frame stands for an animation.
 *
 * Colours: grayscale, palette and 16-bit pictures become 8-bit sRGB. CMYK is always converted by a profile, its own
 * or libvips' generic one, because its numbers mean nothing else. RGB profiles are applied when `applyIccProfile`.
 *
 * @throws {ClassifierError} `UNSUPPORTED_FORMAT`, `INVALID_IMAGE`, `IMAGE_TOO_LARGE`; `DECODE_LIMIT` when time or memory
 *   ran out, or `DEADLINE_NEAR` when `timeoutSeconds` was shorter than {@link MAX_DECODE_SECONDS} and passed
 */
export async function decodeImage(
  bytes: Uint8Array,
  geometry: Geometry,
  options: DecodeOptions,
): Promise<{ image: ImageInfo; raw: RawImage }> {
  const header = inspectImage(bytes, options.maxImagePixels);
  const plan = planGeometry(header.image, geometry);
  return { image: header.image, raw: await renderPixels(header, plan, geometry.kernel, options) };
}

/** The part of {@link decodeImage} that costs: all that comes after the header. */
export async function renderPixels(
  header: ImageHeader,
  plan: GeometryPlan,
  kernel: Kernel,
  options: DecodeOptions,
): Promise<RawImage> {
  const { maxImagePixels, backgroundColor, timeoutSeconds = MAX_DECODE_SECONDS } = options;
  const bySharp = sizeBySharp(header.image, plan.resize, kernel);
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
      .resize({ ...bySharp, fit: "fill", kernel: SHARP_KERNELS[kernel] })
      .toColourspace("srgb")
      .raw();
    const isResized = bySharp.height === plan.resize.height && bySharp.width === plan.resize.width;
    const isCutBySharp = isResized && plan.top >= 0 && plan.left >= 0;
    if (isCutBySharp) pipeline.extract({ top: plan.top, left: plan.left, ...plan.output });
    const { data, info } = await pipeline.toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`expected 3 channels, got ${info.channels}`);
    const raw: RawImage = { pixels: data, height: info.height, width: info.width, channels: 3 };
    return isCutBySharp ? raw : resampleImage(raw, plan, kernel);
  } catch (cause) {
    if (performance.now() - startedAt >= timeoutSeconds * 1000) {
      throw new ClassifierError(
        timeoutSeconds < MAX_DECODE_SECONDS ? "DEADLINE_NEAR" : "DECODE_LIMIT",
        `expected the image to decode in ${timeoutSeconds} s, and it did not`,
        cause,
      );
    }
    const message = messageOf(cause);
    const code = OUT_OF_MEMORY.test(message) ? "DECODE_LIMIT" : "INVALID_IMAGE";
    throw new ClassifierError(code, `the image cannot be decoded: ${message}`, cause);
  }
}

/** Decoders of animations look at every frame before they draw the first, and libvips takes no AVIF sequence at all. */
async function firstFrame(
  { image, file }: ImageHeader,
  background: string,
  limits: SharpOptions,
): Promise<{ data: Uint8Array; raw?: CreateRaw }> {
  if (image.format === "webp") return { data: firstWebpFrame(file) };
  if (image.format === "avif") return { data: asStillAvif(file) };
  if (image.format !== "gif") return { data: file };
  const placed = placedGifFrame(file);
  if (placed === undefined) return { data: firstGifFrame(file) };
  const { width, height } = image;
  const canvas = sharp({ create: { width, height, channels: 3, background } }).toColourspace("srgb");
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

/** Box and Hamming have no like in sharp: there linear makes very large images smaller beforehand. */
const SHARP_KERNELS = {
  nearest: "nearest",
  lanczos3: "lanczos3",
  linear: "linear",
  cubic: "cubic",
  box: "linear",
  hamming: "linear",
} as const satisfies Readonly<Record<Kernel, string>>;

/** Box and Hamming get so many pixels for one of theirs; what was averaged before is then not seen any more. */
const PREPARED_RATIO = 8;

/**
 * How far sharp resizes, per axis: all the way where it shrinks with a filter that it has. The rest is left to
 * {@link resampleImage}: libvips' enlarging is half a pixel off, and its nearest takes other pixels.
 */
function sizeBySharp(source: Size, resized: GeometryPlan["resize"], kernel: Kernel): Size {
  const axis = (from: number, to: number) => {
    if (to >= from || kernel === "nearest") return from;
    return kernel === "box" || kernel === "hamming" ? Math.min(from, to * PREPARED_RATIO) : to;
  };
  return { height: axis(source.height, resized.height), width: axis(source.width, resized.width) };
}
