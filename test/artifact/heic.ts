import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { inspectImage } from "../../src/function/stages/decode/header.ts";
import { openLibde265 } from "../../src/function/stages/decode/heic/libde265.ts";
import { writePixels } from "../../src/function/stages/decode/heic/pixels.ts";

// Prints a hash of the pixels of each HEIC's images, thumbnail and full, as the function decodes them. Usage: heic.mjs FILE …
// The function's clock would end it: in emulation the 48 tiles of a phone's take longer than the 10 s that they have.

declare const WebAssembly: { compile: (bytes: Uint8Array) => Promise<object> };

const require = createRequire(import.meta.url);
const module = await WebAssembly.compile(
  readFileSync(require.resolve("libheif-js/libheif-wasm/libheif.wasm")),
);
for (const file of process.argv.slice(2)) {
  const libde265 = openLibde265(module);
  const { heic } = inspectImage(readFileSync(file), 50_000_000);
  if (heic === undefined) throw new Error(`expected ${file} to be a HEIC`);
  for (const { tiles } of [...heic.thumbnails, heic.full]) {
    const hash = createHash("sha256");
    for (const coded of tiles) {
      const { width, height } = coded;
      const pixels = new Uint8ClampedArray(width * height * 3);
      libde265.decode(coded, (planes) => {
        const target = { pixels, channels: 3, imageWidth: width, left: 0, top: 0, width, height } as const;
        writePixels(planes, undefined, 1, target);
      });
      hash.update(pixels);
    }
    console.log(hash.digest("hex"));
  }
}
