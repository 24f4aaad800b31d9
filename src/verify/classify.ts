import { setTimeout as sleep } from "node:timers/promises";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { ResultDocument } from "../local/command/result.ts";
import type { Interruption } from "./interruption.ts";
import { type ResultPlace, readResult } from "./results.ts";

const POLL_MS = 200;

/** An image to upload. */
export interface Upload {
  readonly name: string;
  readonly key: string;
  readonly body: Uint8Array;
}

/** What became of an upload. */
export interface Answer {
  readonly name: string;
  readonly key: string;
  /** From the end of the upload until the result could be read, to 200 ms or so. */
  readonly latencyMs: number;
  /** Missing when none came in time. */
  readonly document?: ResultDocument;
}

/** Where images are uploaded to and results are read, and how long one is waited for. */
export interface Target extends ResultPlace {
  readonly timeoutMs: number;
  readonly interruption: Interruption;
}

/** Uploads an image and waits for its own result: one of these very bytes. */
export async function classify(target: Target, { name, key, body }: Upload): Promise<Answer> {
  const eTag = await upload(target, key, body);
  const uploadedAt = performance.now();
  const document = await waitForResult(target, key, eTag);
  return {
    name,
    key,
    latencyMs: performance.now() - uploadedAt,
    ...(document !== undefined && { document }),
  };
}

/** @returns the ETag, as results and events write it: without quotes */
export async function upload({ s3, uploadsBucket }: Target, key: string, body: Uint8Array): Promise<string> {
  const { ETag = "" } = await s3.send(new PutObjectCommand({ Bucket: uploadsBucket, Key: key, Body: body }));
  return ETag.replaceAll('"', "");
}

/** The result of the upload with this ETag; `undefined` when none came in time. */
export async function waitForResult(
  target: Target,
  key: string,
  eTag: string,
): Promise<ResultDocument | undefined> {
  const end = performance.now() + target.timeoutMs;
  for (;;) {
    const document = await readResult(target, key);
    if (document?.source?.eTag === eTag) return document;
    if (target.interruption.isOver(end)) return undefined;
    await sleep(POLL_MS);
  }
}

/**
 * Runs `work` on each item, so many at a time, and keeps the order. After an error or an interruption nothing more is
 * begun; it ends when nothing is under way.
 */
export async function mapLimited<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
  interruption: Interruption,
): Promise<R[]> {
  const results: R[] = [];
  const errors: unknown[] = [];
  const queue = items.entries();
  const run = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (errors.length > 0 || interruption.isRequested) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, run));
  if (errors.length > 0) throw errors[0];
  return results;
}
