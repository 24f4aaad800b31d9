import { isObject, type Json, optionalFields, textAt, valueAt } from "./json.ts";
import { readTask, type Task, type Trigger, throwFailures } from "./trigger.ts";

/** `{source: "aws.s3", "detail-type": "Object Created", detail: {bucket, object}}`. */
export interface S3EventBridgeEvent extends Json {
  readonly source: "aws.s3";
  readonly "detail-type": string;
}

/**
 * S3's events through Amazon EventBridge. Keys are written plainly here.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */
export const eventBridgeTrigger: Trigger<S3EventBridgeEvent> = {
  shape: "EventBridge {source: aws.s3, detail-type: Object Created}",
  matches: isS3EventBridgeEvent,
  read: (event) => readS3EventBridgeEvent(event, "0"),
  answer: (_event, done) => throwFailures(done),
};

export function isS3EventBridgeEvent(event: unknown): event is S3EventBridgeEvent {
  return valueAt(event, "source") === "aws.s3" && typeof valueAt(event, "detail-type") === "string";
}

/** One task for `Object Created` and for `Object Deleted`; S3's other events ask for nothing. */
export function readS3EventBridgeEvent(event: S3EventBridgeEvent, id: string): Task[] {
  const isRemoval = event["detail-type"] === "Object Deleted";
  if (event["detail-type"] !== "Object Created" && !isRemoval) return [];
  // A delete marker has a version id of its own: what it hides is the key as a whole.
  const isMarker = isRemoval && valueAt(event, "detail", "deletion-type") === "Delete Marker Created";
  const task = readTask(id, () => {
    const object = valueAt(event, "detail", "object");
    const {
      "version-id": versionId,
      etag: eTag,
      sequencer,
      size: sizeBytes,
    }: Json = isObject(object) ? object : {};
    return {
      bucket: textAt(event, "detail", "bucket", "name"),
      key: textAt(event, "detail", "object", "key"),
      ...optionalFields({ versionId: isMarker ? undefined : versionId, eTag, sequencer, sizeBytes }),
    };
  });
  return [isRemoval ? { ...task, isRemoval } : task];
}
