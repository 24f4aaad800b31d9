import { styleText } from "node:util";

/** The last word of a command that could not do its work. The stack is for bugs, and shown with DEBUG=1. */
export function printError(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  console.error(styleText("red", message, { stream: process.stderr }));
  if (process.env.DEBUG && error instanceof Error) console.error(error.stack);
  process.exitCode = 1;
}
