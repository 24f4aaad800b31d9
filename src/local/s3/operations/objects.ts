import type { FileHandle } from "node:fs/promises";
import { type ChecksumAlgorithm, checksumHeader } from "../checksums.ts";
import { checkWriteConditions, isNotModified } from "../conditions.ts";
import type { Digests } from "../digest.ts";
import { s3Error } from "../errors.ts";
import type { ObjectEventName } from "../notification.ts";
import { openPayload } from "../payload.ts";
import { headerTags, objectHeaders } from "../properties.ts";
import { type ByteRange, parseRange, partRange } from "../range.ts";
import { header, type Operation, type S3Context, type S3Request, versionHeader } from "../request.ts";
import { addVersion, newVersionId, type ObjectVersion } from "../versions.ts";

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
  const { version, file } = await openObject(context, request);
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

/** The checksum of a whole object as it is stored; undefined without an algorithm. */
export function fullObjectChecksum(algorithm: ChecksumAlgorithm | undefined, result: Digests) {
  const value = algorithm && result.checksums.get(algorithm);
  if (algorithm === undefined || value === undefined) return undefined;
  return { algorithm, value: value.toString("base64"), type: "FULL_OBJECT" } as const;
}

/** `x-amz-checksum-<algorithm>` and `x-amz-checksum-type`, when the object has a checksum. */
export function checksumHeaders({ checksum }: Pick<ObjectVersion, "checksum">): Record<string, string> {
  if (checksum === undefined) return {};
  return { [checksumHeader(checksum.algorithm)]: checksum.value, "x-amz-checksum-type": checksum.type };
}

/** Makes a written data file the current version, under the request's conditions, and announces it. */
export async function commitObject(
  context: S3Context,
  request: S3Request,
  name: ObjectEventName,
  written: Omit<ObjectVersion, "versionId" | "lastModified" | "deleteMarker">,
): Promise<ObjectVersion> {
  const { store } = context;
  let version: ObjectVersion | undefined;
  try {
    await store.update(
      request.bucket,
      request.key,
      (versions, versioning) => {
        checkWriteConditions(request, versions);
        version = { ...written, versionId: newVersionId(versioning), lastModified: new Date().toISOString() };
        return addVersion(versions, version);
      },
      () => {
        if (version !== undefined) {
          context.notify(request, {
            name,
            size: version.size,
            eTag: version.eTag,
            versionId: version.versionId,
          });
        }
      },
    );
  } catch (error) {
    await store.data.remove([written.data]);
    throw error;
  }
  if (version === undefined) throw new Error("The store has not run the change that it was given.");
  return version;
}

/** The version that a request names, or the current one. Throws NoSuchKey, NoSuchVersion, MethodNotAllowed. */
export function findVersion(context: S3Context, { bucket, key, query }: S3Request): ObjectVersion {
  return selectVersion(context, bucket, key, query.get("versionId") ?? undefined);
}

/** As `findVersion`, for any key. */
export function selectVersion(
  { store }: S3Context,
  bucket: string,
  key: string,
  versionId: string | undefined,
): ObjectVersion {
  const versions = store.versions(bucket, key);
  const version = versionId ? versions.find((one) => one.versionId === versionId) : versions[0];
  if (version === undefined) {
    if (!versionId) throw s3Error("NoSuchKey", { details: { Key: key } });
    throw s3Error("NoSuchVersion", { details: { Key: key, VersionId: versionId } });
  }
  if (version.deleteMarker) {
    const headers = {
      "x-amz-delete-marker": "true",
      "x-amz-version-id": version.versionId,
      "last-modified": new Date(version.lastModified).toUTCString(),
    };
    if (!versionId) throw s3Error("NoSuchKey", { details: { Key: key }, headers });
    throw s3Error("MethodNotAllowed", { details: { Method: "GET", ResourceType: "DeleteMarker" }, headers });
  }
  return version;
}

/** Finds and opens the object; looks again when a write replaced it in between. */
async function openObject(
  context: S3Context,
  request: S3Request,
): Promise<{ version: ObjectVersion; file: FileHandle }> {
  for (;;) {
    const version = findVersion(context, request);
    try {
      return { version, file: await context.store.data.open(version.data) };
    } catch (error) {
      const replaced = (error as NodeJS.ErrnoException).code === "ENOENT";
      if (!replaced || findVersion(context, request).data === version.data) throw error;
    }
  }
}

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
  // S3 sends a checksum only with the bytes that it is of.
  const withChecksum =
    range === undefined && header(request, "x-amz-checksum-mode")?.toUpperCase() === "ENABLED";
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
