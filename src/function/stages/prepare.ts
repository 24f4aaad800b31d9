import type { Resampler } from "../kernel/resampler.ts";
import { planGeometry } from "../model/geometry.ts";
import type { InputBuffers } from "../model/input-buffers.ts";
import type { Geometry } from "../model/preprocessing.ts";
import type { ImageHeader } from "./decode/header.ts";
import { decodeJpeg } from "./decode/jpeg.ts";
import { type DecodeOptions, renderPixels } from "./decode/sharp.ts";
import type { Normalization } from "./normalize.ts";

/**
 * Decodes an image by the way that suits it, and leaves the normalization to the caller, who times the two apart.
 *
 * @param buffers belong to this image until what is returned has run
 * @returns writes `buffers.pixelValues`, the model's input
 * @throws {ClassifierError} as `renderPixels` does
 */
export async function prepareImage(
  { preprocessing, normalization }: { preprocessing: Geometry; normalization: Normalization },
  header: ImageHeader,
  { decoded, pixelValues }: Pick<InputBuffers, "decoded" | "pixelValues">,
  resampler: Resampler,
  options: DecodeOptions,
): Promise<() => void> {
  const { kernel } = preprocessing;
  const plan = planGeometry(header.image, preprocessing);
  const stored =
    (await decodeJpeg(header, plan, kernel, options.applyIccProfile, decoded)) ??
    (await renderPixels(header, plan, kernel, options));
  return () => resampler.resampleInto(stored, plan, kernel, normalization, pixelValues);
}
