import { s3Error } from "./errors.ts";

/** Bytes `start` up to `end`, exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The range of a `Range` header in an object of `size` bytes; undefined for the whole object, also when the
 * header is not a single byte range (S3 ignores those). InvalidRange when nothing of it lies in the object.
 */
export function parseRange(value: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(value ?? "");
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return undefined;
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (start >= size) {
    throw s3Error("InvalidRange", {
      details: { ActualObjectSize: size, RangeRequested: value ?? "" },
      headers: { "content-range": `bytes */${size}` },
    });
  }
  return { start, end };
}

/** The range of part `number` of an object with these part sizes; an object of one part has part 1. */
export function partRange(number: string, size: number, partSizes: readonly number[] = [size]): ByteRange {
  const index = Number(number) - 1;
  const partSize = partSizes[index];
  if (partSize === undefined) throw s3Error("InvalidPartNumber");
  const start = partSizes.slice(0, index).reduce((sum, bytes) => sum + bytes, 0);
  return { start, end: start + partSize };
}
