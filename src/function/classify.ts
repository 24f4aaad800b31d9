import type { S3Client } from "@aws-sdk/client-s3";
import type { Config } from "./config.ts";
import type { Deadline } from "./deadline.ts";
import { ClassifierError, messageOf } from "./errors.ts";
import type { ImageRef } from "./image-ref.ts";
import type { Model } from "./model/load.ts";
import type { Measured, Outcome } from "./outcome.ts";
import { classifiedResult, rejectedResult, type StageTimings } from "./result.ts";
import type { Slot } from "./slot.ts";
import { type ImageInfo, inspectImage } from "./stages/decode/header.ts";
import {
  type DecodeOptions,
  MAX_DECODE_SECONDS,
  type RawImage,
  renderPixels,
} from "./stages/decode/sharp.ts";
import { openObject, readObject } from "./stages/fetch.ts";
import { inferLogits } from "./stages/infer.ts";
import { normalizeImage } from "./stages/normalize.ts";
import { publishResult } from "./stages/publish/object.ts";
import { tagUpload } from "./stages/publish/tag.ts";
import { type Prediction, rankLabels } from "./stages/rank.ts";
import type { PixelLane } from "./sync/semaphore.ts";

export { createSlot, type Slot } from "./slot.ts";

/** Milliseconds of the stages between fetch and publish. Waiting for room or for the model is in none of them. */
export type TimingsMs = Omit<StageTimings, "fetch">;

export interface Classification {
  readonly image: ImageInfo;
  readonly predictions: readonly Prediction[];
  readonly timingsMs: TimingsMs;
}

export interface ClassifyOptions extends DecodeOptions {
  /** Shared by all pictures that are in flight together; without it, decoding begins at once. */
  readonly pixelLane?: PixelLane;
  /** Ends the wait in the lane, and bounds `timeoutSeconds` by what is left when it is over. */
  readonly deadline?: Deadline;
}

/** What an invocation has for all its pictures. */
export interface ClassifyContext {
  readonly s3: S3Client;
  readonly model: Model;
  readonly config: Config;
  readonly deadline: Deadline;
  readonly pixelLane: PixelLane;
  readonly requestId: string;
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
  options: ClassifyOptions,
  topK: number,
): Promise<Classification> {
  const { image, raw, durationMs } = await decodeInLane(model, bytes, options);
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
        decode: durationMs,
        normalize: normalizedAt - decodedAt,
        infer: inferredAt - laneAt,
        rank: rankedAt - inferredAt,
      },
    };
  });
}

async function decodeInLane(
  { preprocessing }: Model,
  bytes: Uint8Array,
  options: ClassifyOptions,
): Promise<{ image: ImageInfo; raw: RawImage; durationMs: number }> {
  const { pixelLane = startAtOnce, deadline } = options;
  const startedAt = performance.now();
  const header = await inspectImage(bytes, options.maxImagePixels);
  const inspectedAt = performance.now();
  const render = async () => {
    const admittedAt = performance.now();
    const timeout = deadline === undefined ? {} : { timeoutSeconds: decodeSeconds(deadline) };
    const raw = await renderPixels(bytes, header, preprocessing, { ...options, ...timeout });
    const waitedMs = admittedAt - inspectedAt;
    return { image: header.image, raw, durationMs: performance.now() - startedAt - waitedMs };
  };
  return pixelLane(header.pixels, render, deadline?.signal);
}

const startAtOnce: PixelLane = (_pixels, work) => work();

/**
 * One upload through all stages: fetch → decode → normalize → infer → rank → publish.
 *
 * @returns how it ended; never throws, so that a picture cannot fail its neighbours
 */
export async function classifyImage(context: ClassifyContext, slot: Slot, ref: ImageRef): Promise<Outcome> {
  const { s3, model, config, deadline, pixelLane } = context;
  const fetchOptions = { ...config, signal: deadline.signal };
  const startedAt = performance.now();
  let source = ref;
  try {
    if (ref.bucket === config.resultsBucket) {
      const message = `expected an upload, got an event of the results bucket ${ref.bucket}: its results would have results`;
      return { status: "unreadable", ref, error: new ClassifierError("INVALID_EVENT", message) };
    }
    const object = await openObject(s3, ref, fetchOptions);
    if (object === undefined) return { status: "superseded", ref };
    source = object.source;
    const bytes = await readObject(object, slot, fetchOptions);
    const fetch = performance.now() - startedAt;
    const options = { ...config, pixelLane, deadline };
    const { image, predictions, timingsMs } = await classifyBytes(model, slot, bytes, options, config.topK);
    const timings = { fetch, ...timingsMs };
    const result = classifiedResult(context, source, { image, predictions, timingsMs: timings });
    const publishedAt = performance.now();
    const published = await publishResult(s3, config.resultsBucket, result, deadline.signal);
    if (published === "superseded") return { status: "superseded", ref };
    if (config.tagUploads) await tagUpload(s3, result, deadline.signal);
    const now = performance.now();
    const measured: Measured = {
      durationMs: now - startedAt,
      publishMs: now - publishedAt,
      timingsMs: timings,
      pixels: image.width * image.height,
      bytes: bytes.length,
    };
    return { status: "classified", ref, result, measured };
  } catch (thrown) {
    const error = codedError(thrown, deadline);
    return error.retryable
      ? { status: "failed", ref, error }
      : rejectImage(context, ref, source, error, startedAt);
  }
}

/** Publishes that the upload was rejected: a rejected picture is a result. */
async function rejectImage(
  context: ClassifyContext,
  ref: ImageRef,
  source: ImageRef,
  error: ClassifierError,
  startedAt: number,
): Promise<Outcome> {
  const { s3, config, deadline } = context;
  const result = rejectedResult(context, source, error);
  const publishedAt = performance.now();
  try {
    const published = await publishResult(s3, config.resultsBucket, result, deadline.signal);
    if (published === "superseded") return { status: "superseded", ref };
  } catch (thrown) {
    return { status: "failed", ref, error: codedError(thrown, deadline) };
  }
  const now = performance.now();
  const measured = { durationMs: now - startedAt, publishMs: now - publishedAt };
  return { status: "rejected", ref, error, result, measured };
}

/** What was cut off by the end of the invocation says so, whatever it was doing. */
function codedError(thrown: unknown, { signal }: Deadline): ClassifierError {
  const error =
    thrown instanceof ClassifierError
      ? thrown
      : new ClassifierError("INFERENCE_FAILED", messageOf(thrown), thrown);
  if (!error.retryable || !signal.aborted) return error;
  return new ClassifierError("DEADLINE_NEAR", `the invocation's time ran out: ${error.message}`, thrown);
}

/** sharp counts whole seconds, and takes 0 as no limit. */
function decodeSeconds(deadline: Deadline): number {
  return Math.min(MAX_DECODE_SECONDS, Math.max(1, Math.floor(deadline.remainingMs() / 1000)));
}
