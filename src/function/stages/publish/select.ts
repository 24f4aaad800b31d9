import type { S3Client } from "@aws-sdk/client-s3";
import type { Config } from "../../config.ts";
import { ClassifierError } from "../../errors.ts";
import { annotationPublisher } from "./annotation.ts";
import { linesPublisher } from "./lines.ts";
import { assertResultKey, publishResult } from "./object.ts";
import type { Publisher } from "./publisher.ts";

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
    case "annotation+lines": {
      const lines = linesPublisher(s3, resultsBucket, requestId);
      // What stands may be of an invocation that ended before it wrote its lines.
      return both(annotationPublisher(s3, annotationName, lines.publish), lines);
    }
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
      const published = await first.publish(result, signal).catch(async (error: unknown) => {
        // Where the first has no place for it, the second still does.
        if (error instanceof ClassifierError && !error.retryable) await second.publish(result, signal);
        throw error;
      });
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
