import { readFile } from "node:fs/promises";
import { setFlagsFromString } from "node:v8";
import { libheifFile } from "../../../native.ts";

/** The part of WebAssembly's JavaScript interface that is used here; TypeScript has it only among the browser's types. */
declare const WebAssembly: { compile: (bytes: Uint8Array) => Promise<object> };

const PAGE_BYTES = 65_536;
const MEMORY_SECTION = 5;

/** The memory of a decoder in WebAssembly, whatever it decodes: libde265, and the file three times over. */
const BASE_MEMORY_BYTES = 96 * 2 ** 20;
/** What libde265 takes for a picture that is one tile: `test/function/stages/decode/peak.ts`. */
const BYTES_PER_PIXEL = 8;

/**
 * libheif, compiled when it is first asked for: all threads share it, and what has been optimised of it.
 *
 * @param maxImagePixels a decoder is given no more memory than such an image needs: the engine itself refuses more
 */
export function libheifModule(maxImagePixels: number): () => Promise<object> {
  const maxMemoryBytes = BASE_MEMORY_BYTES + BYTES_PER_PIXEL * maxImagePixels;
  let module: Promise<object> | undefined;
  return async () => {
    try {
      module ??= compileLibheif(maxMemoryBytes);
      return await module;
    } catch (error) {
      module = undefined;
      throw error;
    }
  };
}

async function compileLibheif(maxMemoryBytes: number): Promise<object> {
  const bytes = await readFile(libheifFile());
  limitMemory(bytes, Math.ceil(maxMemoryBytes / PAGE_BYTES));
  // Functions are validated when they are first called, most of them never: 2 ms instead of 9.
  setFlagsFromString("--wasm-lazy-validation");
  // V8 optimises a function after this many bytes of it have run. By default that is during the first thumbnail, which then
  // takes 60 ms of CPU time instead of 30; an image in full passes it at once.
  setFlagsFromString("--wasm-tiering-budget=400000000");
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
