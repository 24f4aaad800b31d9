import { createHash } from "node:crypto";
import {
  CHECKSUM_ALGORITHMS,
  type Checksum,
  checksumElement,
  checksumHeader,
  createChecksum,
} from "../checksums.ts";
import { checkWriteConditions } from "../conditions.ts";
import type { DataFiles } from "../data.ts";
import { digestStream } from "../digest.ts";
import { s3Error } from "../errors.ts";
import { header, type Operation, readText, type S3Request, versionHeader } from "../request.ts";
import type { MultipartUpload, Part } from "../uploads.ts";
import { childrenOf, parseXml, textOf, xmlDocument } from "../xml.ts";
import { checksumElements, commitObject, fullObjectChecksum } from "./commit.ts";
import { uploadOf } from "./multipart.ts";

const MIN_PART_BYTES = 5 * 1024 ** 2;

export const completeMultipartUpload: Operation = async (context, request) => {
  const { store } = context;
  uploadOf(context, request);
  const document = parseXml(await readText(withoutChecksum(request)), "CompleteMultipartUpload");
  const listed = childrenOf(document, "Part");
  return store.uploads.exclusive(uploadOf(context, request), async () => {
    const upload = uploadOf(context, request);
    checkWriteConditions(request, store.versions(request.bucket, request.key));
    const parts = selectParts(upload, listed);
    const algorithm = upload.checksum?.type === "FULL_OBJECT" ? upload.checksum.algorithm : undefined;
    const stream = digestStream(concatenate(store.data, parts), algorithm === undefined ? [] : [algorithm]);
    const data = await store.data.write(stream.chunks);
    const { size, checksums, md5 } = stream.result();
    const checksum =
      fullObjectChecksum(algorithm, { size, checksums, md5 }) ?? compositeChecksum(upload, parts);
    try {
      checkPromises(request, size, checksum);
    } catch (error) {
      await store.data.remove([data]);
      throw error;
    }
    const version = await commitObject(context, request, "ObjectCreated:CompleteMultipartUpload", {
      headers: upload.headers,
      tags: upload.tags,
      data,
      size,
      eTag: compositeETag(parts),
      checksum,
      partSizes: parts.map((part) => part.size),
    });
    await store.uploads.remove(upload);
    return {
      headers: versionHeader(version.versionId, store.bucket(request.bucket).versioning),
      body: xmlDocument("CompleteMultipartUploadResult", {
        Location: `http://${header(request, "host") ?? ""}/${request.bucket}/${encodeURIComponent(request.key)}`,
        Bucket: request.bucket,
        Key: request.key,
        ETag: `"${version.eTag}"`,
        ...checksumElements(checksum),
      }),
    };
  });
};

/** Here `x-amz-checksum-*` speaks of the object, not of the XML in the body. */
function withoutChecksum(request: S3Request): S3Request {
  const headers = Object.entries(request.headers).filter(([name]) => !name.startsWith("x-amz-checksum-"));
  return { ...request, headers: Object.fromEntries(headers) };
}

/** The parts in the order of the request. Throws MalformedXML, InvalidPartOrder, InvalidPart, EntityTooSmall. */
function selectParts(upload: MultipartUpload, listed: readonly unknown[]): Part[] {
  if (listed.length === 0) throw s3Error("MalformedXML", { message: "Expected at least one <Part>." });
  const byNumber = new Map(upload.parts.map((part) => [part.number, part]));
  const parts: Part[] = [];
  for (const item of listed) {
    const number = Number(textOf(item, "PartNumber"));
    const eTag = textOf(item, "ETag")?.replaceAll('"', "");
    if (!Number.isInteger(number) || eTag === undefined) throw s3Error("MalformedXML");
    if (number <= (parts.at(-1)?.number ?? 0)) throw s3Error("InvalidPartOrder");
    const part = byNumber.get(number);
    const checksum = part?.checksum && textOf(item, checksumElement(part.checksum.algorithm));
    const isRight = part?.eTag === eTag && (checksum === undefined || checksum === part.checksum?.value);
    if (part === undefined || !isRight) {
      throw s3Error("InvalidPart", { details: { UploadId: upload.id, PartNumber: number, ETag: eTag } });
    }
    parts.push(part);
  }
  for (const part of parts.slice(0, -1)) {
    if (part.size < MIN_PART_BYTES) {
      throw s3Error("EntityTooSmall", {
        details: {
          ETag: part.eTag,
          PartNumber: part.number,
          ProposedSize: part.size,
          MinSizeAllowed: MIN_PART_BYTES,
        },
      });
    }
  }
  return parts;
}

async function* concatenate(data: DataFiles, parts: readonly Part[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield* data.read(part.data);
}

/** MD5 over the parts' MD5s, with their number: `d41d8cd98f00b204e9800998ecf8427e-3`. */
function compositeETag(parts: readonly Part[]): string {
  const md5 = createHash("md5");
  for (const part of parts) md5.update(Buffer.from(part.eTag, "hex"));
  return `${md5.digest("hex")}-${parts.length}`;
}

function compositeChecksum({ checksum }: MultipartUpload, parts: readonly Part[]): Checksum | undefined {
  if (checksum === undefined) return undefined;
  const state = createChecksum(checksum.algorithm);
  for (const part of parts) state.update(Buffer.from(part.checksum?.value ?? "", "base64"));
  return { ...checksum, value: `${state.digest().toString("base64")}-${parts.length}` };
}

/** Compares with the size and checksum of the whole that the client may have sent along. */
function checkPromises(request: S3Request, size: number, checksum: Checksum | undefined): void {
  const promisedSize = header(request, "x-amz-mp-object-size");
  if (promisedSize !== undefined && Number(promisedSize) !== size) {
    const message = `The provided 'x-amz-mp-object-size' header value ${promisedSize} does not match what was computed: ${size}`;
    throw s3Error("InvalidRequest", { message });
  }
  const own = checksum && checksumHeader(checksum.algorithm);
  const foreign = CHECKSUM_ALGORITHMS.map(checksumHeader).find(
    (name) => name !== own && header(request, name),
  );
  if (foreign !== undefined) {
    const message = `Expected no ${foreign}: the upload was created with ${checksum?.algorithm ?? "no checksum"}.`;
    throw s3Error("InvalidRequest", { message });
  }
  if (checksum === undefined) return;
  const promised = header(request, checksumHeader(checksum.algorithm));
  const value = promised?.includes("-") === false ? checksum.value.replace(/-\d+$/, "") : checksum.value;
  if (promised !== undefined && promised !== value) throw s3Error("BadDigest");
}
