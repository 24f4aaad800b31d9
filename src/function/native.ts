import { createRequire } from "node:module";

/**
 * The two packages with native code. In Lambda they live in a layer (`/opt/nodejs/node_modules`), which
 * `NODE_PATH` names and ESM `import` does not search: `require` does.
 */
const require = createRequire(import.meta.url);

export const sharp: typeof import("sharp").default = require("sharp");
export const ort: typeof import("onnxruntime-node") = require("onnxruntime-node");

// One image per thread of libuv's pool: libvips' own threads would compete with the other images in flight and with the
// model. The cache is for operations that repeat; ours never do.
sharp.concurrency(1);
sharp.cache(false);
// Whoever decodes with this sharp: what libvips can open besides (TIFF, SVG, PDF, …) stays closed, also when bytes pretend
// to be something else.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: [
    "VipsForeignLoadJpeg",
    "VipsForeignLoadPng",
    "VipsForeignLoadWebp",
    "VipsForeignLoadNsgif",
    "VipsForeignLoadHeif",
  ],
});
