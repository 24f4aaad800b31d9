import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { ClassifierError, messageOf } from "../../errors.ts";
import type { Result } from "../../result.ts";
import { describeS3Error } from "../../s3.ts";
import type { Publisher } from "./publisher.ts";

/** Where lines are, and what the Glue table of template.yaml reads. */
export const LINES_PREFIX = "results/";

/** What is kept of an invocation for writing its lines: a hundred results are some 100 kB in one request. */
const FLUSH_MS = 2000;

/** Lambda tries three times, and the client's own tries can find what an earlier one has written. */
const MAX_ATTEMPTS = 10;

/**
 * All results of an invocation as one JSON Lines object, one result per line: a hundredth of a request per image with
 * batches of 100. Nothing is compared with what stands elsewhere: a result that comes again, or late, is one more line, and
 * whoever reads takes the newest of each key (`src/results/newest.ts`, and the named Athena query). The object's name is
 * the request's. Lambda tries an asynchronous request again under the same id, and what was classified before may fail
 * then, so that the next attempt never overwrites what the one before has written.
 */
export function linesPublisher(s3: S3Client, bucket: string, requestId: string, now = new Date()): Publisher {
  /** Of one upload the last counts. */
  const results = new Map<string, Result>();
  return {
    check: () => {},
    async publish(result) {
      const { bucket: from, key: of, versionId, sequencer } = result.source;
      results.set(JSON.stringify([from, of, versionId, sequencer]), result);
      return "published";
    },
    async flush(signal) {
      if (results.size === 0) return;
      const Body = [...results.values()].map((result) => `${JSON.stringify(result)}\n`).join("");
      const content = { Body, ContentType: "application/x-ndjson", IfNoneMatch: "*" };
      for (let attempt = 1; ; attempt++) {
        const Key = linesKey(attempt === 1 ? requestId : `${requestId}-${attempt}`, now);
        try {
          const command = new PutObjectCommand({ Bucket: bucket, Key, ...content });
          await s3.send(command, { abortSignal: signal });
          return;
        } catch (cause) {
          const { code, status } = describeS3Error(cause);
          if (status === 412 && attempt < MAX_ATTEMPTS) continue;
          const message = `s3://${bucket}/${Key}: ${code}, ${messageOf(cause)}`;
          throw new ClassifierError("PUBLISH_FAILED", message, cause);
        }
      }
    },
    flushMs: FLUSH_MS,
  };
}

/** `results/year=2026/month=11/day=26/hour=09/<request id>.jsonl`, in UTC. */
export function linesKey(requestId: string, now: Date): string {
  const [year, month, day, hour] = now.toISOString().split(/[-T:]/);
  return `${LINES_PREFIX}year=${year}/month=${month}/day=${day}/hour=${hour}/${requestId}.jsonl`;
}
