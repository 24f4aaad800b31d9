import type { Model } from "../model.ts";
import { type DecodeOptions, decodeImage, type ImageInfo } from "./decode.ts";
import { inferLogits } from "./infer.ts";
import { normalizeImage } from "./normalize.ts";
import { type Prediction, rankLabels } from "./rank.ts";
import type { Slot } from "./slot.ts";

export { createSlot, type Slot } from "./slot.ts";

/** How long each stage took, in milliseconds. Waiting for the model to be free is in none of them. */
export interface TimingsMs {
  readonly decode: number;
  readonly normalize: number;
  readonly infer: number;
  readonly rank: number;
}

export interface Classification {
  readonly image: ImageInfo;
  readonly predictions: readonly Prediction[];
  readonly timingsMs: TimingsMs;
}

/**
 * File bytes → predictions: decode → normalize → infer → rank, without S3.
 *
 * @param slot  buffers that no other picture uses until this resolves
 * @param bytes not changed, and not to be changed until this resolves
 * @throws {ClassifierError} with a code of the decode or the infer stage
 */
export async function classifyBytes(
  model: Model,
  slot: Slot,
  bytes: Uint8Array,
  options: DecodeOptions,
  topK: number,
): Promise<Classification> {
  const startedAt = performance.now();
  const { image, raw } = await decodeImage(bytes, model.preprocessing, options);
  const decodedAt = performance.now();
  normalizeImage(raw, model.normalization, slot.pixelValues);
  const normalizedAt = performance.now();
  return model.lane(async () => {
    const laneAt = performance.now();
    const logits = await inferLogits(model, slot);
    const inferredAt = performance.now();
    const predictions = rankLabels(logits, model.labels, topK);
    const rankedAt = performance.now();
    return {
      image,
      predictions,
      timingsMs: {
        decode: decodedAt - startedAt,
        normalize: normalizedAt - decodedAt,
        infer: inferredAt - laneAt,
        rank: rankedAt - inferredAt,
      },
    };
  });
}
