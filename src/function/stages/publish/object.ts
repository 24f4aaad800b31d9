import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { ClassifierError, messageOf } from "../../errors.ts";
import { compareSequencers, type ImageRef } from "../../image-ref.ts";
import type { Result } from "../../result.ts";
import { describeS3Error, unquoteETag } from "../../s3.ts";

/** `unchanged`: the same result stood there already. `superseded`: a result of a newer upload did. */
export type Published = "published" | "unchanged" | "superseded";

/** Each lost race means that somebody else published; so many in a row do not happen by chance. */
const MAX_RACES = 5;

/**
 * Writes the result to `<key>.json`, safe to repeat and safe out of order: a result is never replaced by one of an
 * older upload, and the common case is one request.
 *
 * The order of two results is that of their sequencers. Where one has none (S3 Batch Operations, direct), the one whose
 * bytes the key holds now is the newer; a later upload brings an event of its own, which finds this result older.
 * Every replacement is conditional on the result that was compared.
 *
 * @throws {ClassifierError} `PUBLISH_FAILED`
 */
export async function publishResult(
  s3: S3Client,
  resultsBucket: string,
  result: Result,
  signal: AbortSignal,
): Promise<Published> {
  const target = { Bucket: resultsBucket, Key: `${result.source.key}.json` };
  try {
    let replaced: string | undefined;
    for (let races = 0; races < MAX_RACES; races++) {
      if (await putResult(s3, target, result, replaced, signal)) return "published";
      const existing = await readResult(s3, target, signal);
      if (existing?.result !== undefined) {
        if (isSame(existing.result, result)) return "unchanged";
        if (!(await isNewer(s3, result.source, existing.result.source, signal))) return "superseded";
      }
      replaced = existing?.eTag;
    }
    throw new Error(`lost ${MAX_RACES} races against other writers`);
  } catch (cause) {
    const { code } = describeS3Error(cause);
    const where = `s3://${target.Bucket}/${target.Key}`;
    throw new ClassifierError("PUBLISH_FAILED", `${where}: ${code}, ${messageOf(cause)}`, cause);
  }
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
  const body = { Body: `${JSON.stringify(result, undefined, 2)}\n`, ContentType: "application/json" };
  try {
    await s3.send(new PutObjectCommand({ ...target, ...condition, ...body }), { abortSignal: signal });
    return true;
  } catch (error) {
    const { code, status } = describeS3Error(error);
    if (status === 412 || status === 409 || (status === 404 && code !== "NoSuchBucket")) return false;
    throw error;
  }
}

interface ExistingResult {
  readonly eTag: string | undefined;
  /** `undefined` when the object is no result of ours; it is replaced. */
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
    const { code, status } = describeS3Error(error);
    if (status === 404 && code !== "NoSuchBucket") return undefined;
    throw error;
  }
}

function parseResult(text: string): Result | undefined {
  try {
    const value = JSON.parse(text) as Partial<Result> | null;
    const isResult = typeof value?.source?.key === "string" && typeof value.model?.sha256 === "string";
    return isResult ? (value as Result) : undefined;
  } catch {
    return undefined;
  }
}

/** The same bytes, judged the same way by the same model: nothing would change but the time. */
function isSame(existing: Result, ours: Result): boolean {
  const { source: a } = existing;
  const { source: b } = ours;
  return (
    existing.status === ours.status &&
    existing.model.sha256 === ours.model.sha256 &&
    a.bucket === b.bucket &&
    a.eTag === b.eTag &&
    a.versionId === b.versionId &&
    (a.sequencer === b.sequencer || b.sequencer === undefined)
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
