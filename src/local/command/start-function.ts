import type { LocalStack } from "../stack.ts";

/**
 * Starts one environment before the first picture, so that a function that cannot start is told at once and once.
 *
 * @throws with the reason, and what the function wrote meanwhile
 */
export async function startFunction(stack: LocalStack): Promise<void> {
  const lines: string[] = [];
  const onLog = ({ source, line }: { source: string; line: string }): void => {
    if (source !== "platform") lines.push(line);
  };
  stack.events.on("log", onLog);
  try {
    await stack.prewarm(1);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    // The function's own last words are the reason already; the log says them again, with stacks.
    const isTold = lines.some((line) => saysReason(line, reason));
    const isWanted = !isTold || process.env.DEBUG;
    const log = isWanted ? lines.map((line) => `\n  ${line.replaceAll("\r", "\n  ")}`).join("") : "";
    throw new Error(`The function did not start with the model ${stack.modelDir}: ${reason}${log}`, {
      cause,
    });
  } finally {
    stack.events.off("log", onLog);
  }
}

/** Whether this is the runtime's log line of the error that the reason names. */
function saysReason(line: string, reason: string): boolean {
  try {
    const { message } = JSON.parse(line) as { message?: { errorMessage?: unknown } };
    return typeof message?.errorMessage === "string" && reason.includes(message.errorMessage);
  } catch {
    return false;
  }
}
