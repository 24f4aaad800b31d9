import { encodeKey } from "../encoding.ts";
import { s3Error } from "../errors.ts";
import { listPage, sortedKeys } from "../listing.ts";
import type { Operation, S3Request } from "../request.ts";
import { currentObject, type ObjectVersion } from "../versions.ts";
import { type XmlElement, xmlDocument } from "../xml.ts";
import { OWNER } from "./buckets.ts";

const MAX_KEYS = 1000;

export const listObjectsV2: Operation = async ({ store }, request) => {
  const { query } = request;
  const objects = store.bucket(request.bucket).objects;
  const token = query.get("continuation-token");
  const startAfter = query.get("start-after");
  const page = listPage(sortedKeys(objects), (key) => entry(key, currentObject(objects.get(key) ?? [])), {
    ...pageOptions(request),
    ...(token === null ? { after: startAfter ?? "" } : readToken(token)),
  });
  const encode = keyEncoder(request);
  const withOwner = query.get("fetch-owner") === "true";
  return {
    body: xmlDocument("ListBucketResult", {
      ...commonElements(request, encode),
      KeyCount: page.entries.length + page.commonPrefixes.length,
      IsTruncated: page.next !== undefined,
      ContinuationToken: token ?? undefined,
      NextContinuationToken: page.next && writeToken(page.next),
      StartAfter: startAfter === null ? undefined : encode(startAfter),
      Contents: page.entries.map((item) => contents(item, encode, withOwner)),
      CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
    }),
  };
};

/** Version 1 of the listing, which older clients still ask for. */
export const listObjects: Operation = async ({ store }, request) => {
  const objects = store.bucket(request.bucket).objects;
  const marker = request.query.get("marker") ?? "";
  const options = pageOptions(request);
  const isPrefix = options.delimiter !== "" && marker.endsWith(options.delimiter);
  const page = listPage(sortedKeys(objects), (key) => entry(key, currentObject(objects.get(key) ?? [])), {
    ...options,
    after: marker,
    afterPrefix: isPrefix,
  });
  const encode = keyEncoder(request);
  return {
    body: xmlDocument("ListBucketResult", {
      ...commonElements(request, encode),
      Marker: encode(marker),
      NextMarker: page.next === undefined ? undefined : encode(page.next.after),
      IsTruncated: page.next !== undefined,
      Contents: page.entries.map((item) => contents(item, encode, true)),
      CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
    }),
  };
};

/** All versions of all keys; a page ends between keys, so that it may hold more than max-keys of a key's versions. */
export const listObjectVersions: Operation = async ({ store }, request) => {
  const objects = store.bucket(request.bucket).objects;
  const marker = request.query.get("key-marker") ?? "";
  const page = listPage(sortedKeys(objects), (key) => ({ key, versions: objects.get(key) ?? [] }), {
    ...pageOptions(request),
    after: marker,
  });
  const encode = keyEncoder(request);
  const versions: XmlElement[] = [];
  const markers: XmlElement[] = [];
  for (const { key, versions: all } of page.entries) {
    for (const [index, version] of all.entries()) {
      const which = { Key: encode(key), VersionId: version.versionId, IsLatest: index === 0 };
      if (version.deleteMarker) markers.push({ ...which, LastModified: version.lastModified, Owner: OWNER });
      else versions.push({ ...which, ...describe(version), Owner: OWNER });
    }
  }
  return {
    body: xmlDocument("ListVersionsResult", {
      ...commonElements(request, encode),
      KeyMarker: encode(marker),
      NextKeyMarker: page.next === undefined ? undefined : encode(page.next.after),
      IsTruncated: page.next !== undefined,
      Version: versions,
      DeleteMarker: markers,
      CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
    }),
  };
};

/** `max-…` of a listing: 1000 at most. Throws InvalidArgument. */
export function pageSize(request: S3Request, name = "max-keys"): number {
  const text = request.query.get(name) ?? String(MAX_KEYS);
  const size = Number(text);
  if (text === "" || !Number.isInteger(size) || size < 0 || size > 2 ** 31 - 1) {
    const message = `Argument ${name} must be an integer between 0 and 2147483647, received ${text}.`;
    throw s3Error("InvalidArgument", { message, details: { ArgumentName: name, ArgumentValue: text } });
  }
  return Math.min(size, MAX_KEYS);
}

/** How a listing writes keys: plainly, or URL-encoded under `encoding-type=url`. */
export function keyEncoder(request: S3Request): (key: string) => string {
  return request.query.get("encoding-type") === "url" ? encodeKey : (key) => key;
}

function pageOptions(request: S3Request) {
  return {
    prefix: request.query.get("prefix") ?? "",
    delimiter: request.query.get("delimiter") ?? "",
    maxKeys: pageSize(request),
  };
}

function commonElements(request: S3Request, encode: (key: string) => string): XmlElement {
  const { prefix, delimiter, maxKeys } = pageOptions(request);
  return {
    Name: request.bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter === "" ? undefined : encode(delimiter),
    MaxKeys: maxKeys,
    EncodingType: request.query.get("encoding-type") ?? undefined,
  };
}

function entry(key: string, version: ObjectVersion | undefined) {
  return version === undefined ? undefined : { key, version };
}

function contents(
  { key, version }: { key: string; version: ObjectVersion },
  encode: (key: string) => string,
  withOwner: boolean,
): XmlElement {
  return { Key: encode(key), ...describe(version), Owner: withOwner ? OWNER : undefined };
}

function describe({ eTag, size, lastModified, checksum }: ObjectVersion): XmlElement {
  return {
    LastModified: lastModified,
    ETag: `"${eTag}"`,
    ChecksumAlgorithm: checksum?.algorithm,
    ChecksumType: checksum?.type,
    Size: size,
    StorageClass: "STANDARD",
  };
}

function writeToken(next: { after: string; afterPrefix: boolean }): string {
  return Buffer.from(JSON.stringify(next)).toString("base64url");
}

function readToken(token: string): { after: string; afterPrefix: boolean } {
  try {
    const { after, afterPrefix } = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as {
      after: unknown;
      afterPrefix: unknown;
    };
    if (typeof after === "string" && typeof afterPrefix === "boolean") return { after, afterPrefix };
  } catch {
    // Answered below like any other foreign token.
  }
  throw s3Error("InvalidArgument", { message: "The continuation token provided is incorrect." });
}
