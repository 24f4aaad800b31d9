import type { ImageFormat } from "../image-format.ts";
import { createResampler, type Resampler, type StoredImage } from "../kernel/resampler.ts";
import { type GeometryPlan, planGeometry } from "../model/geometry.ts";
import type { InputBuffers } from "../model/input-buffers.ts";
import type { Geometry, Kernel } from "../model/preprocessing.ts";
import { openTiffLoader } from "../native.ts";
import { makeGray } from "./decode/gray.ts";
import type { ImageHeader } from "./decode/header.ts";
import { decodeHeic, type HeicOptions, imageFor } from "./decode/heic/decode.ts";
import { createHeicDecoders, type HeicDecoders } from "./decode/heic/decoders.ts";
import { heicThreads } from "./decode/heic/threads.ts";
import { decodeJpeg, type PixelRoom } from "./decode/jpeg.ts";
import { type DecodeOptions, renderPixels } from "./decode/sharp.ts";
import type { Normalization } from "./normalize.ts";

/** What all images share to be decoded and resampled. */
export interface Decoders {
  readonly resampler: Resampler;
  readonly heic: HeicDecoders;
}

/** Other decoders than HEIC's heed no `signal`, but `timeoutSeconds`. */
export interface PrepareOptions extends DecodeOptions, HeicOptions {}

/** The function's, for every image. */
export interface PrepareSettings extends Omit<PrepareOptions, "timeoutSeconds" | "signal"> {
  /** Formats that are accepted. */
  readonly formats: readonly ImageFormat[];
  /** Of the function; 0 where it is not said. */
  readonly memorySizeMb: number;
}

export function createDecoders(
  settings: Pick<PrepareSettings, "formats" | "maxImagePixels" | "memorySizeMb">,
): Decoders {
  if (settings.formats.includes("tiff")) openTiffLoader();
  return {
    resampler: createResampler(),
    heic: createHeicDecoders(heicThreads(settings.memorySizeMb), settings.maxImagePixels),
  };
}

/** Pixels that are decoded for the model's input: of a HEIC, perhaps those of a thumbnail only. */
export function pixelsToDecode(
  { image, heic, pixels }: ImageHeader,
  { preprocessing }: { preprocessing: Geometry },
  { heicThumbnailPercent }: Pick<PrepareOptions, "heicThumbnailPercent">,
): number {
  if (heic === undefined) return pixels;
  const chosen = imageFor(heic, planGeometry(image, preprocessing), heicThumbnailPercent);
  return chosen === heic.full ? pixels : chosen.decodedPixels;
}

/**
 * Decodes an image by the way that suits it, as small as the plan allows.
 *
 * @param room belongs to this image until the pixels have been used
 * @throws {ClassifierError} as `renderPixels` and `decodeHeic` do
 */
export async function decodeImage(
  header: ImageHeader,
  plan: GeometryPlan,
  kernel: Kernel,
  room: PixelRoom,
  { heic }: Decoders,
  options: PrepareOptions,
): Promise<StoredImage> {
  if (header.heic !== undefined) return decodeHeic(header.heic, plan, kernel, options, heic);
  return (
    (await decodeJpeg(header, plan, kernel, options.applyIccProfile, room)) ??
    (await renderPixels(header, plan, kernel, options))
  );
}

/**
 * Decodes an image, and leaves the normalization to the caller, who times the two apart.
 *
 * @param buffers belong to this image until what is returned has run
 * @returns writes `buffers.pixelValues`, the model's input
 * @throws {ClassifierError} as `decodeImage` does
 */
export async function prepareImage(
  { preprocessing, normalization }: { preprocessing: Geometry; normalization: Normalization },
  header: ImageHeader,
  { decoded, pixelValues }: Pick<InputBuffers, "decoded" | "pixelValues">,
  decoders: Decoders,
  options: PrepareOptions,
): Promise<() => void> {
  const { kernel } = preprocessing;
  const plan = planGeometry(header.image, preprocessing);
  const stored = await decodeImage(header, plan, kernel, decoded, decoders, options);
  return () => {
    const image = normalization.order === "gray" ? makeGray(stored) : stored;
    decoders.resampler.resampleInto(image, plan, kernel, normalization, pixelValues);
  };
}
