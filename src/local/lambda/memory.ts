import { readFileSync } from "node:fs";

/** Memory of a process in MB (2²⁰ bytes). */
export interface MemoryUse {
  /**
   * What cannot be given back to the system: anonymous and shared pages. Pages of files (the node binary alone has
   * 50 MB of them) are dropped under pressure before Lambda's kernel kills anybody, so they do not count.
   */
  readonly unreclaimableMb: number;
  /** Most memory ever resident, files included. */
  readonly peakMb: number;
}

/** Reads `/proc/<pid>/status`; `undefined` when the process is gone, or where there is no `/proc`. */
export function readMemory(pid: number): MemoryUse | undefined {
  const status = text(`/proc/${pid}/status`);
  if (status === "") return undefined;
  const megabytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) / 1024;
  return { unreclaimableMb: megabytes("RssAnon") + megabytes("RssShmem"), peakMb: megabytes("VmHWM") };
}

/** A process and those that its main thread started. */
export function processTree(pid: number): number[] {
  const children = text(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  return [pid, ...children.flatMap(processTree)];
}

/** The one that Linux ends first when memory is full. */
export function firstToEnd(pids: readonly number[]): number | undefined {
  const score = (pid: number) => Number(text(`/proc/${pid}/oom_score`) || -1);
  return [...pids].sort((a, b) => score(b) - score(a))[0];
}

function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
