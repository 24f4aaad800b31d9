import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "./errors.ts";
import { type Libheif, type LibheifFactory, openLibheif } from "./stages/decode/heic/libheif.ts";
import { UnsupportedCoding, writePixels } from "./stages/decode/heic/pixels.ts";
import type { Reply, Task } from "./stages/decode/heic/workers.ts";

/** The other entry of the function: a thread that decodes HEIC. `workerData` is `libheif.wasm`, compiled. */
const factory: LibheifFactory = createRequire(import.meta.url)("libheif-js/libheif-wasm/libheif.js");

/** One instance for all images, each of which finds it as new. */
let current: { image: number; readonly libheif: Libheif } | undefined;

async function decode({ image, tiles, coding, scale, target }: Task): Promise<Reply> {
  try {
    current ??= { image, libheif: await openLibheif(factory, workerData) };
    const { libheif } = current;
    if (current.image !== image) libheif.reset();
    current.image = image;
    const pixels = new Uint8ClampedArray(target.pixels);
    const { channels, width: imageWidth } = target;
    for (const { coded, ...place } of tiles) {
      libheif.decode(coded, (planes) => {
        const [y] = planes.components;
        if (y.width < coded.width || y.height < coded.height)
          throw new Error(`expected ${coded.width} × ${coded.height} pixels, got ${y.width} × ${y.height}`);
        writePixels(planes, coding, scale, { pixels, channels, imageWidth, ...place });
      });
    }
    return { memoryBytes: libheif.memoryBytes };
  } catch (error) {
    const code = error instanceof UnsupportedCoding ? "UNSUPPORTED_FORMAT" : "INVALID_IMAGE";
    return { memoryBytes: current?.libheif.memoryBytes ?? 0, fault: { code, message: messageOf(error) } };
  }
}

parentPort?.on("message", async (task: Task) => parentPort?.postMessage(await decode(task)));
