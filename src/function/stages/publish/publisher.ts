import type { ImageRef } from "../../image-ref.ts";
import type { Result } from "../../result.ts";

/**
 * `unchanged`: the same result stood there already. `kept`: what stands of the same event outlasts ours, such as a
 * classification a rejection. `superseded`: a result of a newer upload stands. `gone`: the result would stand on the upload, which is no more.
 */
export type Published = "published" | "unchanged" | "kept" | "superseded" | "gone";

/** One way of publishing, for one invocation. Safe to repeat and safe out of order, each in its own way. */
export interface Publisher {
  /**
   * What can be known before any work.
   *
   * @throws {ClassifierError} permanent, when results of this upload have no place
   */
  check(ref: ImageRef): void;
  /** @throws {ClassifierError} `PUBLISH_FAILED`, or a permanent code of the publish stage */
  publish(result: Result, signal: AbortSignal): Promise<Published>;
  /**
   * Writes what `publish` only kept: until then none of it counts. Called once, when all is published.
   *
   * @throws {ClassifierError} `PUBLISH_FAILED`
   */
  flush(signal: AbortSignal): Promise<void>;
  /** Milliseconds that `flush` is given at the end of an invocation. */
  readonly flushMs: number;
}
