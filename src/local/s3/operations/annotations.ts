import { s3Error } from "../errors.ts";
import type { ObjectEventName } from "../notification.ts";
import { openPayload } from "../payload.ts";
import { header, type Operation, type S3Context, type S3Request } from "../request.ts";
import type { Annotation, ObjectVersion } from "../versions.ts";
import { xmlDocument } from "../xml.ts";
import { checksumHeaders, fullObjectChecksum } from "./commit.ts";
import { findVersion } from "./find.ts";

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/annotations-overview.html
const MAX_BYTES = 2 ** 20;
const MAX_NAME_BYTES = 512;
const MAX_ANNOTATIONS = 1000;
const NAME = /^(?!aws|s3)[\p{L}\p{N}_.-]+$/iu;

export const putObjectAnnotation: Operation = async (context, request) => {
  const name = annotationName(request);
  checkObject(request, findVersion(context, request));
  const payload = openPayload(request.headers, request.body);
  const bytes = await readPayload(payload.chunks);
  const { md5, size } = payload.result();
  const checksum = fullObjectChecksum(payload.algorithm, payload.result());
  const data = await context.store.data.write(only(bytes));
  const annotation: Annotation = {
    name,
    size,
    eTag: md5.toString("hex"),
    lastModified: new Date().toISOString(),
    ...(checksum && { checksum }),
    data,
  };
  try {
    const version = await change(context, request, "ObjectAnnotation:Put", (before) => {
      const others = before.filter((other) => other.name !== name);
      if (others.length >= MAX_ANNOTATIONS) throw s3Error("AnnotationLimitExceeded");
      return [...others, annotation].sort((a, b) => (a.name < b.name ? -1 : 1));
    });
    return {
      headers: {
        etag: `"${annotation.eTag}"`,
        "x-amz-object-version-id": version.versionId,
        ...checksumHeaders(annotation),
      },
      body: xmlDocument("PutObjectAnnotationResult", { Key: request.key, AnnotationName: name }),
    };
  } catch (error) {
    await context.store.data.remove([data]);
    throw error;
  }
};

export const getObjectAnnotation: Operation = async (context, request) => {
  const version = findVersion(context, request);
  const annotation = findAnnotation(request, version);
  const file = await context.store.data.open(annotation.data);
  const withChecksum = header(request, "x-amz-checksum-mode")?.toUpperCase() === "ENABLED";
  return {
    status: 200,
    headers: {
      "content-length": String(annotation.size),
      "content-type": "binary/octet-stream",
      etag: `"${annotation.eTag}"`,
      "last-modified": new Date(annotation.lastModified).toUTCString(),
      "x-amz-object-version-id": version.versionId,
      ...(withChecksum && checksumHeaders(annotation)),
    },
    body: file.createReadStream(),
  };
};

export const listObjectAnnotations: Operation = async (context, request) => {
  const version = findVersion(context, request);
  const { query } = request;
  const prefix = query.get("annotation-prefix") ?? undefined;
  const token = query.get("continuation-token") ?? undefined;
  const most = Number(query.get("max-annotation-results") ?? MAX_ANNOTATIONS);
  if (!Number.isInteger(most) || most < 1 || most > MAX_ANNOTATIONS) {
    throw s3Error("InvalidArgument", {
      message: `Expected max-annotation-results from 1 to ${MAX_ANNOTATIONS}.`,
    });
  }
  const after = token === undefined ? "" : Buffer.from(token, "base64url").toString("utf8");
  const matching = (version.annotations ?? []).filter(
    ({ name }) => name > after && name.startsWith(prefix ?? ""),
  );
  const page = matching.slice(0, most);
  const last = matching.length > most ? page.at(-1)?.name : undefined;
  return {
    headers: { "x-amz-object-version-id": version.versionId },
    body: xmlDocument("ListObjectAnnotationsResult", {
      Bucket: request.bucket,
      Key: request.key,
      AnnotationPrefix: prefix,
      MaxAnnotationResults: most,
      AnnotationCount: page.length,
      ContinuationToken: token,
      NextContinuationToken: last === undefined ? undefined : Buffer.from(last).toString("base64url"),
      Annotations: {
        AnnotationEntry: page.map(({ name, lastModified, size, eTag, checksum }) => ({
          AnnotationName: name,
          LastModified: lastModified,
          Size: size,
          ETag: `"${eTag}"`,
          ...(checksum && { ChecksumAlgorithm: checksum.algorithm }),
        })),
      },
    }),
  };
};

export const deleteObjectAnnotation: Operation = async (context, request) => {
  const { name } = findAnnotation(request, findVersion(context, request));
  const version = await change(context, request, "ObjectAnnotation:Delete", (before) =>
    before.filter((other) => other.name !== name),
  );
  return { status: 204, headers: { "x-amz-object-version-id": version.versionId } };
};

/** Changes the annotations of the version that a request names, under its condition, and announces it. */
async function change(
  context: S3Context,
  request: S3Request,
  name: ObjectEventName,
  update: (before: readonly Annotation[]) => readonly Annotation[],
): Promise<ObjectVersion> {
  let changed: ObjectVersion | undefined;
  await context.store.update(
    request.bucket,
    request.key,
    (versions) => {
      const version = findVersion(context, request);
      checkObject(request, version);
      const after = { ...version, annotations: update(version.annotations ?? []) };
      changed = after;
      return versions.map((other) => (other === version ? after : other));
    },
    () => {
      if (changed !== undefined) {
        const { versionId, size, eTag } = changed;
        context.notify(request, { name, versionId, size, eTag });
      }
    },
  );
  if (changed === undefined) throw new Error("The store has not run the change that it was given.");
  return changed;
}

/** `x-amz-object-if-match`: the ETag of the object that the annotation is to be on. Throws PreconditionFailed. */
function checkObject(request: S3Request, { eTag }: ObjectVersion): void {
  const wanted = header(request, "x-amz-object-if-match");
  if (wanted !== undefined && wanted.replaceAll('"', "") !== eTag) {
    throw s3Error("PreconditionFailed", { details: { Condition: "x-amz-object-if-match" } });
  }
}

function findAnnotation(request: S3Request, version: ObjectVersion): Annotation {
  const name = request.query.get("annotationName") ?? "";
  const annotation = version.annotations?.find((one) => one.name === name);
  if (annotation !== undefined) return annotation;
  throw s3Error("NoSuchAnnotation", { details: { Key: request.key, AnnotationName: name } });
}

function annotationName({ query }: S3Request): string {
  const name = query.get("annotationName") ?? "";
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw s3Error("AnnotationNameTooLong");
  if (!NAME.test(name)) throw s3Error("InvalidAnnotationName");
  return name;
}

async function readPayload(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const read: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > MAX_BYTES) throw s3Error("EntityTooLarge", { message: "An annotation has at most 1 MiB." });
    read.push(chunk);
  }
  if (size === 0) throw s3Error("InvalidRequest", { message: "An annotation has at least 1 byte." });
  const bytes = Buffer.concat(read);
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw s3Error("UnsupportedMediaType");
  }
  return bytes;
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
