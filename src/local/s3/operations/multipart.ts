import { type ChecksumAlgorithm, type ChecksumType, parseAlgorithm } from "../checksums.ts";
import type { Digests } from "../digest.ts";
import { s3Error } from "../errors.ts";
import { openPayload } from "../payload.ts";
import { headerTags, objectHeaders } from "../properties.ts";
import { header, type Operation, type S3Context, type S3Request } from "../request.ts";
import type { MultipartUpload, Part } from "../uploads.ts";
import { xmlDocument } from "../xml.ts";
import { OWNER } from "./buckets.ts";
import { checksumElements, checksumHeaders, fullObjectChecksum } from "./commit.ts";
import { keyEncoder, pageSize } from "./list.ts";

const MAX_PART_NUMBER = 10_000;

export const createMultipartUpload: Operation = async ({ store }, request) => {
  store.bucket(request.bucket);
  const upload = await store.uploads.create({
    bucket: request.bucket,
    key: request.key,
    headers: objectHeaders(request),
    tags: headerTags(request),
    checksum: wantedChecksum(request),
  });
  return {
    headers: {
      "x-amz-checksum-algorithm": upload.checksum?.algorithm,
      "x-amz-checksum-type": upload.checksum?.type,
    },
    body: xmlDocument("InitiateMultipartUploadResult", {
      Bucket: upload.bucket,
      Key: upload.key,
      UploadId: upload.id,
    }),
  };
};

export const uploadPart: Operation = async (context, request) => {
  const upload = uploadOf(context, request);
  const number = partNumber(request);
  const expected = upload.checksum?.algorithm;
  const payload = openPayload(request.headers, request.body, expected === undefined ? [] : [expected]);
  if (payload.algorithm !== undefined && expected !== undefined && payload.algorithm !== expected) {
    throw s3Error("InvalidRequest", {
      message: `Checksum Type mismatch occurred, expected checksum Type: ${expected.toLowerCase()}, actual checksum Type: ${payload.algorithm.toLowerCase()}`,
    });
  }
  const data = await context.store.data.write(payload.chunks);
  const algorithm = expected ?? payload.algorithm;
  const part = await storePart(context, upload, number, data, payload.result(), algorithm);
  const { "x-amz-checksum-type": _, ...checksum } = checksumHeaders(part);
  return { status: 200, headers: { etag: `"${part.eTag}"`, ...checksum } };
};

export const abortMultipartUpload: Operation = async (context, request) => {
  const upload = uploadOf(context, request);
  const { uploads } = context.store;
  await uploads.exclusive(upload, () => uploads.remove(uploadOf(context, request)));
  return { status: 204 };
};

export const listParts: Operation = async (context, request) => {
  const upload = uploadOf(context, request);
  const maxParts = pageSize(request, "max-parts");
  const marker = Number(request.query.get("part-number-marker") ?? 0);
  const rest = upload.parts.filter(({ number }) => number > marker);
  const page = rest.slice(0, maxParts);
  return {
    body: xmlDocument("ListPartsResult", {
      Bucket: upload.bucket,
      Key: keyEncoder(request)(upload.key),
      UploadId: upload.id,
      Initiator: OWNER,
      Owner: OWNER,
      StorageClass: "STANDARD",
      ChecksumAlgorithm: upload.checksum?.algorithm,
      ChecksumType: upload.checksum?.type,
      PartNumberMarker: marker,
      NextPartNumberMarker: page.at(-1)?.number,
      MaxParts: maxParts,
      IsTruncated: rest.length > page.length,
      Part: page.map((part) => ({
        PartNumber: part.number,
        LastModified: part.lastModified,
        ETag: `"${part.eTag}"`,
        Size: part.size,
        ...checksumElements(part.checksum, false),
      })),
    }),
  };
};

/** All uploads in progress under `prefix`, in one page. */
export const listMultipartUploads: Operation = async ({ store }, request) => {
  store.bucket(request.bucket);
  const prefix = request.query.get("prefix") ?? "";
  const encode = keyEncoder(request);
  const uploads = store.uploads
    .list(request.bucket)
    .filter(({ key }) => key.startsWith(prefix))
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  return {
    body: xmlDocument("ListMultipartUploadsResult", {
      Bucket: request.bucket,
      Prefix: encode(prefix),
      KeyMarker: "",
      UploadIdMarker: "",
      MaxUploads: Math.max(uploads.length, 1000),
      IsTruncated: false,
      EncodingType: request.query.get("encoding-type") ?? undefined,
      Upload: uploads.map(({ key, id, initiated, checksum }) => ({
        Key: encode(key),
        UploadId: id,
        Initiator: OWNER,
        Owner: OWNER,
        StorageClass: "STANDARD",
        Initiated: initiated,
        ChecksumAlgorithm: checksum?.algorithm,
        ChecksumType: checksum?.type,
      })),
    }),
  };
};

/** The upload that a request names. Throws NoSuchBucket, NoSuchUpload. */
export function uploadOf({ store }: S3Context, { bucket, key, query }: S3Request): MultipartUpload {
  store.bucket(bucket);
  return store.uploads.get(bucket, key, query.get("uploadId") ?? "");
}

/** The part number that a request names, 1 to 10,000. Throws InvalidArgument. */
export function partNumber({ query }: S3Request): number {
  const text = query.get("partNumber") ?? "";
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > MAX_PART_NUMBER) {
    throw s3Error("InvalidArgument", {
      message: "Part number must be an integer between 1 and 10000, inclusive",
      details: { ArgumentName: "partNumber", ArgumentValue: text },
    });
  }
  return number;
}

/** Adds a written data file to the upload; removes it again when the upload has ended meanwhile. */
export async function storePart(
  { store }: S3Context,
  upload: MultipartUpload,
  number: number,
  data: string,
  digests: Digests,
  algorithm: ChecksumAlgorithm | undefined,
): Promise<Part> {
  const part: Part = {
    number,
    data,
    eTag: digests.md5.toString("hex"),
    size: digests.size,
    lastModified: new Date().toISOString(),
    checksum: fullObjectChecksum(algorithm, digests),
  };
  try {
    await store.uploads.addPart(upload, part);
  } catch (error) {
    await store.data.remove([data]);
    throw error;
  }
  return part;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html, which types each algorithm allows. */
function wantedChecksum(
  request: S3Request,
): { algorithm: ChecksumAlgorithm; type: ChecksumType } | undefined {
  const name = header(request, "x-amz-checksum-algorithm");
  const wanted = header(request, "x-amz-checksum-type");
  if (name === undefined) {
    if (wanted === undefined) return undefined;
    const message =
      "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.";
    throw s3Error("InvalidRequest", { message });
  }
  const algorithm = parseAlgorithm(name);
  const type = wanted ?? (algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE");
  const isAllowed =
    (type === "FULL_OBJECT" && algorithm.startsWith("CRC")) ||
    (type === "COMPOSITE" && algorithm !== "CRC64NVME");
  if (!isAllowed) {
    const message = `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`;
    throw s3Error("InvalidRequest", { message });
  }
  return { algorithm, type };
}
