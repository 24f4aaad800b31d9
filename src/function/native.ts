import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";

/**
 * The packages with native code. In Lambda they live in a layer (`/opt/nodejs/node_modules`), which
 * `NODE_PATH` names and ESM `import` does not search: `require` does.
 */
const require = createRequire(import.meta.url);

type SharpModule = typeof import("sharp").default;

let sharp: SharpModule | undefined;
const loaders = new Set([
  "VipsForeignLoadJpeg",
  "VipsForeignLoadPng",
  "VipsForeignLoadWebp",
  "VipsForeignLoadNsgif",
  "VipsForeignLoadHeif",
]);

/**
 * sharp, loaded when it is first asked for: to load it takes a sixth of a cold start, and ordinary JPEGs are decoded
 * without it.
 *
 * Whoever decodes with this sharp: what libvips can open besides (SVG, PDF, …) stays closed, also when bytes pretend to be
 * something else.
 */
export function loadSharp(): SharpModule {
  if (sharp === undefined) {
    const loaded: SharpModule = require("sharp");
    // One image per thread of libuv's pool: libvips' own threads would compete with the other images in flight and with
    // the model. The cache is for operations that repeat; ours never do.
    loaded.concurrency(1);
    loaded.cache(false);
    loaded.block({ operation: ["VipsForeignLoad"] });
    loaded.unblock({ operation: [...loaders] });
    sharp = loaded;
  }
  return sharp;
}

/** For who accepts TIFF: libtiff has had memory faults that a file reaches, so its loader stays closed to all others. */
export function openTiffLoader(): void {
  loaders.add("VipsForeignLoadTiff");
  sharp?.unblock({ operation: [...loaders] });
}

let ort: typeof import("onnxruntime-node") | undefined;

/** ONNX Runtime, loaded when it is first asked for: not by a process that decodes alone. */
export function loadOrt(): typeof import("onnxruntime-node") {
  ort ??= require("onnxruntime-node") as typeof import("onnxruntime-node");
  return ort;
}

/**
 * libjpeg-turbo's own library, of the package `@julusian/jpeg-turbo`, and what calls it. Its binding has neither scaled
 * decoding nor any limit, and goes on after warnings.
 *
 * @returns `undefined` where the package has no separate library: anywhere but on Linux with glibc
 */
export function turbojpegLibrary(): { koffi: typeof import("koffi"); file: string } | undefined {
  const root = dirname(require.resolve("@julusian/jpeg-turbo/package.json"));
  const file = join(root, `prebuilds/jpeg-turbo-${process.platform}-${process.arch}/libturbojpeg.so.0`);
  if (!existsSync(file) || isMusl()) return undefined;
  return { koffi: require("koffi"), file };
}

/** Alpine's C library, for which the file is not built. */
function isMusl(): boolean {
  return existsSync(`/lib/ld-musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`);
}

/** Beside this file, and beside the bundle: the other entries. */
const entryUrl = (name: string) => new URL(`./${name}${extname(import.meta.url)}`, import.meta.url);
export const heicWorkerUrl = entryUrl("heic-worker");
export const decodeProcessUrl = entryUrl("decode-process");

/** libheif with libde265, compiled to WebAssembly. */
export function libheifFile(): string {
  return require.resolve("libheif-js/libheif-wasm/libheif.wasm");
}
