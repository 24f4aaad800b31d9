import { valueAt } from "./json.ts";
import { messageIdOf, readMessageText } from "./message.ts";
import { type Done, isToRepeat, type Task, type Trigger } from "./trigger.ts";

/** `{Records: [{eventSource: "aws:sqs", messageId, body}]}`. */
export interface SqsEvent {
  readonly Records: readonly unknown[];
}

/** What the event source mapping takes with `ReportBatchItemFailures`. No failures: every message is deleted. */
export interface SqsResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/**
 * An SQS batch whose bodies are S3 notifications or S3's EventBridge events, by way of SNS or not. Only failed messages
 * come back; one with several uploads comes back when any of them failed, and what was done is found done.
 *
 * A body that cannot be read is reported as failed each time, although trying again is useless: this way it reaches
 * the dead-letter queue, where somebody can read it, instead of vanishing.
 */
export const sqsTrigger: Trigger<SqsEvent> = {
  shape: "SQS {Records: [{eventSource: aws:sqs}]}",
  matches(event): event is SqsEvent {
    const records = valueAt(event, "Records");
    return Array.isArray(records) && isSqsRecord(records[0]);
  },
  read: ({ Records }) => Records.flatMap(readRecord),
  answer: (_event, done) => reportFailures(done),
};

/** EventBridge Pipes with an SQS source: the messages alone, in an array, and the same response. */
export const pipesTrigger: Trigger<readonly unknown[]> = {
  shape: "EventBridge Pipes [{eventSource: aws:sqs}]",
  matches: (event): event is readonly unknown[] => Array.isArray(event) && isSqsRecord(event[0]),
  read: (records) => records.flatMap(readRecord),
  answer: (_event, done) => reportFailures(done),
};

function isSqsRecord(record: unknown): boolean {
  return valueAt(record, "eventSource") === "aws:sqs";
}

function readRecord(record: unknown): Task[] {
  const id = messageIdOf(record);
  const message = {
    queueArn: String(valueAt(record, "eventSourceARN")),
    receives: Number(valueAt(record, "attributes", "ApproximateReceiveCount") ?? 1),
  };
  const tasks = readMessageText(valueAt(record, "body"), id, `message ${id}`);
  return tasks.map((task) => ({ ...task, message }));
}

function reportFailures(done: readonly Done[]): SqsResponse {
  const failed = done.filter(({ outcome }) => isToRepeat(outcome)).map(({ id }) => id);
  return { batchItemFailures: [...new Set(failed)].map((itemIdentifier) => ({ itemIdentifier })) };
}
