import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { ClassifierError, messageOf } from "../../errors.ts";
import { compareSequencers, type ImageRef } from "../../image-ref.ts";
import { outlasts, parseResult, type Result } from "../../result.ts";
import { describeS3Error, isMissingObject, unquoteETag } from "../../s3.ts";
import type { Published } from "./publisher.ts";

/** Each lost race means that somebody else published; so many in a row do not happen by chance. */
const MAX_RACES = 5;
const SUFFIX = ".json";
/** S3's limit, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024;

/**
 * Before an upload is worked on: whether its result can have a place at all.
 *
 * @throws {ClassifierError} `KEY_TOO_LONG`
 */
export function assertResultKey(key: string): void {
  const bytes = Buffer.byteLength(key) + SUFFIX.length;
  if (bytes <= MAX_KEY_BYTES) return;
  throw new ClassifierError(
    "KEY_TOO_LONG",
    `expected a key that leaves room for ${SUFFIX} within ${MAX_KEY_BYTES} bytes, got ${bytes} with it`,
  );
}

/**
 * Writes the result to `<key>.json`, safe to repeat and safe out of order: a result is never replaced by one of an
 * older upload, a classification never by a rejection of the same event, and the common case is one request.
 *
 * The order of two results is that of their sequencers. Where one has none (S3 Batch Operations, direct), the one whose
 * bytes the key holds now is the newer; a later upload brings an event of its own, which finds this result older.
 * Every replacement is conditional on the result that was compared.
 *
 * @throws {ClassifierError} `PUBLISH_FAILED`, `RESULT_KEY_TAKEN`
 */
export async function publishResult(
  s3: S3Client,
  resultsBucket: string,
  result: Result,
  signal: AbortSignal,
): Promise<Published> {
  const target = { Bucket: resultsBucket, Key: `${result.source.key}${SUFFIX}` };
  const where = `s3://${target.Bucket}/${target.Key}`;
  try {
    let replaced: string | undefined;
    for (let races = 0; races < MAX_RACES; races++) {
      if (await putResult(s3, target, result, replaced, signal)) return "published";
      const existing = await readResult(s3, target, signal);
      replaced = existing?.eTag;
      if (existing === undefined) continue;
      if (existing.result === undefined) {
        throw new ClassifierError("RESULT_KEY_TAKEN", `${where} holds an object that is no result`);
      }
      const standing = await compare(s3, existing.result, result, signal);
      if (standing !== undefined) return standing;
    }
    throw new Error(`lost ${MAX_RACES} races against other writers`);
  } catch (cause) {
    if (cause instanceof ClassifierError) throw cause;
    const { code } = describeS3Error(cause);
    throw new ClassifierError("PUBLISH_FAILED", `${where}: ${code}, ${messageOf(cause)}`, cause);
  }
}

/** @returns why the existing result stays, or `undefined` when ours replaces it */
async function compare(
  s3: S3Client,
  existing: Result,
  ours: Result,
  signal: AbortSignal,
): Promise<Published | undefined> {
  if (isSameEvent(existing.source, ours.source)) {
    if (outlasts(existing, ours)) return "kept";
    return isSameVerdict(existing, ours) ? "unchanged" : undefined;
  }
  return (await isNewer(s3, ours.source, existing.source, signal)) ? undefined : "superseded";
}

export interface Target {
  readonly Bucket: string;
  readonly Key: string;
}

/** @returns `false` when the condition no longer holds: 412, 409 in a race, 404 when the replaced one is gone */
async function putResult(
  s3: S3Client,
  target: Target,
  result: Result,
  replaced: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const condition = replaced === undefined ? { IfNoneMatch: "*" } : { IfMatch: replaced };
  const body = { Body: `${JSON.stringify(result)}\n`, ContentType: "application/json" };
  try {
    await s3.send(new PutObjectCommand({ ...target, ...condition, ...body }), { abortSignal: signal });
    return true;
  } catch (error) {
    const told = describeS3Error(error);
    if (told.status === 412 || told.status === 409 || isMissingObject(told)) return false;
    throw error;
  }
}

interface ExistingResult {
  readonly eTag: string | undefined;
  /** `undefined` when the object is no result of ours. */
  readonly result: Result | undefined;
}

/** @returns `undefined` when there is none any more */
export async function readResult(
  s3: S3Client,
  target: Target,
  signal: AbortSignal,
): Promise<ExistingResult | undefined> {
  try {
    const { Body, ETag } = await s3.send(new GetObjectCommand(target), { abortSignal: signal });
    return { eTag: ETag, result: parseResult((await Body?.transformToString()) ?? "") };
  } catch (error) {
    if (isMissingObject(describeS3Error(error))) return undefined;
    throw error;
  }
}

/** The same upload: by its sequencer where both know one, else by its bytes. */
function isSameEvent(a: ImageRef, b: ImageRef): boolean {
  if (a.bucket !== b.bucket) return false;
  if (a.sequencer !== undefined && b.sequencer !== undefined)
    return compareSequencers(a.sequencer, b.sequencer) === 0;
  return a.eTag === b.eTag && a.versionId === b.versionId;
}

/** Judged the same way by the same classifier: nothing would change but the time. */
function isSameVerdict(existing: Result, ours: Result): boolean {
  const codes = [existing, ours].map((result) =>
    result.status === "rejected" ? result.error.code : undefined,
  );
  return (
    existing.status === ours.status &&
    codes[0] === codes[1] &&
    existing.model.fingerprint === ours.model.fingerprint
  );
}

async function isNewer(
  s3: S3Client,
  ours: ImageRef,
  existing: ImageRef,
  signal: AbortSignal,
): Promise<boolean> {
  if (ours.bucket === existing.bucket && ours.sequencer !== undefined && existing.sequencer !== undefined) {
    return compareSequencers(ours.sequencer, existing.sequencer) >= 0;
  }
  return isCurrent(s3, ours, signal);
}

/** Whether the key holds these very bytes now; for an upload that was not found, whether it holds none. */
async function isCurrent(s3: S3Client, source: ImageRef, signal: AbortSignal): Promise<boolean> {
  try {
    const command = new HeadObjectCommand({ Bucket: source.bucket, Key: source.key });
    const { ETag, VersionId } = await s3.send(command, { abortSignal: signal });
    return unquoteETag(ETag) === source.eTag && (VersionId === undefined || VersionId === source.versionId);
  } catch (error) {
    if (describeS3Error(error).status === 404) return source.eTag === undefined;
    throw error;
  }
}
