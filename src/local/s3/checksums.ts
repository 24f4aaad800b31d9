import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { s3Error } from "./errors.ts";

/** The algorithms served, by the name that S3's XML and `x-amz-checksum-algorithm` use. */
export const CHECKSUM_ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** Over the whole object, or over the parts' raw checksums (then the value ends in `-<parts>`). */
export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";

/** A stored checksum; `value` is base64. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string;
  readonly type: ChecksumType;
}

/** A running checksum; `digest` is big-endian bytes, as S3 encodes them in base64. */
export interface ChecksumState {
  update(bytes: Uint8Array): void;
  digest(): Buffer;
}

/** `CRC32` → `x-amz-checksum-crc32`. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** `CRC32` → `ChecksumCRC32`, the XML element. */
export function checksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm}`;
}

/** The algorithm of that name in any case; InvalidRequest for one that is not served. */
export function parseAlgorithm(name: string): ChecksumAlgorithm {
  const upper = name.toUpperCase();
  const algorithm = CHECKSUM_ALGORITHMS.find((known) => known === upper);
  if (algorithm === undefined) {
    throw s3Error("InvalidRequest", {
      message: `Checksum algorithm ${name} is not served here: use one of ${CHECKSUM_ALGORITHMS.join(", ")}.`,
    });
  }
  return algorithm;
}

/** Starts a checksum over a stream of bytes. */
export function createChecksum(algorithm: ChecksumAlgorithm): ChecksumState {
  switch (algorithm) {
    case "CRC32":
      return createCrc32();
    case "CRC32C":
      return createCrc32c();
    case "CRC64NVME":
      return createCrc64();
    case "SHA1":
    case "SHA256": {
      const hash = createHash(algorithm.toLowerCase());
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
    }
  }
}

function createCrc32(): ChecksumState {
  let value = 0;
  return {
    update(bytes) {
      value = crc32(bytes, value);
    },
    digest: () => uint32(value),
  };
}

// Castagnoli polynomial, reflected (RFC 3720, appendix B.4).
const CRC32C_TABLE = new Uint32Array(256).map((_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

function createCrc32c(): ChecksumState {
  let value = 0xffffffff;
  return {
    update(bytes) {
      for (const byte of bytes) value = (value >>> 8) ^ (CRC32C_TABLE[(value ^ byte) & 0xff] ?? 0);
    },
    digest: () => uint32(~value),
  };
}

// The NVMe polynomial, reflected (NVM Express NVM Command Set Specification 1.0, section 5.2.1.3.4), in two
// 32-bit halves: BigInt arithmetic would be some fifty times slower.
const CRC64_HIGH = new Uint32Array(256);
const CRC64_LOW = new Uint32Array(256);
for (let index = 0; index < 256; index++) {
  let high = 0;
  let low = index;
  for (let bit = 0; bit < 8; bit++) {
    const odd = low & 1;
    low = (low >>> 1) | ((high & 1) << 31);
    high >>>= 1;
    if (odd) {
      high ^= 0x9a6c9329;
      low ^= 0xac4bc9b5;
    }
  }
  CRC64_HIGH[index] = high;
  CRC64_LOW[index] = low;
}

function createCrc64(): ChecksumState {
  let high = 0xffffffff;
  let low = 0xffffffff;
  return {
    update(bytes) {
      for (const byte of bytes) {
        const index = (low ^ byte) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ (CRC64_LOW[index] ?? 0);
        high = (high >>> 8) ^ (CRC64_HIGH[index] ?? 0);
      }
    },
    digest: () => Buffer.concat([uint32(~high), uint32(~low)]),
  };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
