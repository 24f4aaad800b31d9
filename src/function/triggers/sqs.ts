import { ClassifierError, messageOf } from "../errors.ts";
import { isS3EventBridgeEvent, readS3EventBridgeEvent } from "./eventbridge.ts";
import { textAt, valueAt } from "./json.ts";
import { isS3Notification, readS3Notification } from "./s3.ts";
import { isToRepeat, type Task, type Trigger } from "./trigger.ts";

/** `{Records: [{eventSource: "aws:sqs", messageId, body}]}`. */
export interface SqsEvent {
  readonly Records: readonly unknown[];
}

/** What the event source mapping takes with `ReportBatchItemFailures`. No failures: every message is deleted. */
export interface SqsResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/**
 * An SQS batch whose bodies are S3 notifications or S3's EventBridge events. Only failed messages come back; one with
 * several uploads comes back when any of them failed, and what was done is found done.
 *
 * A body that cannot be read is reported as failed each time, although trying again is useless: this way it reaches
 * the dead-letter queue, where somebody can read it, instead of vanishing.
 */
export const sqsTrigger: Trigger<SqsEvent> = {
  shape: "SQS {Records: [{eventSource: aws:sqs}]}",
  matches(event): event is SqsEvent {
    const records = valueAt(event, "Records");
    return Array.isArray(records) && valueAt(records[0], "eventSource") === "aws:sqs";
  },
  read: ({ Records }) =>
    Records.flatMap((record) => {
      const message = {
        queueArn: String(valueAt(record, "eventSourceARN")),
        receives: Number(valueAt(record, "attributes", "ApproximateReceiveCount") ?? 1),
      };
      return readMessage(record).map((task) => ({ ...task, message }));
    }),
  answer(_event, done): SqsResponse {
    const failed = done.filter(({ outcome }) => isToRepeat(outcome)).map(({ id }) => id);
    return { batchItemFailures: [...new Set(failed)].map((itemIdentifier) => ({ itemIdentifier })) };
  },
};

function readMessage(record: unknown): Task[] {
  // Lambda always gives an id. Without one nothing could be reported, so the whole batch has to fail.
  const id = textAt(record, "messageId");
  let body: unknown;
  try {
    body = JSON.parse(textAt(record, "body"));
  } catch (cause) {
    return [unreadable(id, `expected the body of message ${id} to be JSON: ${messageOf(cause)}`, cause)];
  }
  if (isS3Notification(body)) return readS3Notification(body, id);
  if (isS3EventBridgeEvent(body)) return readS3EventBridgeEvent(body, id);
  const got = JSON.stringify(body).slice(0, 200);
  return [
    unreadable(
      id,
      `expected message ${id} to carry an S3 notification or an S3 event of EventBridge, got ${got}`,
    ),
  ];
}

function unreadable(id: string, message: string, cause?: unknown): Task {
  return { id, target: new ClassifierError("INVALID_EVENT", message, cause) };
}
