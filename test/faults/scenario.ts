import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { CopyObjectCommand, DeleteObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { Queue } from "../../src/local/queue.ts";
import type { ObjectEventRecord } from "../../src/local/s3/notification.ts";
import { below, pick, type Random } from "../hostile/mutations.ts";
import type { Ledger, Sent, Upload } from "./ledger.ts";
import type { KnownPicture } from "./pictures.ts";
import type { Reading } from "./standings.ts";

/** What is done to the events of a run. */
export const EVENT_FAULTS = [
  "twice",
  "late",
  "reordered",
  "malformed",
  "unknown-version",
  "deleted-later",
] as const;
export type EventFault = (typeof EVENT_FAULTS)[number];

export interface World {
  readonly s3: S3Client;
  readonly readings: readonly Reading[];
  readonly pictures: readonly KnownPicture[];
  /** The last record of an object; S3 announces a write before it answers. */
  readonly lastRecord: (bucket: string, key: string) => ObjectEventRecord | undefined;
}

/** Buckets of the simulation. The older bytes of an overwritten object lie in `archive` under its key. */
export const BUCKETS = [
  "uploads",
  { name: "versioned-uploads", versioning: true },
  { name: "results", versioning: true },
  "archive",
] as const;

/**
 * Uploads pictures under a few keys, some of them several times, and sends their events as the faults say.
 *
 * @returns when all has been sent
 */
export async function playScenario(
  world: World,
  { queue, drain }: { readonly queue: Queue; readonly drain: () => Promise<void> },
  ledger: Ledger,
  prefix: string,
  faults: ReadonlySet<EventFault>,
  random: Random,
): Promise<void> {
  const bucket = pick(["uploads", "versioned-uploads"], random);
  const bodies: string[] = [];
  const keys = 1 + below(4, random);
  for (let number = 0; number < keys; number++) {
    const key = `${prefix}${number}${pick(["", " ü+%&", "/deep/er"], random)}.jpg`;
    const versions = 1 + below(3, random);
    for (let version = 0; version < versions; version++) {
      const picture = pick(world.pictures, random);
      const { upload, record } = await uploadPicture(world, bucket, key, picture);
      ledger.uploads.push(upload);
      const body = bodyOf(record, below(3, random) === 0);
      ledger.sent.set(body, { tasks: 1, unreadable: false, upload });
      bodies.push(body);
      if (faults.has("twice")) bodies.push(body);
    }
    if (below(10, random) === 0) {
      await world.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
      ledger.deletedKeys.add(key);
    }
  }
  if (faults.has("malformed")) bodies.push(...malformed(prefix, ledger, random));
  if (faults.has("unknown-version")) bodies.push(ghost(prefix, ledger));
  if (faults.has("reordered")) bodies.sort(() => random() - 0.5);
  for (const body of bodies) {
    if (faults.has("late") && below(2, random) === 0) await sleep(below(120, random));
    queue.send(body);
  }
  if (faults.has("deleted-later")) {
    // All is classified; then the uploads go, and their events come once more.
    await drain();
    for (const { bucket: Bucket, key: Key } of ledger.uploads) {
      await world.s3.send(new DeleteObjectCommand({ Bucket, Key }));
      ledger.deletedKeys.add(Key);
    }
    for (const body of bodies) queue.send(body);
  }
}

async function uploadPicture(
  { s3, lastRecord }: World,
  bucket: string,
  key: string,
  picture: KnownPicture,
): Promise<{ upload: Upload; record: ObjectEventRecord }> {
  if (lastRecord(bucket, key) !== undefined) {
    const CopySource = `${bucket}/${encodeURIComponent(key)}`;
    await s3.send(new CopyObjectCommand({ Bucket: "archive", Key: key, CopySource }));
  }
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: picture.bytes }));
  const record = lastRecord(bucket, key);
  if (record === undefined) throw new Error(`expected S3 to announce ${bucket}/${key}`);
  const { eTag = "", versionId, sequencer } = record.s3.object;
  return { upload: { bucket, key, eTag, versionId, sequencer, picture }, record };
}

/** An S3 notification, or the same as an event of EventBridge. Its bodies differ, so that a body tells its message. */
function bodyOf(record: ObjectEventRecord, forEventBridge: boolean): string {
  if (!forEventBridge) return JSON.stringify({ Records: [record] });
  const { bucket, object } = record.s3;
  const { eTag: etag, size, sequencer, versionId } = object;
  const key = decodeURIComponent(object.key.replaceAll("+", " "));
  const detail = {
    bucket: { name: bucket.name },
    object: { key, size, etag, sequencer, "version-id": versionId },
  };
  return JSON.stringify({ source: "aws.s3", "detail-type": "Object Created", detail });
}

function malformed(prefix: string, ledger: Ledger, random: Random): string[] {
  const id = randomUUID();
  const bad = (fields: object) =>
    JSON.stringify({ Records: [{ eventSource: "aws:s3", eventName: "ObjectCreated:Put", id, ...fields }] });
  const object = { bucket: { name: "uploads" }, object: { key: `${prefix}never.jpg` } };
  const choices: [string, Sent][] = [
    [`not JSON ${id}`, { tasks: 1, unreadable: true }],
    [JSON.stringify({ id, hello: "world" }), { tasks: 1, unreadable: true }],
    [bad({ eventVersion: "2.1" }), { tasks: 1, unreadable: true }],
    [bad({ eventVersion: "3.0", s3: object }), { tasks: 1, unreadable: true }],
    [
      bad({ eventVersion: "2.1", s3: { ...object, object: { key: "%E0%A4%A" } } }),
      { tasks: 1, unreadable: true },
    ],
    [JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent", id }), { tasks: 0, unreadable: false }],
  ];
  return [pick(choices, random), pick(choices, random)].map(([body, sent]) => {
    ledger.sent.set(body, sent);
    return body;
  });
}

/** An event of a version that never was: S3 says so, and that is the result. */
function ghost(prefix: string, ledger: Ledger): string {
  const key = `${prefix}ghost.jpg`;
  const object = { key, versionId: "never-was", sequencer: "00" };
  const s3 = { bucket: { name: "versioned-uploads" }, object };
  const record = { eventVersion: "2.99", eventSource: "aws:s3", eventName: "ObjectCreated:Put", s3 };
  const body = JSON.stringify({ Records: [record] });
  ledger.ghostKeys.add(key);
  ledger.sent.set(body, { tasks: 1, unreadable: false, key });
  return body;
}
