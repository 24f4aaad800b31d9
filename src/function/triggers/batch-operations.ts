import { ClassifierError } from "../errors.ts";
import type { Outcome } from "../outcome.ts";
import { decodeKey, type Json, optionalFields, textAt, valueAt } from "./json.ts";
import { readTask, type Trigger } from "./trigger.ts";

/** `{invocationSchemaVersion, invocationId, job, tasks}`. */
export interface BatchOperationsEvent extends Json {
  readonly invocationSchemaVersion: "1.0" | "2.0";
  readonly invocationId: string;
  readonly tasks: readonly unknown[];
}

export interface BatchOperationsResponse {
  readonly invocationSchemaVersion: string;
  readonly treatMissingKeysAs: "PermanentFailure";
  readonly invocationId: string;
  readonly results: readonly BatchOperationsResult[];
}

export interface BatchOperationsResult {
  readonly taskId: string;
  readonly resultCode: "Succeeded" | "TemporaryFailure" | "PermanentFailure";
  /** Stands in the job's completion report. */
  readonly resultString: string;
}

const MAX_RESULT_LENGTH = 1024;

/**
 * S3 Batch Operations: classifies what lies in a bucket already, or again with another model. Schema 1.0 names the
 * bucket by its ARN, 2.0 by its name; keys are URL-encoded in both.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html
 */
export const batchOperationsTrigger: Trigger<BatchOperationsEvent> = {
  shape: "S3 Batch Operations {invocationSchemaVersion: 1.0 or 2.0, invocationId, tasks}",
  matches(event): event is BatchOperationsEvent {
    const version = valueAt(event, "invocationSchemaVersion");
    const isInvocation =
      typeof valueAt(event, "invocationId") === "string" && Array.isArray(valueAt(event, "tasks"));
    return isInvocation && (version === "1.0" || version === "2.0");
  },
  read: ({ tasks }) =>
    tasks.map((task) =>
      readTask(textAt(task, "taskId"), () => ({
        bucket: readBucket(task),
        key: decodeKey(textAt(task, "s3Key")),
        ...optionalFields({ versionId: valueAt(task, "s3VersionId") }),
      })),
    ),
  answer: ({ invocationSchemaVersion, invocationId }, done): BatchOperationsResponse => ({
    invocationSchemaVersion,
    treatMissingKeysAs: "PermanentFailure",
    invocationId,
    results: done.map(({ id, outcome }) => ({ taskId: id, ...describe(outcome) })),
  }),
};

function readBucket(task: unknown): string {
  if (valueAt(task, "s3Bucket") !== undefined) return textAt(task, "s3Bucket");
  const arn = textAt(task, "s3BucketArn");
  const name = /^arn:[^:]+:s3:::(?<name>[^/]+)$/.exec(arn)?.groups?.name;
  if (name !== undefined) return name;
  throw new ClassifierError("INVALID_EVENT", `expected s3BucketArn to be the ARN of a bucket, got ${arn}`);
}

function describe(outcome: Outcome): Omit<BatchOperationsResult, "taskId"> {
  switch (outcome.status) {
    case "classified": {
      const [best] = outcome.result.predictions;
      return report("Succeeded", `${best?.label} ${best?.score.toFixed(4)}`);
    }
    case "removed":
      return report("Succeeded", "the upload was deleted");
    case "ignored":
      return report("Succeeded", "a folder marker: there is nothing to classify");
    case "superseded":
      return report("Succeeded", "superseded by a newer upload");
    case "rejected":
    case "unreadable":
      return report("PermanentFailure", `${outcome.error.code}: ${outcome.error.message}`);
    case "failed":
      return report("TemporaryFailure", `${outcome.error.code}: ${outcome.error.message}`);
  }
}

function report(resultCode: BatchOperationsResult["resultCode"], text: string) {
  return { resultCode, resultString: text.slice(0, MAX_RESULT_LENGTH) };
}
