import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, rmSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { type PerfSample, parsePerfScript } from "./perf-script.ts";

/** Samples a second: enough for 6,000 a minute and core, rarely enough to cost less than what the bench can see. */
export const SAMPLES_PER_SECOND = 99;

/** Hardware cycles where the machine shows them (bare metal, some EC2 types), else a timer of the kernel's. */
const EVENTS = ["cycles", "cpu-clock"];

/**
 * How perf can record here. `system` samples the processors and keeps what is the process's: perf then has nothing to
 * do when threads take turns, which costs several percent with the events bound to threads (`process`).
 */
export interface PerfMode {
  event: string;
  scope: "system" | "process";
}

/** The cheapest mode that `perf record` works in here, or in words why none does. */
export function findPerfMode(): PerfMode | { reason: string } {
  if (process.platform !== "linux") return { reason: "perf is Linux's" };
  try {
    execFileSync("perf", ["--version"], { stdio: "ignore" });
  } catch {
    return { reason: "perf is not installed (Debian: linux-perf, Amazon Linux: perf)" };
  }
  for (const scope of ["system", "process"] as const) {
    for (const event of EVENTS) if (records({ event, scope })) return { event, scope };
  }
  return { reason: "perf may not record here (see kernel.perf_event_paranoid)" };
}

function records({ event, scope }: PerfMode): boolean {
  const file = join(tmpdir(), `perf-try-${process.pid}.data`);
  const flags = scope === "system" ? ["-a"] : [];
  try {
    execFileSync("perf", ["record", "-q", "-e", event, ...flags, "-o", file, "--", "true"], {
      stdio: "ignore",
    });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(file, { force: true });
  }
}

/** A recording of one process, which counts while it is enabled. */
export interface Recording {
  enable(): Promise<void>;
  disable(): Promise<void>;
  /** Stops, writes perf's text beside the data, and gives the samples. */
  stop(): Promise<PerfSample[]>;
}

/** Attaches perf to a process, all of its threads. Files: `<name>.perf.data`, and `<name>.perf.txt` when stopped. */
export async function recordProcess(
  pid: number,
  { event, scope }: PerfMode,
  path: string,
): Promise<Recording> {
  const data = `${path}.perf.data`;
  const target = scope === "system" ? ["-a"] : ["-p", String(pid)];
  // Its events are off at first; told over one pipe to count or not, it confirms over the other.
  const control = ["-D", "-1", "--control", "fd:3,4"];
  const args = ["record", "-q", "-g", "-e", event, "-F", String(SAMPLES_PER_SECOND), ...control, ...target];
  const child = spawn("perf", [...args, "-o", data], {
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += String(chunk);
  });
  const [commands, confirmations] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  // A perf that ends early breaks the pipe; its exit is what is told.
  commands.on("error", () => {});
  const exited = once(child, "exit");
  const tell = async (command: "enable" | "disable"): Promise<void> => {
    const answered = Promise.race([once(confirmations, "data"), exited]);
    commands.write(`${command}\n`);
    await answered;
    if (child.exitCode !== null) throw new Error(`perf record: ${errors.trim() || `exit ${child.exitCode}`}`);
  };
  return {
    enable: () => tell("enable"),
    disable: () => tell("disable"),
    stop: async () => {
      await interrupt(child);
      await writeScript(pid, data, `${path}.perf.txt`);
      const samples = parsePerfScript(await readFile(`${path}.perf.txt`, "utf8"));
      await rm(data, { force: true });
      return samples;
    },
  };
}

async function interrupt(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGINT");
  await exited;
}

async function writeScript(pid: number, data: string, file: string): Promise<void> {
  const args = ["script", "--no-inline", "--pid", String(pid), "-F", "comm,tid,ip,sym,dso", "-i", data];
  const child = spawn("perf", args, { stdio: ["ignore", "pipe", "ignore"] });
  const out = createWriteStream(file);
  child.stdout.pipe(out);
  await once(out, "finish");
}
