import type { LogLine } from "../lambda/events.ts";
import type { LocalStack } from "../stack.ts";

const MAX_KEYS = 5_000;

export interface Failure {
  readonly code: string;
  readonly message: string;
}

/**
 * What the function last logged about each upload that failed. The queue only learns that it failed, so the reason
 * of a dead letter is in the logs, here as on AWS.
 */
export class FailureLines {
  readonly #stack: LocalStack;
  readonly #failures = new Map<string, Failure>();

  constructor(stack: LocalStack) {
    this.#stack = stack;
    stack.events.on("log", this.#onLog);
  }

  get(key: string): Failure | undefined {
    return this.#failures.get(key);
  }

  close(): void {
    this.#stack.events.off("log", this.#onLog);
  }

  readonly #onLog = ({ source, line }: LogLine): void => {
    if (source !== "stdout" || !line.includes('"code"')) return;
    const failure = readFailure(line);
    if (failure === undefined) return;
    this.#failures.delete(failure.key);
    this.#failures.set(failure.key, failure);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MAX_KEYS && oldest !== undefined) this.#failures.delete(oldest);
  };
}

/** The function's line of a picture that failed; `undefined` for every other line. */
export function readFailure(line: string): (Failure & { readonly key: string }) | undefined {
  try {
    const { code, key, message, retryable } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    if (typeof code !== "string" || typeof key !== "string" || retryable !== true) return undefined;
    return { code, key, message: String(message ?? "").replace(/^picture failed: /, "") };
  } catch {
    return undefined;
  }
}
