import { type Context, createContext, Script } from "node:vm";
import { createTileDecoder, isSpent, type Reply, type Task } from "./tiles.ts";

/** Longer than this, on the thread that all images share, is left to a thread of its own. */
const BRIEF_MS = 250;

/**
 * Decodes on the thread that calls, which does nothing else meanwhile: for thumbnails, that take 4 ms and the first one 35,
 * where to start a thread takes 40 to 65 of CPU time.
 */
export interface BriefDecoder {
  /** @returns `undefined` when it was stopped because it took too long; then some pixels may be written */
  decode(task: Task): Promise<Reply | undefined>;
}

/** @param module gives `libheif.wasm`, compiled */
export function createBriefDecoder(module: () => Promise<object>, timeoutMs = BRIEF_MS): BriefDecoder {
  let decoder: ((task: Task) => Reply) | undefined;
  // V8 ends what runs in a script after a time, JavaScript or WebAssembly, wherever it is.
  const script = new Script("run()");
  let context: Context | undefined;
  return {
    async decode(task) {
      const compiled = await module();
      decoder ??= createTileDecoder(compiled);
      const decodeTiles = decoder;
      context ??= createContext({});
      context.run = () => decodeTiles(task);
      try {
        const reply: Reply = script.runInContext(context, { timeout: timeoutMs });
        if (isSpent(reply)) decoder = undefined;
        return reply;
      } catch (error) {
        decoder = undefined;
        if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return undefined;
        throw error;
      } finally {
        context.run = undefined;
      }
    },
  };
}
