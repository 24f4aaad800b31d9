import { checkWriteConditions, isNotModified } from "../conditions.ts";
import { s3Error } from "../errors.ts";
import { openPayload } from "../payload.ts";
import { headerTags, objectHeaders } from "../properties.ts";
import { type ByteRange, parseRange, partRange } from "../range.ts";
import { header, type Operation, type S3Context, type S3Request, versionHeader } from "../request.ts";
import type { ObjectVersion } from "../versions.ts";
import { checksumHeaders, commitObject, fullObjectChecksum } from "./commit.ts";
import { findVersion, openVersion } from "./find.ts";

export const putObject: Operation = async (context, request) => {
  const { store } = context;
  // Checked now, so that a large body is not sent in vain, and again when the write commits.
  checkWriteConditions(request, store.versions(request.bucket, request.key));
  if (request.headers["content-length"] === undefined && request.headers["transfer-encoding"] === undefined) {
    throw s3Error("MissingContentLength");
  }
  const properties = { headers: objectHeaders(request), tags: headerTags(request) };
  const payload = openPayload(request.headers, request.body);
  const data = await store.data.write(payload.chunks);
  const result = payload.result();
  const version = await commitObject(context, request, "ObjectCreated:Put", {
    ...properties,
    data,
    size: result.size,
    eTag: result.md5.toString("hex"),
    checksum: fullObjectChecksum(payload.algorithm, result),
  });
  return {
    status: 200,
    headers: {
      etag: `"${version.eTag}"`,
      ...checksumHeaders(version),
      ...versionHeader(version.versionId, store.bucket(request.bucket).versioning),
    },
  };
};

export const getObject: Operation = async (context, request) => {
  const { version, file } = await openVersion(context, () => findVersion(context, request));
  try {
    const { status, headers, range } = describe(context, request, version);
    if (status === 304 || version.size === 0) {
      await file.close();
      return { status, headers };
    }
    const stream = file.createReadStream({
      start: range.start,
      end: range.end - 1,
      highWaterMark: 256 * 1024,
    });
    return { status, headers, body: stream };
  } catch (error) {
    await file.close();
    throw error;
  }
};

export const headObject: Operation = async (context, request) => {
  const { status, headers } = describe(context, request, findVersion(context, request));
  return { status, headers };
};

const OVERRIDES = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
];

function describe(context: S3Context, request: S3Request, version: ObjectVersion) {
  const isCached = isNotModified(request, version);
  const part = request.query.get("partNumber");
  const range = isCached
    ? undefined
    : part === null
      ? parseRange(header(request, "range"), version.size)
      : partRange(part, version.size, version.partSizes);
  const bytes: ByteRange = range ?? { start: 0, end: version.size };
  const overrides: Record<string, string> = {};
  for (const name of OVERRIDES) {
    const value = request.query.get(`response-${name}`);
    if (value !== null) overrides[name] = value;
  }
  // S3 sends a checksum only with the bytes that it is of: clients check what they get, also the nothing of a 304.
  const withChecksum =
    !isCached && range === undefined && header(request, "x-amz-checksum-mode")?.toUpperCase() === "ENABLED";
  return {
    status: isCached ? 304 : range === undefined ? 200 : 206,
    range: bytes,
    headers: {
      ...version.headers,
      ...overrides,
      "accept-ranges": "bytes",
      etag: `"${version.eTag}"`,
      "last-modified": new Date(version.lastModified).toUTCString(),
      ...(isCached ? {} : { "content-length": String(bytes.end - bytes.start) }),
      ...(range && { "content-range": `bytes ${bytes.start}-${bytes.end - 1}/${version.size}` }),
      ...(part !== null && version.partSizes && { "x-amz-mp-parts-count": String(version.partSizes.length) }),
      ...(version.tags.length > 0 && { "x-amz-tagging-count": String(version.tags.length) }),
      ...(withChecksum && checksumHeaders(version)),
      ...versionHeader(version.versionId, context.store.bucket(request.bucket).versioning),
    },
  };
}
