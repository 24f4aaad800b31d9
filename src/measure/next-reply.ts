import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/**
 * The next message of a forked process.
 *
 * @param whose process it is, for the error
 * @throws Error when it ends first
 */
export async function nextReply<Reply>(child: ChildProcess, whose: string): Promise<Reply> {
  const stop = new AbortController();
  const { signal } = stop;
  try {
    return await Promise.race([
      once(child, "message", { signal }).then(([reply]) => reply as Reply),
      once(child, "exit", { signal }).then(([code, by]): never => {
        throw new Error(`${whose} process ended with ${code ?? by}; its message stands above.`);
      }),
    ]);
  } finally {
    stop.abort();
  }
}
