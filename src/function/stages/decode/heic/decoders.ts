import { createBriefDecoder } from "./brief.ts";
import { libheifModule } from "./module.ts";
import type { Task } from "./tiles.ts";
import { createHeicWorkers, invalid, type Limit } from "./workers.ts";

/** Up to here an image is decoded where it is asked for: twice a thumbnail of 512 × 384. */
const BRIEF_PIXELS = 400_000;

/** What decodes HEIC: nothing of it is there before the first one. */
export interface HeicDecoders {
  /**
   * Settles when nothing works on any of the tasks any more.
   *
   * @param pixels how many are decoded for all tasks
   * @throws {ClassifierError} `INVALID_IMAGE`, `UNSUPPORTED_FORMAT`, `DECODE_LIMIT`, `DEADLINE_NEAR`
   */
  run(tasks: readonly Task[], pixels: number, limit: Limit): Promise<void>;
  /** Ends all threads that are idle. */
  close(): Promise<void>;
}

/**
 * @param maxThreads for what takes longer than a thumbnail
 * @param briefMs    what a small image is given before it is left to a thread
 */
export function createHeicDecoders(
  maxThreads: number,
  maxImagePixels: number,
  briefMs?: number,
): HeicDecoders {
  const module = libheifModule(maxImagePixels);
  const brief = createBriefDecoder(module, briefMs);
  const workers = createHeicWorkers(maxThreads, module);
  return {
    async run(tasks, pixels, limit) {
      const [task] = tasks;
      if (task === undefined || tasks.length > 1 || pixels > BRIEF_PIXELS || limit.signal?.aborted)
        return workers.run(tasks, limit);
      const reply = await brief.decode(task);
      if (reply === undefined) return workers.run(tasks, limit);
      if (reply.fault !== undefined) throw invalid(reply.fault);
    },
    close: () => workers.close(),
  };
}
