import type { LogLine } from "../lambda/events.ts";
import type { LocalStack } from "../stack.ts";
import type { ComparedPair, PastResult } from "./api.ts";
import type { LineFile } from "./line-file.ts";

const MAX_STARTS = 5_000;

/**
 * What every model said of every upload: the results bucket holds only the newest result of a key. Kept in a file, so
 * that models can be compared and a picture's way be read after a restart.
 */
export class History {
  readonly #stack: LocalStack;
  readonly #file: LineFile<PastResult>;
  /** By key: the newest result of each ETag and model, oldest first. */
  readonly #results = new Map<string, PastResult[]>();
  /** When an invocation began, by its request id. */
  readonly #starts = new Map<string, number>();

  constructor(stack: LocalStack, file: LineFile<PastResult>) {
    this.#stack = stack;
    this.#file = file;
    stack.events.on("log", this.#onLog);
  }

  async load(): Promise<void> {
    for (const result of await this.#file.read()) this.#keep(result);
  }

  /** Takes a result; one that is known already, as from the bucket after a restart, changes nothing. */
  add(result: PastResult): void {
    const { key, eTag, model, classifiedAt, requestId = "" } = result;
    const known = this.of(key, eTag).find((past) => past.model === model);
    if (known?.classifiedAt === classifiedAt) return;
    const startedAt = this.#starts.get(requestId);
    const complete = { ...result, ...(startedAt !== undefined && { startedAt }) };
    this.#keep(complete);
    this.#file.append(complete);
  }

  /** Results of these bytes under this key, oldest first. */
  of(key: string, eTag: string): PastResult[] {
    return (this.#results.get(key) ?? []).filter((past) => past.eTag === eTag);
  }

  /** Uploads that both models classified, in their present bytes. */
  compare(
    present: Iterable<{ readonly key: string; readonly eTag: string }>,
    a: string,
    b: string,
  ): ComparedPair[] {
    const pairs: ComparedPair[] = [];
    for (const { key, eTag } of present) {
      const past = this.of(key, eTag);
      const [ofA, ofB] = [a, b].map((model) => past.find((result) => result.model === model));
      if (ofA?.status === "classified" && ofB?.status === "classified")
        pairs.push({ key, eTag, a: ofA, b: ofB });
    }
    return pairs;
  }

  close(): Promise<void> {
    this.#stack.events.off("log", this.#onLog);
    return this.#file.close();
  }

  #keep(result: PastResult): void {
    const others = (this.#results.get(result.key) ?? []).filter(
      ({ eTag, model }) => eTag !== result.eTag || model !== result.model,
    );
    this.#results.set(result.key, [...others, result]);
  }

  readonly #onLog = ({ source, line, requestId, time }: LogLine): void => {
    if (source !== "platform" || requestId === undefined || !isStart(line)) return;
    this.#starts.set(requestId, time);
    const [oldest] = this.#starts.keys();
    if (this.#starts.size > MAX_STARTS && oldest !== undefined) this.#starts.delete(oldest);
  };
}

/** In both log formats. */
function isStart(line: string): boolean {
  return line.startsWith("START ") || line.includes('"platform.start"');
}
