import type { ClassifierIdentity, HeadPredictions } from "./classifier.ts";
import type { ClassifierError, ErrorCode } from "./errors.ts";
import type { ImageRef } from "./image-ref.ts";
import type { ScoreKind } from "./model/scores.ts";
import type { Unknown } from "./model/unknown.ts";
import type { ImageInfo } from "./stages/decode/header.ts";
import type { Prediction } from "./stages/rank.ts";

/** How an upload was judged, wherever it is published. Its contract for readers is `result.schema.json`. */
export type Result = ClassifiedResult | RejectedResult;

interface ResultBase {
  readonly schemaVersion: 1;
  /** The bytes that were classified: bucket and key of the event, version, ETag and size as S3 delivered them. */
  readonly source: ImageRef;
  readonly model: ClassifierIdentity;
  readonly requestId: string;
  /** ISO 8601, UTC. */
  readonly classifiedAt: string;
}

export interface ClassifiedResult extends ResultBase {
  readonly status: "classified";
  readonly image: ImageInfo;
  /** What a score is: one of all labels, or each label's own. Results of before this field have none. */
  readonly scores?: ScoreKind;
  /** Best first. Of a model with several labels per image, those that pass its threshold: may be none. */
  readonly predictions: readonly Prediction[];
  /** What was wrong with the file without harming its image; absent where nothing was. */
  readonly warnings?: readonly string[];
  /** Of a model that knows what is unknown to it. */
  readonly unknown?: Unknown;
  /** Of a model with further heads: what each says. */
  readonly heads?: readonly HeadPredictions[];
  readonly timingsMs: StageTimings;
}

export interface RejectedResult extends ResultBase {
  readonly status: "rejected";
  readonly error: { readonly code: ErrorCode; readonly message: string };
}

/** Milliseconds of each stage before publishing. */
export interface StageTimings {
  readonly fetch: number;
  readonly decode: number;
  readonly normalize: number;
  readonly infer: number;
  readonly rank: number;
}

interface Origin {
  readonly model: ClassifierIdentity;
  readonly requestId: string;
}

export function classifiedResult(
  origin: Origin,
  source: ImageRef,
  {
    timingsMs,
    warnings = [],
    ...judgement
  }: Pick<
    ClassifiedResult,
    "image" | "scores" | "predictions" | "unknown" | "heads" | "timingsMs" | "warnings"
  >,
): ClassifiedResult {
  return {
    status: "classified",
    ...base(origin, source),
    ...judgement,
    ...(warnings.length > 0 && { warnings: shortened(warnings) }),
    timingsMs: rounded(timingsMs),
  };
}

export function rejectedResult(origin: Origin, source: ImageRef, error: ClassifierError): RejectedResult {
  return { status: "rejected", ...base(origin, source), error: { code: error.code, message: error.message } };
}

function base({ model, requestId }: Origin, source: ImageRef): ResultBase {
  return {
    schemaVersion: 1,
    source,
    model,
    requestId,
    classifiedAt: new Date().toISOString(),
  };
}

/** A file can be wrong in thousands of places, and its result stands in one object with those of its neighbours. */
const MAX_WARNINGS = 10;

function shortened(warnings: readonly string[]): readonly string[] {
  if (warnings.length <= MAX_WARNINGS) return warnings;
  const shown = warnings.slice(0, MAX_WARNINGS - 1);
  return [...shown, `${warnings.length - shown.length} more`];
}

/** Microseconds are all that the clock is good for. */
function rounded(timings: StageTimings): StageTimings {
  const entries = Object.entries(timings).map(([stage, ms]: [string, number]) => [
    stage,
    Math.round(ms * 1000) / 1000,
  ]);
  return Object.fromEntries(entries) as StageTimings;
}

/** @returns `undefined` when the text is no result of this project */
export function parseResult(text: string): Result | undefined {
  try {
    const value = JSON.parse(text) as Partial<Result> | null;
    const isOfUpload = typeof value?.source?.key === "string" && typeof value.model?.sha256 === "string";
    const isJudged =
      (value?.status === "classified" && Array.isArray(value.predictions)) ||
      (value?.status === "rejected" && typeof value.error?.code === "string");
    return isOfUpload && isJudged ? (value as Result) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether what stands of the same event stays where ours would replace it: anything before a rejection, which may only mean
 * that the upload has gone since. But another classifier may reject for another reason.
 */
export function outlasts(existing: Result, ours: Result): boolean {
  if (ours.status === "classified") return false;
  if (existing.status === "classified") return true;
  const [before, now] = [existing.error.code, ours.error.code];
  if (before === now) return false;
  const saysNothing = now === "PROCESSING_LIMIT" || now === "OBJECT_NOT_FOUND";
  return saysNothing || existing.model.fingerprint === ours.model.fingerprint;
}
