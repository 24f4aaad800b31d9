import { readFile } from "node:fs/promises";
import { setFlagsFromString } from "node:v8";
import { libheifFile } from "../../../native.ts";

/** The part of WebAssembly's JavaScript interface that is used here; TypeScript has it only among the browser's types. */
declare const WebAssembly: { compile: (bytes: Uint8Array) => Promise<object> };

const PAGE_BYTES = 65_536;
const MEMORY_SECTION = 5;

/**
 * libheif, compiled: all threads share it, and what has been optimised of it.
 *
 * @param maxMemoryBytes what the memory of an instance may grow to: the engine itself refuses more
 */
export async function compileLibheif(maxMemoryBytes: number): Promise<object> {
  const bytes = await readFile(libheifFile());
  limitMemory(bytes, Math.ceil(maxMemoryBytes / PAGE_BYTES));
  // Functions are validated when they are first called, most of them never: 2 ms instead of 9.
  setFlagsFromString("--wasm-lazy-validation");
  return WebAssembly.compile(bytes);
}

/**
 * Writes a lower maximum into a WebAssembly module that declares its memory.
 *
 * @see WebAssembly Core Specification, 5.5.8
 */
export function limitMemory(module: Uint8Array, maxPages: number): void {
  let offset = 8;
  const number = (): { value: number; start: number } => {
    const start = offset;
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = module[offset++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) return { value, start };
    }
  };
  while (offset < module.length) {
    const id = module[offset++];
    const end = number().value + offset;
    if (id === MEMORY_SECTION) {
      const isOne = number().value === 1;
      const hasMaximum = module[offset++] === 1;
      if (!isOne || !hasMaximum) break;
      const least = number().value;
      const { value: most, start } = number();
      let pages = Math.max(least, Math.min(most, maxPages));
      // As long as it was: the last byte alone lacks the bit that says that more follow.
      for (let at = start; at < offset; at++, pages = Math.floor(pages / 128))
        module[at] = (pages & 0x7f) | (at < offset - 1 ? 0x80 : 0);
      return;
    }
    offset = end;
  }
  throw new Error("expected a WebAssembly module with one memory that has a maximum");
}
