import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { decodeAwsChunked } from "./aws-chunked.ts";
import { type ChecksumAlgorithm, checksumHeader, parseAlgorithm } from "./checksums.ts";
import { type Digests, digestStream } from "./digest.ts";
import { s3Error } from "./errors.ts";

const MAX_BODY_BYTES = 5 * 1024 ** 3;
const CHECKSUM_PREFIX = "x-amz-checksum-";
/** Headers with that prefix that carry no value of a checksum. */
const NO_VALUE = new Set(["x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-checksum-mode"]);

/** A request body that is checked against everything its headers and trailers promise. */
export interface Payload {
  /** The object's bytes, unframed. Throws at the end when a promise is broken: BadDigest, IncompleteBody, … */
  readonly chunks: AsyncIterable<Buffer>;
  /** The algorithm of the client's own checksum. */
  readonly algorithm: ChecksumAlgorithm | undefined;
  /** Only after `chunks` has ended. */
  result(): Digests;
}

/**
 * Decodes and verifies the body of a request: Content-MD5, x-amz-checksum-* as header or trailer, a plain
 * x-amz-content-sha256, the decoded length. `more` are further algorithms to compute on the way.
 */
export function openPayload(
  headers: IncomingHttpHeaders,
  source: AsyncIterable<Buffer>,
  more: readonly ChecksumAlgorithm[] = [],
): Payload {
  const size = promisedSize(headers);
  const checksum = promisedChecksum(headers);
  const md5 = headers["content-md5"];
  if (typeof md5 === "string" && Buffer.from(md5, "base64").length !== 16) throw s3Error("InvalidDigest");
  const trailers = new Map<string, string>();
  const plain = isAwsChunked(headers) ? decodeAwsChunked(source, trailers) : source;
  const sha256 = /^[0-9a-f]{64}$/.exec(String(headers["x-amz-content-sha256"]))?.[0];
  const digest = digestStream(plain, checksum === undefined ? more : [checksum.algorithm, ...more]);
  let result: Digests | undefined;

  async function* verified(): AsyncGenerator<Buffer> {
    const hash = sha256 === undefined ? undefined : createHash("sha256");
    for await (const chunk of digest.chunks) {
      hash?.update(chunk);
      yield chunk;
    }
    result = digest.result();
    if (size !== undefined && result.size !== size) {
      const message = `Expected ${size} bytes (x-amz-decoded-content-length), received ${result.size}.`;
      throw s3Error("IncompleteBody", { message });
    }
    if (hash !== undefined && hash.digest("hex") !== sha256) throw s3Error("XAmzContentSHA256Mismatch");
    if (typeof md5 === "string" && result.md5.toString("base64") !== md5) throw s3Error("BadDigest");
    if (checksum !== undefined) verifyChecksum(checksum, trailers, result);
  }

  return {
    chunks: verified(),
    algorithm: checksum?.algorithm,
    result() {
      if (result === undefined)
        throw new Error("The result of a payload is known only after its last chunk.");
      return result;
    },
  };
}

function isAwsChunked(headers: IncomingHttpHeaders): boolean {
  const encodings = (headers["content-encoding"] ?? "").split(",").map((name) => name.trim());
  return encodings.includes("aws-chunked") || isStreaming(headers);
}

function isStreaming(headers: IncomingHttpHeaders): boolean {
  return String(headers["x-amz-content-sha256"]).startsWith("STREAMING-");
}

/** The decoded length that an aws-chunked body promises; plain bodies are held to Content-Length by HTTP. */
function promisedSize(headers: IncomingHttpHeaders): number | undefined {
  const decoded = headers["x-amz-decoded-content-length"];
  if (isStreaming(headers) && decoded === undefined) {
    throw s3Error("MissingContentLength", { message: "Expected the header x-amz-decoded-content-length." });
  }
  const size = Number(decoded ?? headers["content-length"] ?? 0);
  if (!Number.isSafeInteger(size) || size < 0) {
    throw s3Error("InvalidArgument", { message: `Expected a length in bytes, received ${decoded}.` });
  }
  if (size > MAX_BODY_BYTES) throw s3Error("EntityTooLarge", { details: { ProposedSize: size } });
  return decoded === undefined ? undefined : size;
}

interface PromisedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; undefined when it follows in a trailer. */
  readonly value: string | undefined;
}

function promisedChecksum(headers: IncomingHttpHeaders): PromisedChecksum | undefined {
  const promised: PromisedChecksum[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(CHECKSUM_PREFIX) && !NO_VALUE.has(name)) {
      promised.push({ algorithm: parseAlgorithm(name.slice(CHECKSUM_PREFIX.length)), value: String(value) });
    }
  }
  for (const name of String(headers["x-amz-trailer"] ?? "").split(",")) {
    const trailer = name.trim().toLowerCase();
    if (trailer.startsWith(CHECKSUM_PREFIX)) {
      promised.push({ algorithm: parseAlgorithm(trailer.slice(CHECKSUM_PREFIX.length)), value: undefined });
    }
  }
  const [first, second] = promised;
  if (second !== undefined) {
    throw s3Error("InvalidRequest", { message: "Expecting a single x-amz-checksum- header or trailer." });
  }
  if (
    first?.value !== undefined &&
    Buffer.from(first.value, "base64").length !== byteLength(first.algorithm)
  ) {
    const message = `Value for ${checksumHeader(first.algorithm)} header is invalid.`;
    throw s3Error("InvalidRequest", { message });
  }
  return first;
}

function byteLength(algorithm: ChecksumAlgorithm): number {
  return { CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32 }[algorithm];
}

function verifyChecksum(
  { algorithm, value }: PromisedChecksum,
  trailers: ReadonlyMap<string, string>,
  result: Digests,
): void {
  const expected = value ?? trailers.get(checksumHeader(algorithm));
  if (expected === undefined) {
    const message = `Expected the trailer ${checksumHeader(algorithm)} that x-amz-trailer announces.`;
    throw s3Error("IncompleteBody", { message });
  }
  if (result.checksums.get(algorithm)?.toString("base64") !== expected) {
    throw s3Error("BadDigest", {
      message: `The ${algorithm} you specified did not match the calculated checksum.`,
    });
  }
}
