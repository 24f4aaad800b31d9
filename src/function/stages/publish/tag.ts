import { GetObjectTaggingCommand, PutObjectTaggingCommand, type S3Client } from "@aws-sdk/client-s3";
import { messageOf } from "../../errors.ts";
import type { ClassifiedResult } from "../../result.ts";
import { describeS3Error } from "../../s3.ts";

/** Characters that S3 allows in a tag's value, in any script; others become `_`. */
const FORBIDDEN = /[^\p{L}\p{N} +\-=._:/@]/gu;
const MAX_VALUE_LENGTH = 256;

/**
 * Tags the upload with `label` and `score` of the best prediction, and keeps its other tags. S3 has no conditional
 * tagging: in a bucket without versioning an overwritten upload can carry the older tags for a moment.
 *
 * The result is published already, so what goes wrong here (ten tags of the uploader's own, a policy) fails nothing.
 *
 * @returns why the upload was not tagged, `undefined` when it was
 */
export async function tagUpload(
  s3: S3Client,
  result: ClassifiedResult,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { bucket, key, versionId } = result.source;
  const [best] = result.predictions;
  if (best === undefined) return undefined;
  const upload = { Bucket: bucket, Key: key, VersionId: versionId };
  const ours = {
    label: best.label.replaceAll(FORBIDDEN, "_").slice(0, MAX_VALUE_LENGTH),
    score: best.score.toFixed(4),
  };
  try {
    const { TagSet = [] } = await s3.send(new GetObjectTaggingCommand(upload), { abortSignal: signal });
    const tags = TagSet.filter(({ Key }) => Key === undefined || !Object.hasOwn(ours, Key));
    for (const [Key, Value] of Object.entries(ours)) tags.push({ Key, Value });
    await s3.send(new PutObjectTaggingCommand({ ...upload, Tagging: { TagSet: tags } }), {
      abortSignal: signal,
    });
    return undefined;
  } catch (cause) {
    const { code, status } = describeS3Error(cause);
    // Deleted meanwhile: there is nothing left to tag.
    return status === 404 ? undefined : `s3://${bucket}/${key} was not tagged: ${code}, ${messageOf(cause)}`;
  }
}
