import type { Component } from "./job.ts";

/** Library file → component. The first that matches holds. */
const LIBRARIES: readonly (readonly [RegExp, Component])[] = [
  [/onnxruntime/, "ONNX Runtime"],
  [/libturbojpeg/, "libjpeg-turbo"],
  [/libvips|sharp/, "libvips and its codecs"],
  [/\[kernel|\[vdso\]|\.ko\b/, "kernel"],
  [/\bnode$|libnode/, "Node and V8"],
  [/\b(libc|libm|libstdc\+\+|libgcc_s|libpthread|ld-linux[^/]*)[-.]/, "C library"],
];

/** @param dso the file that the code was loaded from, as perf prints it */
export function componentOfLibrary(dso: string): Component {
  return LIBRARIES.find(([pattern]) => pattern.test(dso))?.[1] ?? "other";
}

/** Of V8's C++ functions, mangled or not. */
const COLLECTOR =
  /Mark(ing|Compact)|Sweep|Scaveng|Evacuat|GarbageCollect|BodyDescriptor|SizeFromMap|ActiveSystemPages|RememberedSet|PromotionSpace/;
const COMPILER =
  /v8(::|8)internal.*(compiler|maglev|turboshaft|baseline|RegExpCompiler|AssemblerArm64|MacroAssembler|Assembler|parsing|Parser|Scanner|interpreter\d*BytecodeGenerator)/;

/** Node's own code is several things: what V8 does beside running JavaScript depends on when it is measured. */
export function componentOfFunction(symbol: string, dso: string): Component {
  const component = componentOfLibrary(dso);
  if (component !== "Node and V8" || symbol.startsWith("Builtins_")) return component;
  if (COMPILER.test(symbol)) return "V8's compilers";
  return COLLECTOR.test(symbol) ? "V8's garbage collector" : component;
}

/** @param url of a script: `file:///…`, `node:…`, a path, or empty for what has none */
export function componentOfScript(url: string): Component {
  if (url === "" || url.startsWith("node:")) return "Node and V8";
  if (url.includes("/node_modules/")) return "packages' JavaScript";
  if (url.includes("/src/function/")) return "the function's JavaScript";
  if (url.endsWith("/handler.mjs")) return "the bundle's JavaScript";
  return "the row's JavaScript";
}

/** `normalizeImage src/function/stages/normalize.ts:54`: what a person needs to find it. */
export function scriptName(functionName: string, url: string, line: number): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const place = url.replace(/^file:\/\//, "").replace(/^.*?\/(?=(node_modules|src)\/)/, "");
  return `${name} ${place}:${line}`;
}
