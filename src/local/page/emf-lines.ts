import type { EmfLine } from "../lambda/events.ts";
import type { LocalStack } from "../stack.ts";

const MAX_REQUESTS = 5_000;

/** The EMF lines of the latest invocations of this run, by request id. */
export class EmfLines {
  readonly #stack: LocalStack;
  readonly #lines = new Map<string, string[]>();

  constructor(stack: LocalStack) {
    this.#stack = stack;
    stack.events.on("emf", this.#onEmf);
  }

  get(requestId: string): readonly string[] {
    return this.#lines.get(requestId) ?? [];
  }

  close(): void {
    this.#stack.events.off("emf", this.#onEmf);
  }

  readonly #onEmf = ({ line, requestId }: EmfLine): void => {
    if (requestId === undefined) return;
    const lines = this.#lines.get(requestId);
    if (lines !== undefined) {
      lines.push(line);
      return;
    }
    this.#lines.set(requestId, [line]);
    const [oldest] = this.#lines.keys();
    if (this.#lines.size > MAX_REQUESTS && oldest !== undefined) this.#lines.delete(oldest);
  };
}
