import { SMALL_IMAGE_SHARE } from "./classifier.ts";
import type { Config } from "./config.ts";
import { MAX_BYTES_PER_PIXEL } from "./stages/decode/headers/header.ts";
import { heicThreads } from "./stages/decode/heic/threads.ts";
import { KEPT_PIXEL_BYTES } from "./stages/decode/jpeg.ts";

/** Node, ONNX Runtime, the model, libvips and the SDK after INIT, with V8's garbage under load: `npm run test:load`. */
const BASE_BYTES = 300 * 2 ** 20;

/** A thread with libde265 in it, from the first HEIC on that is larger than a thumbnail: `RssAnon` after thirty tiles. */
const HEIC_THREAD_BYTES = 30 * 2 ** 20;

/** Its twin for thumbnails on the thread of all images, and the code of both: `RssAnon` after thirty thumbnails. */
const HEIC_BRIEF_BYTES = 10 * 2 ** 20;

/** A process that decodes apart, without the image: `RssAnon` of `decode-process.mjs` after a small one. */
const DECODE_PROCESS_BYTES = 32 * 2 ** 20;

/** The most memory that these settings can ask for. Chosen by uploaders, so it has to fit. */
export function worstCaseBytes(
  config: Pick<
    Config,
    "decodesInFlight" | "fileMemoryMb" | "formats" | "maxImagePixels" | "maxObjectBytes" | "memorySizeMb"
  >,
): number {
  // Overdue images keep their lease, and as many more can be lent.
  const pixels = config.maxImagePixels * (1 + 2 * config.decodesInFlight * SMALL_IMAGE_SHARE);
  const files = Math.max(config.fileMemoryMb * 2 ** 20, config.maxObjectBytes);
  const rooms = 2 * config.decodesInFlight * KEPT_PIXEL_BYTES;
  const heic = config.formats.includes("heic")
    ? HEIC_BRIEF_BYTES + heicThreads(config.memorySizeMb) * HEIC_THREAD_BYTES
    : 0;
  const together = files + rooms + heic + MAX_BYTES_PER_PIXEL * pixels;
  // An image that is alone lies in both processes.
  const { maxObjectBytes, maxImagePixels } = config;
  const apart = DECODE_PROCESS_BYTES + 2 * maxObjectBytes + heic + MAX_BYTES_PER_PIXEL * maxImagePixels;
  return BASE_BYTES + Math.max(together, apart);
}

/**
 * Refuses at INIT what could end the process later, in the middle of somebody's batch.
 *
 * @throws {Error} that names what is needed and what there is
 */
export function assertMemory(config: Config): void {
  if (config.memorySizeMb === 0) return;
  const needed = worstCaseBytes(config);
  const given = config.memorySizeMb * 2 ** 20;
  if (needed <= given) return;
  const mb = (bytes: number) => Math.ceil(bytes / 2 ** 20);
  throw new Error(
    `The settings can need ${mb(needed)} MB, and the function has ${config.memorySizeMb} MB. Lower MAX_IMAGE_PIXELS ` +
      `(now ${config.maxImagePixels}; ${MAX_BYTES_PER_PIXEL} bytes each), DECODES_IN_FLIGHT, FILE_MEMORY_MB or ` +
      "MAX_OBJECT_BYTES, or give the function more memory.",
  );
}
