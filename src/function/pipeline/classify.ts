import type { S3Client } from "@aws-sdk/client-s3";
import type { Config } from "../config.ts";
import type { Deadline } from "../deadline.ts";
import { ClassifierError, messageOf } from "../errors.ts";
import type { ImageRef } from "../image-ref.ts";
import type { Model } from "../model.ts";
import { type DecodeOptions, decodeImage, type ImageInfo, MAX_DECODE_SECONDS } from "./decode.ts";
import { openObject, readObject } from "./fetch.ts";
import { inferLogits } from "./infer.ts";
import { normalizeImage } from "./normalize.ts";
import { publishResult } from "./publish.ts";
import { type Prediction, rankLabels } from "./rank.ts";
import {
  type ClassifiedResult,
  classifiedResult,
  type RejectedResult,
  rejectedResult,
  type StageTimings,
} from "./result.ts";
import type { Slot } from "./slot.ts";
import { tagUpload } from "./tag.ts";

export { createSlot, type Slot } from "./slot.ts";

/** Milliseconds of the stages between fetch and publish. Waiting for the model to be free is in none of them. */
export type TimingsMs = Omit<StageTimings, "fetch">;

export interface Classification {
  readonly image: ImageInfo;
  readonly predictions: readonly Prediction[];
  readonly timingsMs: TimingsMs;
}

/** What an invocation has for all its pictures. */
export interface ClassifyContext {
  readonly s3: S3Client;
  readonly model: Model;
  readonly config: Config;
  readonly deadline: Deadline;
  readonly requestId: string;
}

/** How one entry of an event ended. */
export type Outcome =
  | {
      readonly status: "classified";
      readonly ref: ImageRef;
      readonly result: ClassifiedResult;
      readonly measured: Measured;
    }
  /** Permanent: the upload is at fault. */
  | {
      readonly status: "rejected";
      readonly ref: ImageRef;
      readonly error: ClassifierError;
      readonly result: RejectedResult;
      readonly measured: Measured;
    }
  /** Retryable: the world is at fault. */
  | { readonly status: "failed"; readonly ref: ImageRef; readonly error: ClassifierError }
  /** A newer upload of the same key has an event of its own, or its result already. */
  | { readonly status: "superseded"; readonly ref: ImageRef }
  /** `INVALID_EVENT`: there is no upload to publish a result for. */
  | { readonly status: "unreadable"; readonly ref?: ImageRef; readonly error: ClassifierError };

/** What the metrics are made of; a rejected picture has only some of it. */
export interface Measured {
  readonly durationMs: number;
  readonly publishMs: number;
  readonly timingsMs?: StageTimings;
  readonly pixels?: number;
  readonly bytes?: number;
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

/**
 * One upload through all stages: fetch → decode → normalize → infer → rank → publish.
 *
 * @returns how it ended; never throws, so that a picture cannot fail its neighbours
 */
export async function classifyImage(context: ClassifyContext, slot: Slot, ref: ImageRef): Promise<Outcome> {
  const { s3, model, config, deadline } = context;
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
    const options = { ...config, timeoutSeconds: decodeSeconds(deadline) };
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
