import type { S3Client } from "@aws-sdk/client-s3";
import type { Config } from "../../config.ts";
import type { ImageRef } from "../../image-ref.ts";
import type { Result } from "../../result.ts";
import { annotationPublisher } from "./annotation.ts";
import { linesPublisher } from "./lines.ts";
import { assertResultKey, publishResult } from "./object.ts";

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
   * Writes what `publish` only kept: until then none of it counts. May be called again.
   *
   * @throws {ClassifierError} `PUBLISH_FAILED`
   */
  flush(signal: AbortSignal): Promise<void>;
  /** Milliseconds that `flush` is given at the end of an invocation. */
  readonly flushMs: number;
}

/** The publisher that `RESULTS_AS` names. */
export function createPublisher(s3: S3Client, config: Config, requestId: string): Publisher {
  const { resultsBucket, annotationName } = config;
  switch (config.resultsAs) {
    case "object":
      return objectPublisher(s3, resultsBucket);
    case "annotation":
      return annotationPublisher(s3, annotationName);
    case "lines":
      return linesPublisher(s3, resultsBucket, requestId);
    case "annotation+lines":
      return both(annotationPublisher(s3, annotationName), linesPublisher(s3, resultsBucket, requestId));
  }
}

/** The result as the object `<key>.json` in a bucket of its own. */
function objectPublisher(s3: S3Client, bucket: string): Publisher {
  return {
    check: ({ key }) => assertResultKey(key),
    publish: (result, signal) => publishResult(s3, bucket, result, signal),
    flush: async () => {},
    flushMs: 0,
  };
}

/** Publishes by the first, which knows the order of uploads, and by the second what the first has taken. */
function both(first: Publisher, second: Publisher): Publisher {
  return {
    check(ref) {
      first.check(ref);
      second.check(ref);
    },
    async publish(result, signal) {
      const published = await first.publish(result, signal);
      if (published !== "superseded" && published !== "kept") await second.publish(result, signal);
      return published;
    },
    async flush(signal) {
      await first.flush(signal);
      await second.flush(signal);
    },
    flushMs: first.flushMs + second.flushMs,
  };
}
