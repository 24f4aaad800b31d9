import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** Whole files, decoded by libheif itself: container, tiles, turns and colours. */
export interface Decoded {
  readonly width: number;
  readonly height: number;
  /** Interleaved R, G, B. */
  readonly pixels: Uint8Array;
}

const require = createRequire(import.meta.url);
const RGB = 1;
const INTERLEAVED_RGB = 10;

/** @throws with libheif's message */
export async function decodeByLibheif(file: Uint8Array): Promise<Decoded> {
  const wasmBinary = readFileSync(require.resolve("libheif-js/libheif-wasm/libheif.wasm"));
  const lib = await require("libheif-js/libheif-wasm/libheif.js")({ wasmBinary });
  const error = lib._malloc(16);
  const result = error + 12;
  const word = (at: number): number => lib.HEAPU32[at >> 2];
  const check = () => {
    const start = word(error + 8);
    if (word(error) !== 0)
      throw new Error(Buffer.from(lib.HEAPU8.subarray(start, lib.HEAPU8.indexOf(0, start))).toString());
  };
  const context = lib._heif_context_alloc();
  const start = lib._malloc(file.length);
  lib.HEAPU8.set(file, start);
  lib._heif_context_read_from_memory(error, context, start, file.length, 0);
  check();
  lib._heif_context_get_primary_image_handle(error, context, result);
  check();
  lib._heif_decode_image(error, word(result), result, RGB, INTERLEAVED_RGB, 0);
  check();
  const image = word(result);
  const [width, height] = [
    lib._heif_image_get_primary_width(image),
    lib._heif_image_get_primary_height(image),
  ];
  const plane = lib._heif_image_get_plane_readonly(image, INTERLEAVED_RGB, result);
  const stride = word(result);
  const rows = Array.from({ length: height }, (_, row) => {
    const from = plane + row * stride;
    return Buffer.from(lib.HEAPU8.subarray(from, from + 3 * width));
  });
  return { width, height, pixels: Buffer.concat(rows) };
}
