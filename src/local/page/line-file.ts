import { appendFile, readFile, rename, stat } from "node:fs/promises";

/**
 * Values in a file, as JSON, one a line. It grows within bounds: when it is full it becomes `FILE.old`, and a new one
 * begins.
 */
export class LineFile<Value> {
  readonly #path: string;
  readonly #maxBytes: number;
  #sizeBytes: number | undefined;
  #pending = "";
  #work: Promise<void> = Promise.resolve();
  #hasFailed = false;

  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  /** Oldest first; none where there is no file. A line that a killed process left half written is left out. */
  async read(): Promise<Value[]> {
    const texts = await Promise.all(
      [`${this.#path}.old`, this.#path].map((path) => readFile(path, "utf8").catch(whereThere(""))),
    );
    return texts.flatMap((text) => text.split("\n").flatMap((line) => parse<Value>(line)));
  }

  /** Returns at once; what comes meanwhile is written together. */
  append(value: Value): void {
    const isIdle = this.#pending === "";
    // A line begins with its line end: what was half written before ends there.
    this.#pending += `\n${JSON.stringify(value)}`;
    if (isIdle) this.#work = this.#work.then(() => this.#write()).catch(this.#onError);
  }

  /** Settles when everything is written. */
  close(): Promise<void> {
    return this.#work;
  }

  async #write(): Promise<void> {
    const text = this.#pending;
    this.#pending = "";
    this.#sizeBytes ??= await stat(this.#path).then(({ size }) => size, whereThere(0));
    if (this.#sizeBytes > this.#maxBytes / 2) {
      await rename(this.#path, `${this.#path}.old`);
      this.#sizeBytes = 0;
    }
    await appendFile(this.#path, text);
    this.#sizeBytes += Buffer.byteLength(text);
  }

  readonly #onError = (error: Error): void => {
    // A full disk is said once, not for every line.
    if (!this.#hasFailed) console.error(`${this.#path} cannot be written:`, error.message);
    this.#hasFailed = true;
  };
}

function parse<Value>(line: string): Value[] {
  if (line === "") return [];
  try {
    return [JSON.parse(line) as Value];
  } catch {
    return [];
  }
}

function whereThere<Value>(otherwise: Value): (error: NodeJS.ErrnoException) => Value {
  return (error) => {
    if (error.code === "ENOENT") return otherwise;
    throw error;
  };
}
