import { ClassifierError } from "../errors.ts";

/**
 * Runs work that decodes a picture of so many pixels, as soon as there is room for them.
 *
 * @param signal ends the wait, not the work
 * @throws {ClassifierError} `DEADLINE_NEAR` when `signal` aborts before there is room; besides, what `work` throws
 */
export type PixelLane = <Result>(
  pixels: number,
  work: () => Promise<Result>,
  signal?: AbortSignal,
) => Promise<Result>;

interface Waiting {
  readonly pixels: number;
  readonly admit: () => void;
}

/**
 * Bounds the memory of decoding: the pictures being decoded have `maxPixels` together, and one with more is decoded
 * alone. Memory grows with the pixels (measured: up to 19 bytes each, for AVIF), so three large pictures at once would
 * need three times what one may take.
 *
 * The longest waiting is asked first; one that fits overtakes one that does not, so that small pictures go on beside a
 * large one. The large one's turn comes at the latest when nothing else is decoded.
 */
export function createPixelLane(maxPixels: number): PixelLane {
  let inside = 0;
  const waiting: Waiting[] = [];
  const hasRoom = (pixels: number) => inside === 0 || inside + pixels <= maxPixels;

  function leave(pixels: number): void {
    inside -= pixels;
    for (const next of [...waiting]) {
      if (!hasRoom(next.pixels)) continue;
      waiting.splice(waiting.indexOf(next), 1);
      inside += next.pixels;
      next.admit();
    }
  }

  async function enter(pixels: number, signal: AbortSignal | undefined): Promise<void> {
    if (hasRoom(pixels)) {
      inside += pixels;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        waiting.splice(waiting.indexOf(entry), 1);
        const message = `other pictures were being decoded, and ${pixels} more pixels found no room in time`;
        reject(new ClassifierError("DEADLINE_NEAR", message));
      };
      const admit = () => {
        signal?.removeEventListener("abort", giveUp);
        resolve();
      };
      const entry = { pixels, admit };
      waiting.push(entry);
      if (signal?.aborted) giveUp();
      else signal?.addEventListener("abort", giveUp, { once: true });
    });
  }

  return async (pixels, work, signal) => {
    await enter(pixels, signal);
    try {
      return await work();
    } finally {
      leave(pixels);
    }
  };
}
