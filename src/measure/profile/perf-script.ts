import { componentOfFunction, componentOfScript, scriptName } from "./components.ts";
import type { Hotspot } from "./job.ts";

/** One frame of a stack that perf took. */
export interface PerfFrame {
  symbol: string;
  /** The file that the code is from; perf's map file for what V8 compiled. */
  dso: string;
}

/** One sample: the innermost frame first. */
export interface PerfSample {
  thread: string;
  tid: number;
  frames: PerfFrame[];
}

/**
 * Reads `perf script -F comm,tid,ip,sym,dso`: a head line a sample, a line a frame, an empty line between samples.
 *
 *     node 1234
 *             7f00 normalizeImage (/tmp/perf-1234.map)
 */
export function parsePerfScript(text: string): PerfSample[] {
  const samples: PerfSample[] = [];
  let sample: PerfSample | undefined;
  for (const line of text.split("\n")) {
    if (line.trim() === "") {
      sample = undefined;
    } else if (/^\s+[0-9a-f]+\s/.test(line) && sample !== undefined) {
      const match = /^\s+[0-9a-f]+\s+(.*?)\s+\(([^()]*(?:\([^()]*\))?[^()]*)\)$/.exec(line);
      sample.frames.push({ symbol: match?.[1] ?? "[unknown]", dso: match?.[2] ?? "" });
    } else {
      const match = /^\s*(.*?)\s+(\d+)\s*$/.exec(line);
      sample = { thread: match?.[1] ?? "unknown", tid: Number(match?.[2] ?? 0), frames: [] };
      samples.push(sample);
    }
  }
  return samples.filter(({ frames }) => frames.length > 0);
}

/** V8 names what it compiled `JS:*name url:line:column`; the sign tells the compiler that made it. */
const COMPILED = /^(?:JS|Function|LazyCompile|Eval|Script|Builtin|BytecodeHandler):\s*[*~^+']*\s*(.*)$/;

/** A frame's name for people, and the component it belongs to. */
export function describeFrame({ symbol, dso }: PerfFrame): Omit<Hotspot, "share"> {
  const isCompiled = /perf-\d+\.map|\[JIT\]|\.dump$/.test(dso) || COMPILED.test(symbol);
  if (!isCompiled) {
    const library = dso.replace(/^.*\//, "").replace(/[-.](?:so|node)[\d.]*$/, "");
    const name = symbol === "[unknown]" ? `${library} (no symbol)` : symbol.replace(/\+0x[0-9a-f]+$/, "");
    return { name, component: componentOfFunction(symbol, dso) };
  }
  const rest = COMPILED.exec(symbol)?.[1] ?? symbol;
  // `wasm-function[1]-1-turbofan`: the last word is the compiler.
  const kernel = /^(wasm-function\[\d+\])/.exec(rest);
  if (kernel?.[1] !== undefined) return { name: kernel[1], component: "WebAssembly kernel" };
  const script = /^(.*?)\s*((?:file:\/\/|node:|\/)\S+?):(\d+)(?::\d+)?$/.exec(rest);
  if (script === null) return { name: rest, component: "Node and V8" };
  const [, name = "", url = "", line = ""] = script;
  return { name: scriptName(name, url, Number(line)), component: componentOfScript(url) };
}

/** Shares of CPU time by the function that was running. */
export function perfHotspots(samples: readonly PerfSample[]): Hotspot[] {
  const counts = new Map<string, Hotspot & { count: number }>();
  for (const { frames } of samples) {
    const [innermost] = frames;
    if (innermost === undefined) continue;
    const { name, component } = describeFrame(innermost);
    const id = `${component} ${name}`;
    const spot = counts.get(id) ?? { name, component, share: 0, count: 0 };
    spot.count++;
    counts.set(id, spot);
  }
  return [...counts.values()]
    .map(({ name, component, count }) => ({ name, component, share: count / samples.length }))
    .sort((a, b) => b.share - a.share);
}
