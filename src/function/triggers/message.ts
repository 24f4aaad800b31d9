import { ClassifierError, messageOf } from "../errors.ts";
import { isS3EventBridgeEvent, readS3EventBridgeEvent } from "./eventbridge.ts";
import { shown, textAt, valueAt } from "./json.ts";
import { isS3Notification, readS3Notification } from "./s3.ts";
import type { Task } from "./trigger.ts";

/** How many envelopes may lie around each other: S3 → SNS → SQS has one, and nobody has two. */
const MAX_ENVELOPES = 2;

/**
 * Reads the text that a queue or a topic carries: an S3 notification, S3's event of EventBridge, or an SNS notification
 * around one of them (a subscription without raw delivery).
 *
 * @param id   of the message; all tasks have it
 * @param what names the message for people: "message 1-2-3"
 */
export function readMessageText(text: unknown, id: string, what: string, envelopes = 0): Task[] {
  let body: unknown;
  try {
    body = JSON.parse(String(text));
  } catch (cause) {
    return unreadable(id, `expected the body of ${what} to be JSON: ${messageOf(cause)}`, cause);
  }
  if (isS3Notification(body)) return readS3Notification(body, id);
  if (isS3EventBridgeEvent(body)) return readS3EventBridgeEvent(body, id);
  if (isSnsEnvelope(body) && envelopes < MAX_ENVELOPES) {
    return readMessageText(valueAt(body, "Message"), id, `the SNS notification in ${what}`, envelopes + 1);
  }
  return unreadable(
    id,
    `expected ${what} to carry an S3 notification or an S3 event of EventBridge, got ${shown(body)}`,
  );
}

/** @see https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
function isSnsEnvelope(body: unknown): boolean {
  return (
    valueAt(body, "Type") === "Notification" &&
    typeof valueAt(body, "TopicArn") === "string" &&
    typeof valueAt(body, "Message") === "string"
  );
}

function unreadable(id: string, message: string, cause?: unknown): Task[] {
  return [{ id, target: new ClassifierError("INVALID_EVENT", message, cause) }];
}

/** The message's own id, without which nothing could be reported: the whole batch has to fail. */
export function messageIdOf(record: unknown): string {
  return textAt(record, "messageId");
}
