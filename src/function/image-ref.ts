/** One upload to classify, as an event names it. */
export interface ImageRef {
  readonly bucket: string;
  /** Decoded: as S3's API takes it, not as notifications write it. */
  readonly key: string;
  /** Only from a bucket with versioning. */
  readonly versionId?: string;
  /** Of the bytes that the event is about, without quotes. */
  readonly eTag?: string;
  /** Orders the events of one key; see `compareSequencers`. */
  readonly sequencer?: string;
  readonly sizeBytes?: number;
}

/** `photos/` with 0 bytes: what the S3 console makes of a "folder". There is nothing to classify. */
export function isFolderMarker({ key, sizeBytes }: Pick<ImageRef, "key" | "sizeBytes">): boolean {
  return key.endsWith("/") && sizeBytes === 0;
}

/**
 * Which of two events of the same key is the later one. S3's rule: pad the shorter hexadecimal string with zeros on
 * the right, then compare as text. It says nothing about events of different keys.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 * @returns below 0 when `a` is the older, 0 when they are the same event, above 0 when `a` is the newer
 */
export function compareSequencers(a: string, b: string): number {
  const length = Math.max(a.length, b.length);
  const [paddedA, paddedB] = [a.toLowerCase().padEnd(length, "0"), b.toLowerCase().padEnd(length, "0")];
  return paddedA < paddedB ? -1 : paddedA > paddedB ? 1 : 0;
}
