import { createHash } from "node:crypto";
import { type ChecksumAlgorithm, createChecksum } from "./checksums.ts";

/** What is known about a body once it has passed. */
export interface Digests {
  readonly size: number;
  /** 16 bytes; in hex it is the ETag. */
  readonly md5: Buffer;
  readonly checksums: ReadonlyMap<ChecksumAlgorithm, Buffer>;
}

/** Hashes a body on its way through. */
export interface DigestStream {
  readonly chunks: AsyncIterable<Buffer>;
  /** Only after `chunks` has ended. */
  result(): Digests;
}

/** Passes `source` on unchanged and computes its size, MD5 and the given checksums. */
export function digestStream(
  source: AsyncIterable<Buffer>,
  algorithms: Iterable<ChecksumAlgorithm> = [],
): DigestStream {
  const md5 = createHash("md5");
  const states = new Map([...new Set(algorithms)].map((algorithm) => [algorithm, createChecksum(algorithm)]));
  let size = 0;
  async function* pass(): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      size += chunk.length;
      md5.update(chunk);
      for (const state of states.values()) state.update(chunk);
      yield chunk;
    }
  }
  return {
    chunks: pass(),
    result: () => ({
      size,
      md5: md5.digest(),
      checksums: new Map([...states].map(([algorithm, state]) => [algorithm, state.digest()])),
    }),
  };
}
