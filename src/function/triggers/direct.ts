import { isObject, type Json, optionalFields, textAt } from "./json.ts";
import { readTask, type Trigger } from "./trigger.ts";

/** `{bucket, key, versionId?}`, or an array of them. The key is plain. */
export type DirectEvent = Json | readonly Json[];

/**
 * A person or a program that invokes the function: gets the result documents themselves, an array for an array. A
 * rejected picture is a document too; a failed one throws its error.
 */
export const directTrigger: Trigger<DirectEvent> = {
  shape: "direct {bucket, key} or an array of them",
  matches(event): event is DirectEvent {
    return Array.isArray(event) ? event.length > 0 && event.every(isUpload) : isUpload(event);
  },
  read: (event) =>
    uploadsOf(event).map((upload, index) =>
      readTask(String(index), () => ({
        bucket: textAt(upload, "bucket"),
        key: textAt(upload, "key"),
        ...optionalFields({ versionId: upload.versionId }),
      })),
    ),
  answer(event, done) {
    const documents = done.map(({ outcome }) => {
      if (outcome.status === "superseded" || outcome.status === "removed")
        return { status: outcome.status, source: outcome.ref };
      if ("result" in outcome) return outcome.result;
      throw outcome.error;
    });
    return Array.isArray(event) ? documents : documents[0];
  },
};

function isUpload(value: unknown): value is Json {
  return isObject(value) && "bucket" in value && "key" in value;
}

function uploadsOf(event: DirectEvent): readonly Json[] {
  return isUpload(event) ? [event] : event;
}
