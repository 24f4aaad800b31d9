import { s3Error } from "./errors.ts";
import { header, type S3Request } from "./request.ts";
import { currentObject, type ObjectVersion, type Versions } from "./versions.ts";

/**
 * The conditions of a write, `If-None-Match: *` and `If-Match: <etag>`, on the current object. Throws
 * PreconditionFailed, NoSuchKey for If-Match on nothing, NotImplemented for If-None-Match with an ETag.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function checkWriteConditions(request: S3Request, versions: Versions): void {
  const ifNoneMatch = header(request, "if-none-match");
  const ifMatch = header(request, "if-match");
  const current = currentObject(versions);
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch !== "*") {
      throw s3Error("NotImplemented", {
        message: "If-None-Match of a write is served only with the value *.",
      });
    }
    if (current !== undefined) throw failed("If-None-Match");
  }
  if (ifMatch !== undefined) {
    if (current === undefined) throw s3Error("NoSuchKey", { details: { Key: request.key } });
    if (!matchesETag(ifMatch, current.eTag)) throw failed("If-Match");
  }
}

/**
 * The conditions of a read, in the order of RFC 9110, section 13.2.2. `prefix` is `x-amz-copy-source-` for the
 * source of a copy. Returns whether the reader already has this version (304); throws PreconditionFailed.
 */
export function isNotModified(
  request: S3Request,
  { eTag, lastModified }: ObjectVersion,
  prefix = "",
): boolean {
  const modifiedAt = seconds(lastModified);
  const ifMatch = header(request, `${prefix}if-match`);
  const ifUnmodified = header(request, `${prefix}if-unmodified-since`);
  if (ifMatch !== undefined) {
    if (!matchesETag(ifMatch, eTag)) throw failed("If-Match");
  } else if (ifUnmodified !== undefined && modifiedAt > seconds(ifUnmodified)) {
    throw failed("If-Unmodified-Since");
  }
  const ifNoneMatch = header(request, `${prefix}if-none-match`);
  if (ifNoneMatch !== undefined) return matchesETag(ifNoneMatch, eTag);
  const ifModified = header(request, `${prefix}if-modified-since`);
  return ifModified !== undefined && modifiedAt <= seconds(ifModified);
}

/** HTTP dates have no fractions of a second. An unreadable date is NaN, which satisfies no comparison. */
function seconds(date: string): number {
  return Math.floor(Date.parse(date) / 1000);
}

function matchesETag(list: string, eTag: string): boolean {
  return list.split(",").some((item) => {
    const wanted = item.trim().replace(/^W\//, "").replaceAll('"', "");
    return wanted === "*" || wanted === eTag;
  });
}

function failed(condition: string): Error {
  return s3Error("PreconditionFailed", { details: { Condition: condition } });
}
