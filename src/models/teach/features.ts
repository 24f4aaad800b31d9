import type { Model } from "../../function/model/load.ts";
import type { PixelValues } from "../../function/stages/normalize.ts";
import { readPixels } from "../pixels.ts";
import type { Backbone } from "./backbone.ts";

/** What a backbone sees in an image. */
export interface Features {
  /** `featureCount` numbers. */
  readonly values: Float32Array;
  /** The model's input at {@link THUMB_SIDE}², R, G, B interleaved, levels 0 to 255: for telling near-duplicates. */
  readonly thumb: Uint8Array;
}

export const THUMB_SIDE = 16;

export interface ExtractOptions {
  readonly onProgress?: (done: number) => void;
}

/** @returns for each file its features, or the code of why the function would reject it */
export async function extractFeatures(
  backbone: Backbone,
  files: readonly string[],
  { onProgress }: ExtractOptions = {},
): Promise<(Features | { readonly code: string })[]> {
  const { model, session, features } = backbone;
  const results: (Features | { code: string })[] = [];
  for await (const { index, feeds, pixelValues, code } of readPixels({ model, files })) {
    if (feeds === undefined || pixelValues === undefined) {
      results[index] = { code: code ?? "" };
    } else {
      const { [features]: tensor } = await session.run(feeds);
      if (!(tensor?.data instanceof Float32Array))
        throw new Error(`expected float32 features, got ${tensor?.type}`);
      results[index] = { values: tensor.data.slice(), thumb: shrink(pixelValues, model) };
    }
    onProgress?.(index + 1);
  }
  return results;
}

/** Means of the cells of a grid over the model's input, with the normalization undone. */
function shrink(values: PixelValues, { input, normalization }: Model): Uint8Array {
  const { height, width, layout } = input;
  const thumb = new Uint8Array(3 * THUMB_SIDE ** 2);
  const isPixels = values instanceof Uint8Array;
  for (let channel = 0; channel < 3; channel++) {
    const scale = isPixels ? 1 : (normalization.scale[channel] ?? 1);
    const offset = isPixels ? 0 : (normalization.offset[channel] ?? 0);
    for (let cell = 0; cell < THUMB_SIDE ** 2; cell++) {
      const [top, bottom] = span(Math.floor(cell / THUMB_SIDE), height);
      const [left, right] = span(cell % THUMB_SIDE, width);
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          const pixel = y * width + x;
          sum += values[layout === "NCHW" ? channel * height * width + pixel : 3 * pixel + channel] ?? 0;
        }
      }
      const mean = sum / ((bottom - top) * (right - left));
      thumb[3 * cell + channel] = Math.round((mean - offset) / scale);
    }
  }
  return thumb;
}

/** Pixels of one of {@link THUMB_SIDE} cells along an axis; at least one. */
function span(cell: number, length: number): [start: number, end: number] {
  const start = Math.min(length - 1, Math.floor((cell * length) / THUMB_SIDE));
  return [start, Math.max(start + 1, Math.floor(((cell + 1) * length) / THUMB_SIDE))];
}
