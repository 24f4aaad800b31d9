import { DeleteObjectCommand, HeadObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { ClassifierError, messageOf } from "../../errors.ts";
import { compareSequencers, type ImageRef } from "../../image-ref.ts";
import type { Result } from "../../result.ts";
import { describeS3Error, isMissingObject } from "../../s3.ts";
import { readResult, type Target } from "./object.ts";

const MAX_RACES = 5;

/**
 * Removes the result of an upload that was deleted: the one of the version that `removed` names, else the one that is not
 * newer than the removal. Safe to repeat and out of order: the delete is conditional on the result that was compared.
 *
 * @throws {ClassifierError} `PUBLISH_FAILED`
 */
export async function removeResult(
  s3: S3Client,
  resultsBucket: string,
  removed: ImageRef,
  signal: AbortSignal,
): Promise<void> {
  const target = { Bucket: resultsBucket, Key: `${removed.key}.json` };
  try {
    for (let races = 0; races < MAX_RACES; races++) {
      const existing = await readResult(s3, target, signal);
      if (existing?.result === undefined) return;
      if (!(await isOfRemoved(s3, existing.result, removed, signal))) return;
      if (await deleteResult(s3, target, existing.eTag, signal)) return;
    }
    throw new Error(`lost ${MAX_RACES} races against other writers`);
  } catch (cause) {
    const { code } = describeS3Error(cause);
    const where = `s3://${target.Bucket}/${target.Key}`;
    throw new ClassifierError("PUBLISH_FAILED", `${where}: ${code}, ${messageOf(cause)}`, cause);
  }
}

/**
 * Removes the result just published when the upload is not there any more: the removal may have been dealt with before.
 *
 * @returns whether it was removed
 * @throws {ClassifierError} `PUBLISH_FAILED`
 */
export async function removeIfGone(
  s3: S3Client,
  resultsBucket: string,
  ref: ImageRef,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await isGone(s3, ref, signal))) return false;
  const { versionId: _, ...wholeKey } = ref;
  await removeResult(s3, resultsBucket, wholeKey, signal);
  return true;
}

async function isOfRemoved(
  s3: S3Client,
  { source }: Result,
  removed: ImageRef,
  signal: AbortSignal,
): Promise<boolean> {
  if (source.bucket !== removed.bucket) return false;
  if (removed.versionId !== undefined) return source.versionId === removed.versionId;
  if (source.sequencer !== undefined && removed.sequencer !== undefined)
    return compareSequencers(source.sequencer, removed.sequencer) <= 0;
  // A backfill's result has no sequencer.
  return isGone(s3, removed, signal);
}

/** Whether the key has no object, or a delete marker on top. */
async function isGone(s3: S3Client, { bucket, key }: ImageRef, signal: AbortSignal): Promise<boolean> {
  try {
    await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
    return false;
  } catch (error) {
    const { code, status } = describeS3Error(error);
    if (status === 404) return true;
    throw new ClassifierError("PUBLISH_FAILED", `s3://${bucket}/${key}: ${code}, ${messageOf(error)}`, error);
  }
}

/** @returns `false` when the result is another one by now */
async function deleteResult(
  s3: S3Client,
  target: Target,
  eTag: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const condition = eTag === undefined ? {} : { IfMatch: eTag };
  try {
    await s3.send(new DeleteObjectCommand({ ...target, ...condition }), { abortSignal: signal });
    return true;
  } catch (error) {
    const told = describeS3Error(error);
    if (isMissingObject(told)) return true;
    if (told.status === 412 || told.status === 409) return false;
    throw error;
  }
}
