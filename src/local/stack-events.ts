import type { EventEmitter } from "node:events";
import { isFolderMarker } from "../function/image-ref.ts";
import type { LambdaEmitter, LambdaEvents } from "./lambda/events.ts";
import type { DeadMessage, Queue, QueueCounts } from "./queue.ts";
import type { ObjectEventRecord } from "./s3/notification.ts";

export const UPLOADS_BUCKET = "uploads";
export const RESULTS_BUCKET = "results";

/** How often the queue's counts are announced at most; with thousands of messages they change as often. */
const ANNOUNCE_MS = 100;

export interface StackEvents extends LambdaEvents {
  /** The queues' counts changed; at most ten times a second. */
  queue: [StackQueueCounts];
  /** An object was written to the uploads bucket; of folder markers nothing is said. */
  upload: [StoredObject];
  /** An object was removed from the uploads bucket. */
  removed: [{ readonly key: string }];
  /** A result was written; `key` is that of the result object, `<key of the upload>.json`. */
  result: [StoredObject];
  /** An upload was given up after its last attempt; it can be redriven. */
  dead: [DeadUpload];
}

/** The uploads queue's counts, with the dead letters, which come from the isolation queue alone. */
export interface StackQueueCounts extends QueueCounts {
  /** Uploads that came back too often and are tried alone. */
  readonly isolation: Omit<QueueCounts, "dead">;
}

export interface DeadUpload extends DeadMessage {
  /** The upload's key, plain; `undefined` when the message is no S3 notification. */
  readonly key: string | undefined;
}

export interface StoredObject {
  /** Plain, not URL-encoded. */
  readonly key: string;
  readonly eTag: string;
  readonly sizeBytes: number;
}

export type StackEmitter = EventEmitter<StackEvents>;

/**
 * What a created upload leads to: it is queued and announced.
 *
 * @param queuesRemovals whether a removed upload is queued too, as with `RemoveResults`
 */
export function announceObject(
  record: ObjectEventRecord,
  queue: Queue,
  events: StackEmitter,
  queuesRemovals: boolean,
): void {
  const { bucket, object } = record.s3;
  const isRemoval = record.eventName.startsWith("ObjectRemoved:");
  if (isRemoval && bucket.name === UPLOADS_BUCKET && queuesRemovals)
    queue.send(JSON.stringify({ Records: [record] }));
  if (isRemoval && bucket.name === UPLOADS_BUCKET) events.emit("removed", { key: decodeKey(object.key) });
  if (!record.eventName.startsWith("ObjectCreated:")) return;
  const stored: StoredObject = {
    key: decodeKey(object.key),
    eTag: object.eTag ?? "",
    sizeBytes: object.size ?? 0,
  };
  if (bucket.name === UPLOADS_BUCKET) {
    queue.send(JSON.stringify({ Records: [record] }));
    if (!isFolderMarker(stored)) events.emit("upload", stored);
  }
}

export function countMessages(queue: Queue, isolationQueue: Queue): StackQueueCounts {
  const { dead, ...isolation } = isolationQueue.counts();
  return { ...queue.counts(), dead, isolation };
}

export function announceQueues(queue: Queue, isolationQueue: Queue, events: StackEmitter): void {
  let isDue = false;
  const onChange = (): void => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      events.emit("queue", countMessages(queue, isolationQueue));
    }, ANNOUNCE_MS).unref();
  };
  queue.events.on("change", onChange);
  isolationQueue.events.on("change", onChange);
  isolationQueue.events.on("dead", (message) =>
    events.emit("dead", { ...message, key: readKey(message.body) }),
  );
}

function readKey(body: string): string | undefined {
  try {
    const { Records } = JSON.parse(body) as { Records?: { s3?: { object?: { key?: string } } }[] };
    const key = Records?.[0]?.s3?.object?.key;
    return key === undefined ? undefined : decodeKey(key);
  } catch {
    return undefined;
  }
}

export function decodeKey(encoded: string): string {
  return decodeURIComponent(encoded.replaceAll("+", " "));
}

export function forwardEvents(from: LambdaEmitter, to: StackEmitter): void {
  from.on("log", (line) => to.emit("log", line));
  from.on("emf", (line) => to.emit("emf", line));
  from.on("environment", (info) => to.emit("environment", info));
  from.on("invocation", (report) => to.emit("invocation", report));
}
