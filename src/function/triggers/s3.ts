import { ClassifierError } from "../errors.ts";
import type { ImageRef } from "../image-ref.ts";
import { decodeKey, isObject, type Json, optionalFields, textAt, valueAt } from "./json.ts";
import { readTask, type Task, type Trigger, throwFailures } from "./trigger.ts";

/** `{Records: [{eventSource: "aws:s3", …}]}`, or the test event that S3 sends when a notification is configured. */
export interface S3Notification {
  readonly Records?: readonly unknown[];
}

/**
 * S3 event notifications, sent to the function directly.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
export const s3Trigger: Trigger<S3Notification> = {
  shape: "S3 notification {Records: [{eventSource: aws:s3}]}",
  matches: isS3Notification,
  read: (event) => readS3Notification(event).map((task, index) => ({ ...task, id: String(index) })),
  answer: (_event, done) => throwFailures(done),
};

export function isS3Notification(event: unknown): event is S3Notification {
  if (valueAt(event, "Event") === "s3:TestEvent") return true;
  const records = valueAt(event, "Records");
  return Array.isArray(records) && valueAt(records[0], "eventSource") === "aws:s3";
}

/**
 * One task per record of an object that was created or removed, all with the id that is given. Other records
 * (`ObjectTagging:Put`, …) ask for nothing: a subscription that is wider than needed is no error.
 */
export function readS3Notification({ Records = [] }: S3Notification, id = ""): Task[] {
  return Records.flatMap((record): Task[] => {
    const name = valueAt(record, "eventName");
    if (typeof name !== "string" || /^(s3:)?ObjectCreated:/.test(name))
      return [readTask(id, () => readRecord(record))];
    if (!/^(s3:)?(ObjectRemoved|LifecycleExpiration):/.test(name)) return [];
    return [{ ...readTask(id, () => readRemoval(record, name)), isRemoval: true }];
  });
}

/** A delete marker has a version id of its own: what it hides is the key as a whole. */
function readRemoval(record: unknown, name: string): ImageRef {
  const { versionId, ...ref } = readRecord(record);
  return name.endsWith(":DeleteMarkerCreated") || versionId === undefined ? ref : { ...ref, versionId };
}

function readRecord(record: unknown): ImageRef {
  const version = textAt(record, "eventVersion");
  if (!/^2\.\d+$/.test(version)) {
    throw new ClassifierError("INVALID_EVENT", `expected eventVersion 2.x, got ${version}`);
  }
  textAt(record, "eventName");
  const object = valueAt(record, "s3", "object");
  const { versionId, eTag, sequencer, size: sizeBytes }: Json = isObject(object) ? object : {};
  return {
    bucket: textAt(record, "s3", "bucket", "name"),
    key: decodeKey(textAt(record, "s3", "object", "key")),
    ...optionalFields({ versionId, eTag, sequencer, sizeBytes }),
  };
}
