import { HeadObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { Config } from "./config.ts";
import { ClassifierError, type ErrorCode } from "./errors.ts";
import type { ImageRef } from "./image-ref.ts";
import { createLeanS3Client } from "./lean-s3-client.ts";

/**
 * The S3 client. Region, credentials and `AWS_ENDPOINT_URL_S3` are the SDK's own to read. It checks the checksum that
 * S3 keeps of an object while the body streams, and sends one with what it writes.
 */
export function createS3Client(
  config: Pick<Config, "s3Attempts" | "s3ForcePathStyle" | "s3TimeoutMs">,
): S3Client {
  return createLeanS3Client({
    maxAttempts: config.s3Attempts,
    forcePathStyle: config.s3ForcePathStyle,
    requestHandler: { connectionTimeout: config.s3TimeoutMs, socketTimeout: config.s3TimeoutMs },
  });
}

/** S3's error code (`NoSuchKey`, `AccessDenied`, …) and HTTP status of something that the client threw. */
export function describeS3Error(thrown: unknown): { code: string; status: number | undefined } {
  if (!(thrown instanceof Error)) return { code: String(thrown), status: undefined };
  const { $metadata: metadata } = thrown as { $metadata?: { httpStatusCode?: number } };
  return { code: thrown.name, status: metadata?.httpStatusCode };
}

/** Whether S3 says that the object is not there; that the bucket is not is another thing. */
export function isMissingObject({ code, status }: ReturnType<typeof describeS3Error>): boolean {
  return status === 404 && code !== "NoSuchBucket";
}

/**
 * "It is not there" (404, 405) or "it was overwritten" (412), said wrongly, would lose an upload for good: it is believed
 * only when S3 says the same twice.
 *
 * @throws {ClassifierError} `code` when it does not
 */
export async function askAgain(
  s3: S3Client,
  ref: ImageRef,
  status: number | undefined,
  code: ErrorCode,
  signal: AbortSignal,
): Promise<void> {
  const { bucket: Bucket, key: Key, versionId: VersionId, eTag: IfMatch } = ref;
  let second: ReturnType<typeof describeS3Error> = { code: "OK", status: 200 };
  try {
    await s3.send(new HeadObjectCommand({ Bucket, Key, VersionId, IfMatch }), { abortSignal: signal });
  } catch (cause) {
    second = describeS3Error(cause);
  }
  if (second.status === status) return;
  const message = `${nameOfUpload(ref)}: S3 answered ${status}, and when asked again ${second.status ?? second.code}`;
  throw new ClassifierError(code, message);
}

/** An upload for people. */
export function nameOfUpload({ bucket, key, versionId }: ImageRef): string {
  return `s3://${bucket}/${key}${versionId === undefined ? "" : `?versionId=${versionId}`}`;
}

/** KMS's own errors, which S3 names after it, that pass by themselves. */
const KMS_BUSY = /^KMS\.(Throttling|Limit|DependencyTimeout|KeyUnavailable|\w*Internal)/i;

/**
 * Whether an object's key in KMS is refused: it is disabled, not there, or the role may not use it, which S3 says by naming
 * the action. A KMS that is too busy refuses nothing.
 */
export function isKeyRefused(thrown: unknown): boolean {
  const { code, status } = describeS3Error(thrown);
  if ((status !== 400 && status !== 403) || KMS_BUSY.test(code)) return false;
  return /^KMS\./i.test(code) || (thrown instanceof Error && /\bkms:/i.test(thrown.message));
}

/** S3's ETag header as events write it: without quotes. */
export function unquoteETag(eTag: string | undefined): string | undefined {
  return eTag?.replaceAll('"', "");
}
