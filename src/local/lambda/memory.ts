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
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return undefined;
  }
  const megabytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) / 1024;
  return { unreclaimableMb: megabytes("RssAnon") + megabytes("RssShmem"), peakMb: megabytes("VmHWM") };
}
