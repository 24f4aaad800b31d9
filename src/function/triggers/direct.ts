import type { Outcome } from "../outcome.ts";
import { isObject, type Json, optionalFields, textAt } from "./json.ts";
import { isToRepeat, readTask, type Trigger } from "./trigger.ts";

/** `{bucket, key, versionId?}`, or an array of them. The key is plain. */
export type DirectEvent = Json | readonly Json[];

/**
 * A person or a program that invokes the function: gets the result documents themselves, an array for an array. A
 * rejected image is a document too. A failed one throws its error when it came alone; in an array it is a document with
 * the error, so that the others are not lost with it.
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
    if (Array.isArray(event)) return done.map(({ outcome }) => describe(outcome));
    const [only] = done;
    if (only === undefined) return undefined;
    if (isToRepeat(only.outcome)) throw only.outcome.error;
    return describe(only.outcome);
  },
};

function describe(outcome: Outcome): unknown {
  switch (outcome.status) {
    case "classified":
    case "rejected":
      return outcome.result;
    case "superseded":
    case "removed":
    case "ignored":
      return { status: outcome.status, source: outcome.ref };
    case "failed":
    case "unreadable": {
      const { code, message, retryable } = outcome.error;
      const source = outcome.status === "failed" ? { source: outcome.ref } : {};
      return { status: outcome.status, ...source, error: { code, message, retryable } };
    }
  }
}

function isUpload(value: unknown): value is Json {
  return isObject(value) && "bucket" in value && "key" in value;
}

function uploadsOf(event: DirectEvent): readonly Json[] {
  return isUpload(event) ? [event] : event;
}
