import type { Component } from "./job.ts";

/** Library file → component. The first that matches holds. */
const LIBRARIES: readonly (readonly [RegExp, Component])[] = [
  [/onnxruntime/, "ONNX Runtime"],
  [/libvips|sharp/, "libvips and its codecs"],
  [/\[kernel|\[vdso\]|\.ko\b/, "kernel"],
  [/\bnode$|libnode/, "Node and V8"],
  [/\b(libc|libm|libstdc\+\+|libgcc_s|libpthread|ld-linux[^/]*)[-.]/, "C library"],
];

/** @param dso the file that the code was loaded from, as perf prints it */
export function componentOfLibrary(dso: string): Component {
  return LIBRARIES.find(([pattern]) => pattern.test(dso))?.[1] ?? "other";
}

/** @param url of a script: `file:///…`, `node:…`, a path, or empty for what has none */
export function componentOfScript(url: string): Component {
  if (url === "" || url.startsWith("node:")) return "Node and V8";
  if (url.includes("/node_modules/")) return "packages' JavaScript";
  if (url.includes("/src/function/")) return "the function's JavaScript";
  return "the row's JavaScript";
}

/** `normalizeImage src/function/stages/normalize.ts:54`: what a person needs to find it. */
export function scriptName(functionName: string, url: string, line: number): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const place = url.replace(/^file:\/\//, "").replace(/^.*?\/(?=(node_modules|src)\/)/, "");
  return `${name} ${place}:${line}`;
}
