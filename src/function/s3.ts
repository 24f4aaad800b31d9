import { S3Client } from "@aws-sdk/client-s3";
import type { Config } from "./config.ts";

/**
 * The S3 client. Region, credentials and `AWS_ENDPOINT_URL_S3` are the SDK's own to read. It checks the checksum that
 * S3 keeps of an object while the body streams, and sends one with what it writes.
 */
export function createS3Client(
  config: Pick<Config, "s3Attempts" | "s3ForcePathStyle" | "s3TimeoutMs">,
): S3Client {
  return new S3Client({
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
