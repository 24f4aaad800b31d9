import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { UsageError } from "../command-line.ts";

/** Cores that each row's process is kept to, with all that it starts. Lists are as `taskset` writes them: `0,2-3`. */
export interface Cores {
  readonly count: number;
  readonly own: string;
  /** Those of the bench itself: for what is no part of a row. */
  readonly all: string;
}

/** The first `count` cores that this process may use. @throws {UsageError} where there are fewer, or no `taskset` */
export function firstCores(count: number): Cores {
  const all = allowedCores();
  const cores = all.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  if (count > cores.length)
    throw new UsageError(`--cores: expected at most ${cores.length}, all that there are; got ${count}.`);
  return { count, own: cores.slice(0, count).join(","), all };
}

function allowedCores(): string {
  try {
    execFileSync("taskset", ["--version"], { stdio: "ignore" });
    const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    if (list !== undefined) return list;
  } catch {}
  throw new UsageError("--cores needs Linux and taskset (package util-linux).");
}

/** What starts `command` on these cores; without a list on those that it inherits. */
export function commandOn(list: string | undefined, command: readonly [string, ...string[]]): typeof command {
  return list === undefined ? command : ["taskset", "-c", list, ...command];
}
