import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Component } from "../profile/job.ts";
import { describeFrame } from "../profile/perf-script.ts";
import type { Block, Interval } from "./counter.ts";
import {
  demangle,
  type FindRange,
  functionsOf,
  type NamedRange,
  rangeFinder,
  readPerfMap,
} from "./symbols.ts";

/** What a block of instructions belongs to. */
export interface Origin {
  /** The shared object's file name, or what V8 compiled to. */
  readonly object: string;
  readonly component: Component;
  /** The function's name, as far as it is known. */
  readonly name: string;
  /** Where in the object's file the block begins, in bytes; in what V8 compiled, where in its function. */
  readonly offset: number;
}

export type OriginOf = (block: Block) => Origin;

interface Mapping extends NamedRange {
  readonly fileOffset: number;
}

/** Shown as the object of what V8 compiled. */
export const COMPILED = "compiled by V8";

/**
 * Tells what blocks belong to.
 *
 * @param maps    of the process
 * @param perfMap what V8 compiled, as `--perf-basic-prof` writes it
 * @param root    the folder that the process sees as `/`
 */
export function originsOf(maps: Interval["maps"], perfMap: string, root: string): OriginOf {
  const findMapping = rangeFinder(readMaps(maps));
  const findCompiled = rangeFinder(readPerfMap(perfMap));
  const symbols = new Map<string, FindRange>();
  const findSymbol = (path: string, offset: number): NamedRange | undefined => {
    let find = symbols.get(path);
    if (find === undefined) {
      const file = [join(root, path), path].find((each) => existsSync(each));
      find = rangeFinder(file === undefined ? [] : functionsOf(readFileSync(file)));
      symbols.set(path, find);
    }
    return find(offset);
  };
  return ({ address }) => {
    const mapping = findMapping(address) as Mapping | undefined;
    if (mapping === undefined) {
      const compiled = findCompiled(address);
      if (compiled === undefined) return { object: "", component: "other", name: "unknown", offset: address };
      const { name, component } = describeFrame({ symbol: compiled.name, dso: "[JIT]" });
      return { object: COMPILED, component, name, offset: address - compiled.start };
    }
    const offset = address - mapping.start + mapping.fileOffset;
    const symbol = findSymbol(mapping.name, offset)?.name ?? "[unknown]";
    const { name, component } = describeFrame({ symbol, dso: mapping.name });
    return { object: basename(mapping.name), component, name: demangle(name), offset };
  };
}

/** The mappings of files in `/proc/PID/maps`. */
export function readMaps(text: string): Mapping[] {
  return text.split("\n").flatMap((line) => {
    const [, start, end, offset, name] =
      /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) \S+ \d+ +(\/.*)$/.exec(line) ?? [];
    if (start === undefined || end === undefined || offset === undefined || name === undefined) return [];
    const number = (hexadecimal: string): number => Number.parseInt(hexadecimal, 16);
    return [{ start: number(start), end: number(end), fileOffset: number(offset), name }];
  });
}
