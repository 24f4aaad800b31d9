const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export const INTERRUPTED = 130;
/** What a shell shows for a program that wrote to a closed pipe, as in `… | head`. */
export const PIPE_CLOSED = 141;

/**
 * Resolves when this process is asked to end: by a signal, or because nobody reads its output any more. A second
 * signal ends it at once.
 *
 * @returns the exit status
 */
export function untilEnded(): Promise<number> {
  return new Promise((resolve) => {
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      resolve(PIPE_CLOSED);
    });
    for (const signal of SIGNALS) {
      process.once(signal, () => {
        resolve(INTERRUPTED);
        for (const again of SIGNALS) process.once(again, () => process.exit(INTERRUPTED));
      });
    }
  });
}
