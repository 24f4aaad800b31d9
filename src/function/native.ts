import { createRequire } from "node:module";

/**
 * The two packages with native code. In Lambda they live in a layer (`/opt/nodejs/node_modules`), which
 * `NODE_PATH` names and ESM `import` does not search: `require` does.
 */
const require = createRequire(import.meta.url);

export const sharp: typeof import("sharp").default = require("sharp");
export const ort: typeof import("onnxruntime-node") = require("onnxruntime-node");
