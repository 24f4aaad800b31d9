import { createSemaphore } from "./semaphore.ts";

/** Takes memory for a file; the first `sizeBytes` bytes of what it returns are the file's to fill. */
export type TakeBuffer = (sizeBytes: number) => Buffer;

/** Lends memory for the bytes of files, used for one file after the other and bounded in total. */
export interface FileMemory {
  /**
   * Waits for room for a file of at most `maxBytes` and runs `work`, which may take a buffer of up to that size once. The
   * buffer comes back when `work` has settled.
   *
   * @param signal ends the wait, not the work
   * @throws {ClassifierError} `DEADLINE_NEAR` when there was no room before `signal` aborted; besides, what `work` throws
   */
  lend<Result>(
    maxBytes: number,
    work: (take: TakeBuffer) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result>;
}

/** The smallest buffer: most uploads fit, so that most share one size. */
const SMALLEST_BYTES = 512 * 1024;

/**
 * Buffers come in sizes of 512 KiB times a power of two, the largest being `largestBytes`, and are kept for the next file
 * of their size. All together, lent and kept, they never exceed `capacityBytes` (or `largestBytes`, if that is more).
 */
export function createFileMemory(capacityBytes: number, largestBytes: number): FileMemory {
  const capacity = Math.max(capacityBytes, largestBytes);
  const room = createSemaphore(capacity, "bytes of files");
  const kept: Buffer[] = [];
  let allocated = 0;

  function sizeOf(bytes: number): number {
    let size = SMALLEST_BYTES;
    while (size < bytes) size *= 2;
    return Math.min(size, Math.max(largestBytes, bytes));
  }

  function take(size: number): Buffer {
    const index = kept.findIndex(({ length }) => length === size);
    const [buffer] = index < 0 ? [] : kept.splice(index, 1);
    if (buffer !== undefined) return buffer;
    while (allocated + size > capacity && kept.length > 0) allocated -= kept.shift()?.length ?? 0;
    allocated += size;
    return Buffer.allocUnsafeSlow(size);
  }

  return {
    lend(maxBytes, work, signal) {
      const weight = sizeOf(maxBytes);
      const run = async () => {
        let buffer: Buffer | undefined;
        try {
          return await work((sizeBytes) => {
            if (buffer !== undefined || sizeBytes > weight) {
              throw new RangeError(`expected one buffer of at most ${weight} bytes, asked for ${sizeBytes}`);
            }
            buffer = take(sizeOf(sizeBytes));
            return buffer;
          });
        } finally {
          if (buffer !== undefined) kept.push(buffer);
        }
      };
      return room(weight, run, signal);
    },
  };
}
