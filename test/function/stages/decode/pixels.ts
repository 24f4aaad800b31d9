import type { ImageFormat } from "../../../../src/function/image-format.ts";
import { createResampler } from "../../../../src/function/kernel/resampler.ts";
import { planGeometry } from "../../../../src/function/model/geometry.ts";
import type { Geometry } from "../../../../src/function/model/preprocessing.ts";
import { type ImageInfo, inspectImage } from "../../../../src/function/stages/decode/header.ts";
import { decodeJpeg } from "../../../../src/function/stages/decode/jpeg.ts";
import { type DecodeOptions, renderPixels } from "../../../../src/function/stages/decode/sharp.ts";

export interface Decoded {
  readonly image: ImageInfo;
  /** R, G, B interleaved, as the model's input would have them before normalization. */
  readonly raw: {
    readonly pixels: Uint8Array;
    readonly height: number;
    readonly width: number;
    readonly channels: 3;
  };
}

const resampler = createResampler();
const AS_THEY_ARE = { layout: "NHWC", scale: [1, 1, 1], offset: [0, 0, 0] } as const;

/**
 * File → pixels, decoded by sharp and resampled by the kernel.
 *
 * @param decoder `any`: by libjpeg-turbo where the function would do so
 */
export async function decodeImage(
  bytes: Uint8Array,
  geometry: Geometry,
  options: DecodeOptions & { readonly formats?: readonly ImageFormat[] },
  decoder: "sharp" | "any" = "sharp",
): Promise<Decoded> {
  const header = inspectImage(bytes, options.maxImagePixels, options.formats);
  const plan = planGeometry(header.image, geometry);
  const { kernel } = geometry;
  const room = { bytes: new Uint8Array(0) };
  const stored =
    (decoder === "any" ? await decodeJpeg(header, plan, kernel, options.applyIccProfile, room) : undefined) ??
    (await renderPixels(header, plan, kernel, options));
  const pixels = new Uint8Array(3 * plan.output.height * plan.output.width);
  resampler.resampleInto(stored, plan, kernel, AS_THEY_ARE, pixels);
  return { image: header.image, raw: { pixels, ...plan.output, channels: 3 } };
}
