import { type ChecksumAlgorithm, parseAlgorithm } from "../checksums.ts";
import { checkWriteConditions, isNotModified } from "../conditions.ts";
import { type Digests, digestStream } from "../digest.ts";
import { s3Error } from "../errors.ts";
import { headerTags, objectHeaders } from "../properties.ts";
import type { ByteRange } from "../range.ts";
import { header, type Operation, type S3Context, type S3Request, versionHeader } from "../request.ts";
import type { Annotation, ObjectVersion } from "../versions.ts";
import { xmlDocument } from "../xml.ts";
import { checksumElements, commitObject, fullObjectChecksum } from "./commit.ts";
import { openVersion, selectVersion } from "./find.ts";
import { partNumber, storePart, uploadOf } from "./multipart.ts";

const REPLACE = "REPLACE";

export const copyObject: Operation = async (context, request) => {
  const { store } = context;
  const source = parseCopySource(request);
  const replacesMetadata = isReplaced(request, "x-amz-metadata-directive");
  const copiesAnnotations = isAnnotationsCopied(request);
  const replacesTags = isReplaced(request, "x-amz-tagging-directive");
  const isItself = source.bucket === request.bucket && source.key === request.key;
  if (isItself && source.versionId === undefined && !replacesMetadata) {
    throw s3Error("InvalidRequest", {
      message:
        "This copy request is illegal because it is trying to copy an object to itself without changing the " +
        "object's metadata, storage class, website redirect location or encryption attributes.",
    });
  }
  checkWriteConditions(request, store.versions(request.bucket, request.key));
  const wanted = header(request, "x-amz-checksum-algorithm");
  const copy = await copyBytes(
    context,
    request,
    source,
    wanted === undefined ? undefined : parseAlgorithm(wanted),
  );
  const version = await commitObject(context, request, "ObjectCreated:Copy", {
    headers: replacesMetadata ? objectHeaders(request) : copy.source.headers,
    tags: replacesTags ? headerTags(request) : copy.source.tags,
    ...(copiesAnnotations && { annotations: await copyAnnotations(context, copy.source) }),
    data: copy.data,
    size: copy.digests.size,
    eTag: copy.digests.md5.toString("hex"),
    checksum: fullObjectChecksum(copy.algorithm, copy.digests),
  });
  const { versioning } = store.bucket(request.bucket);
  const sourceVersioning = store.bucket(source.bucket).versioning;
  return {
    headers: {
      ...versionHeader(version.versionId, versioning),
      "x-amz-copy-source-version-id": sourceVersioning === "Off" ? undefined : copy.source.versionId,
    },
    body: xmlDocument("CopyObjectResult", {
      LastModified: version.lastModified,
      ETag: `"${version.eTag}"`,
      ...checksumElements(version.checksum),
    }),
  };
};

export const uploadPartCopy: Operation = async (context, request) => {
  const upload = uploadOf(context, request);
  const number = partNumber(request);
  const algorithm = upload.checksum?.algorithm;
  const { data, digests } = await copyBytes(context, request, parseCopySource(request), algorithm);
  const part = await storePart(context, upload, number, data, digests, algorithm);
  return {
    body: xmlDocument("CopyPartResult", {
      LastModified: part.lastModified,
      ETag: `"${part.eTag}"`,
      ...checksumElements(part.checksum, false),
    }),
  };
};

/** Annotations go along with a copy, unless `x-amz-object-annotation-directive` excludes them. */
function isAnnotationsCopied(request: S3Request): boolean {
  const name = "x-amz-object-annotation-directive";
  const value = header(request, name) ?? "COPY";
  if (value !== "COPY" && value !== "EXCLUDE") {
    throw s3Error("InvalidArgument", { message: `Expected ${name} COPY or EXCLUDE, received ${value}.` });
  }
  return value === "COPY";
}

async function copyAnnotations({ store }: S3Context, source: ObjectVersion): Promise<Annotation[]> {
  const copies: Annotation[] = [];
  for (const annotation of source.annotations ?? []) {
    copies.push({ ...annotation, data: await store.data.write(store.data.read(annotation.data)) });
  }
  return copies;
}

interface CopySource {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | undefined;
}

/** Reads `x-amz-copy-source`: `[/]bucket/key[?versionId=id]`, URL-encoded. Throws InvalidArgument. */
function parseCopySource(request: S3Request): CopySource {
  const [path = "", versionId] = (header(request, "x-amz-copy-source") ?? "").split("?versionId=");
  try {
    const match = /^\/?([^/]+)\/(.+)$/s.exec(decodeURIComponent(path));
    const [, bucket, key] = match ?? [];
    if (bucket !== undefined && key !== undefined) return { bucket, key, versionId };
  } catch {
    // Not URL-encoded: answered below like any other unreadable source.
  }
  throw s3Error("InvalidArgument", {
    message: "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
    details: { ArgumentName: "x-amz-copy-source", ArgumentValue: path },
  });
}

function isReplaced(request: S3Request, directive: string): boolean {
  const value = header(request, directive) ?? "COPY";
  if (value !== "COPY" && value !== REPLACE) {
    throw s3Error("InvalidArgument", {
      message: `Expected ${directive} COPY or REPLACE, received ${value}.`,
    });
  }
  return value === REPLACE;
}

/** Copies the source's bytes, or its `x-amz-copy-source-range`, to a new data file. */
async function copyBytes(
  context: S3Context,
  request: S3Request,
  { bucket, key, versionId }: CopySource,
  wanted: ChecksumAlgorithm | undefined,
): Promise<{
  source: ObjectVersion;
  data: string;
  digests: Digests;
  algorithm: ChecksumAlgorithm | undefined;
}> {
  const find = () => selectVersion(context, bucket, key, versionId);
  const { version: source, file } = await openVersion(context, find);
  const algorithm = wanted ?? source.checksum?.algorithm;
  try {
    if (isNotModified(request, source, "x-amz-copy-source-")) throw s3Error("PreconditionFailed");
    const { start, end } = copyRange(request, source.size);
    const bytes = start === end ? none() : file.createReadStream({ start, end: end - 1, autoClose: false });
    const stream = digestStream(bytes as AsyncIterable<Buffer>, algorithm === undefined ? [] : [algorithm]);
    const data = await context.store.data.write(stream.chunks);
    return { source, data, digests: stream.result(), algorithm };
  } finally {
    await file.close();
  }
}

function copyRange(request: S3Request, size: number): ByteRange {
  const value = header(request, "x-amz-copy-source-range");
  if (value === undefined) return { start: 0, end: size };
  const match = /^bytes=(\d+)-(\d+)$/.exec(value);
  const [start, last] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || last < start || last >= size) {
    throw s3Error("InvalidArgument", {
      message: `Expected x-amz-copy-source-range bytes=first-last within ${size} bytes, received ${value}.`,
    });
  }
  return { start, end: last + 1 };
}

async function* none(): AsyncGenerator<Buffer> {}
