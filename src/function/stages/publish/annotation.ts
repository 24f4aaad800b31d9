import { GetObjectAnnotationCommand, PutObjectAnnotationCommand, type S3Client } from "@aws-sdk/client-s3";
import { ClassifierError, messageOf } from "../../errors.ts";
import { outlasts, parseResult, type Result } from "../../result.ts";
import { askAgain, describeS3Error, isKeyRefused, isMissingObject } from "../../s3.ts";
import type { Published, Publisher } from "./publisher.ts";

/** S3's codes for an object that can have no annotation, or none any more. */
const REFUSALS = new Set(["AnnotationLimitExceeded", "InvalidRequest", "MethodNotAllowed", "NotImplemented"]);

/**
 * The result as an annotation of the very version that was judged, on condition of its ETag: it cannot describe other
 * bytes, so the order of events does not matter, and it goes when the upload goes. One request; a rejection takes another
 * one before it, so as not to replace a classification.
 *
 * @param onKept is told what stands where a rejection gave way
 */
export function annotationPublisher(
  s3: S3Client,
  name: string,
  onKept: (standing: Result, signal: AbortSignal) => Promise<unknown> = async () => {},
): Publisher {
  const read = async ({ source }: Result, signal: AbortSignal): Promise<Result | undefined> => {
    const { bucket: Bucket, key: Key, versionId: VersionId } = source;
    try {
      const command = new GetObjectAnnotationCommand({ Bucket, Key, VersionId, AnnotationName: name });
      const { AnnotationPayload } = await s3.send(command, { abortSignal: signal });
      return parseResult((await AnnotationPayload?.transformToString()) ?? "");
    } catch (error) {
      if (isMissingObject(describeS3Error(error))) return undefined;
      throw error;
    }
  };
  return {
    check: () => {},
    async publish(result, signal): Promise<Published> {
      const { bucket, key, versionId, eTag } = result.source;
      try {
        if (result.status === "rejected") {
          const existing = await read(result, signal);
          // Without versions the annotation can be that of other bytes only until ours fails on their ETag.
          const isOfSameBytes = eTag === undefined || existing?.source.eTag === eTag;
          if (existing !== undefined && isOfSameBytes && outlasts(existing, result)) {
            await onKept(existing, signal);
            return "kept";
          }
          if (existing?.status === "rejected" && existing.error.code === result.error.code)
            return "unchanged";
        }
        const command = new PutObjectAnnotationCommand({
          Bucket: bucket,
          Key: key,
          VersionId: versionId,
          ObjectIfMatch: eTag,
          AnnotationName: name,
          AnnotationPayload: JSON.stringify(result),
        });
        await s3.send(command, { abortSignal: signal });
        return "published";
      } catch (cause) {
        const told = describeS3Error(cause);
        const { code, status } = told;
        const isGone = isMissingObject(told) || (status === 405 && result.status === "rejected");
        if (isGone || status === 412) {
          await askAgain(s3, result.source, status, "PUBLISH_FAILED", signal);
          return isGone ? "gone" : "superseded";
        }
        const refused = REFUSALS.has(code) || isKeyRefused(cause);
        throw new ClassifierError(
          refused ? "ANNOTATION_REFUSED" : "PUBLISH_FAILED",
          `annotation ${name} of s3://${bucket}/${key}: ${code}, ${messageOf(cause)}`,
          cause,
        );
      }
    },
    flush: async () => {},
    flushMs: 0,
  };
}
