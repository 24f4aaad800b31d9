import { s3Error } from "./errors.ts";

type Level = "service" | "bucket" | "object";

// In each group the first row matches whose query parameters are all there. Operations that this endpoint does
// not serve are named as well, so that the answer NotImplemented can say which one was asked for.
const ROUTES = [
  ["service", "GET", [], "ListBuckets"],

  ["bucket", "GET", ["location"], "GetBucketLocation"],
  ["bucket", "GET", ["accelerate"], "GetBucketAccelerateConfiguration"],
  ["bucket", "GET", ["acl"], "GetBucketAcl"],
  ["bucket", "GET", ["cors"], "GetBucketCors"],
  ["bucket", "GET", ["encryption"], "GetBucketEncryption"],
  ["bucket", "GET", ["lifecycle"], "GetBucketLifecycleConfiguration"],
  ["bucket", "GET", ["logging"], "GetBucketLogging"],
  ["bucket", "GET", ["notification"], "GetBucketNotificationConfiguration"],
  ["bucket", "GET", ["object-lock"], "GetObjectLockConfiguration"],
  ["bucket", "GET", ["ownershipControls"], "GetBucketOwnershipControls"],
  ["bucket", "GET", ["policy"], "GetBucketPolicy"],
  ["bucket", "GET", ["policyStatus"], "GetBucketPolicyStatus"],
  ["bucket", "GET", ["publicAccessBlock"], "GetPublicAccessBlock"],
  ["bucket", "GET", ["replication"], "GetBucketReplication"],
  ["bucket", "GET", ["requestPayment"], "GetBucketRequestPayment"],
  ["bucket", "GET", ["tagging"], "GetBucketTagging"],
  ["bucket", "GET", ["website"], "GetBucketWebsite"],
  ["bucket", "GET", ["versioning"], "GetBucketVersioning"],
  ["bucket", "GET", ["versions"], "ListObjectVersions"],
  ["bucket", "GET", ["uploads"], "ListMultipartUploads"],
  ["bucket", "GET", ["list-type"], "ListObjectsV2"],
  ["bucket", "GET", [], "ListObjects"],
  ["bucket", "HEAD", [], "HeadBucket"],
  ["bucket", "PUT", ["versioning"], "PutBucketVersioning"],
  ["bucket", "PUT", [], "CreateBucket"],
  ["bucket", "DELETE", [], "DeleteBucket"],
  ["bucket", "POST", ["delete"], "DeleteObjects"],
  ["bucket", "POST", [], "PostObject"],

  ["object", "GET", ["acl"], "GetObjectAcl"],
  ["object", "GET", ["attributes"], "GetObjectAttributes"],
  ["object", "GET", ["annotation", "annotationName"], "GetObjectAnnotation"],
  ["object", "GET", ["annotation"], "ListObjectAnnotations"],
  ["object", "GET", ["tagging"], "GetObjectTagging"],
  ["object", "GET", ["uploadId"], "ListParts"],
  ["object", "GET", [], "GetObject"],
  ["object", "HEAD", [], "HeadObject"],
  ["object", "PUT", ["annotation"], "PutObjectAnnotation"],
  ["object", "PUT", ["tagging"], "PutObjectTagging"],
  ["object", "PUT", ["uploadId", "partNumber"], "UploadPart"],
  ["object", "PUT", [], "PutObject"],
  ["object", "DELETE", ["annotation"], "DeleteObjectAnnotation"],
  ["object", "DELETE", ["tagging"], "DeleteObjectTagging"],
  ["object", "DELETE", ["uploadId"], "AbortMultipartUpload"],
  ["object", "DELETE", [], "DeleteObject"],
  ["object", "POST", ["uploads"], "CreateMultipartUpload"],
  ["object", "POST", ["uploadId"], "CompleteMultipartUpload"],
] as const satisfies readonly (readonly [Level, string, readonly string[], string])[];

// Subresources of S3 that are not served, but for those in a row above: a request for one must never fall through to a
// plain operation (`PUT /bucket?policy` is not CreateBucket).
const NOT_SERVED = new Set(
  (
    "abac accelerate acl analytics attributes cors encryption intelligent-tiering inventory legal-hold lifecycle " +
    "logging metadataConfiguration metadataTable metrics notification object-lock ownershipControls policy " +
    "policyStatus publicAccessBlock renameObject replication requestPayment restore retention select session " +
    "torrent website"
  ).split(" "),
);
const NOT_SERVED_ON_BUCKET = new Set(["tagging"]);

/** Operation names as the S3 API reference spells them. */
export type OperationName = (typeof ROUTES)[number][3] | "CopyObject" | "UploadPartCopy";

/** What a request asks for; `bucket` and `key` are decoded, "" where there is none. */
export interface Route {
  readonly operation: OperationName;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
}

/** `uploads.localhost:4401`: SDKs address a bucket so where path style is not asked for. */
const BUCKET_HOST = /^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.localhost(?::\d+)?$/;

/**
 * Splits a path-style URL, or one whose host names the bucket, and names the operation.
 *
 * Throws InvalidURI, MethodNotAllowed or NotImplemented.
 */
export function parseRoute(method: string, host: string, url: string, isCopy: boolean): Route {
  const hostBucket = BUCKET_HOST.exec(host)?.[1];
  const target = url.replace(/^https?:\/\/[^/?]*/i, "");
  const { bucket, key, query } = parseTarget(hostBucket === undefined ? target : `/${hostBucket}${target}`);
  const level: Level = bucket === "" ? "service" : key === "" ? "bucket" : "object";
  const row = ROUTES.find(
    ([rowLevel, rowMethod, names]) =>
      rowLevel === level && rowMethod === method && names.every((name) => query.has(name)),
  );
  for (const name of query.keys()) {
    if ((row?.[2] as readonly string[] | undefined)?.includes(name)) continue;
    if (NOT_SERVED.has(name) || (level === "bucket" && NOT_SERVED_ON_BUCKET.has(name))) {
      const message = `${method} ${level} ?${name} is not implemented by the local S3 endpoint.`;
      throw s3Error("NotImplemented", { message });
    }
  }
  if (row === undefined)
    throw s3Error("MethodNotAllowed", { details: { Method: method, ResourceType: level } });
  return { operation: copyOf(row[3], isCopy), bucket, key, query };
}

function copyOf(operation: OperationName, isCopy: boolean): OperationName {
  if (isCopy && operation === "PutObject") return "CopyObject";
  if (isCopy && operation === "UploadPart") return "UploadPartCopy";
  return operation;
}

function parseTarget(target: string): { bucket: string; key: string; query: URLSearchParams } {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1));
  // Neither `..` nor `//` means anything in a key: the path is split once and never normalised.
  const slash = path.indexOf("/", 1);
  const bucket = decode(slash < 0 ? path.slice(1) : path.slice(1, slash));
  const key = slash < 0 ? "" : decode(path.slice(slash + 1));
  if (Buffer.byteLength(key) > 1024) throw s3Error("KeyTooLongError");
  return { bucket, key, query };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw s3Error("InvalidURI");
  }
}
