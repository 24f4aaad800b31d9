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
    const log = lines.map((line) => `\n  ${line.replaceAll("\r", "\n  ")}`).join("");
    throw new Error(`The function did not start with the model ${stack.modelDir}: ${reason}${log}`, {
      cause,
    });
  } finally {
    stack.events.off("log", onLog);
  }
}
