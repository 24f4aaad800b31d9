import type { EmfLine } from "../lambda/events.ts";
import type { LocalStack } from "../stack.ts";
import type { LineFile } from "./line-file.ts";

const MAX_REQUESTS = 5_000;

/** What the file of them holds. */
export interface KeptEmf {
  readonly requestId: string;
  readonly line: string;
}

/** The EMF lines of the latest invocations, those of earlier runs too, by request id. */
export class EmfLines {
  readonly #stack: LocalStack;
  readonly #file: LineFile<KeptEmf>;
  readonly #lines = new Map<string, string[]>();

  /** @param earlier the lines that `file` holds */
  constructor(stack: LocalStack, file: LineFile<KeptEmf>, earlier: readonly KeptEmf[]) {
    this.#stack = stack;
    this.#file = file;
    for (const { requestId, line } of earlier) this.#keep(requestId, line);
    stack.events.on("emf", this.#onEmf);
  }

  get(requestId: string): readonly string[] {
    return this.#lines.get(requestId) ?? [];
  }

  close(): Promise<void> {
    this.#stack.events.off("emf", this.#onEmf);
    return this.#file.close();
  }

  readonly #onEmf = ({ line, requestId }: EmfLine): void => {
    if (requestId === undefined) return;
    this.#file.append({ requestId, line });
    this.#keep(requestId, line);
  };

  #keep(requestId: string, line: string): void {
    const lines = this.#lines.get(requestId);
    if (lines !== undefined) {
      lines.push(line);
      return;
    }
    this.#lines.set(requestId, [line]);
    const [oldest] = this.#lines.keys();
    if (this.#lines.size > MAX_REQUESTS && oldest !== undefined) this.#lines.delete(oldest);
  }
}
