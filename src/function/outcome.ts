import type { ClassifierError } from "./errors.ts";
import type { ImageRef } from "./image-ref.ts";
import type { ClassifiedResult, RejectedResult, StageTimings } from "./result.ts";

/** How one entry of an event ended. */
export type Outcome =
  | {
      readonly status: "classified";
      readonly ref: ImageRef;
      readonly result: ClassifiedResult;
      readonly measured: Measured;
      /** What went wrong without failing the upload. */
      readonly warning?: string;
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
  /** A newer upload of the same key has an event of its own, or its result already; or this very event has one. */
  | { readonly status: "superseded"; readonly ref: ImageRef }
  /** The upload was deleted, and so is its result, if there was one. */
  | { readonly status: "removed"; readonly ref: ImageRef }
  /** A folder marker: there is nothing to classify, and nothing to say. */
  | { readonly status: "ignored"; readonly ref: ImageRef }
  /** `INVALID_EVENT`: there is no upload to publish a result for. */
  | {
      readonly status: "unreadable";
      readonly id: string;
      readonly error: ClassifierError;
      /** It was delivered, and counted, before. */
      readonly isRedelivered: boolean;
    };

/** What the metrics are made of; a rejected image has only some of it. */
export interface Measured {
  readonly durationMs: number;
  readonly publishMs: number;
  readonly timingsMs?: StageTimings;
  readonly pixels?: number;
  readonly bytes?: number;
}
