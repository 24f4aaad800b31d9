import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { type PerfSample, parsePerfScript } from "./perf-script.ts";

/** Samples a second: enough for 6,000 a minute and core, rarely enough to cost less than what the bench can see. */
export const SAMPLES_PER_SECOND = 99;

/** Hardware cycles where the machine shows them (bare metal, some EC2 types), else a timer of the kernel's. */
const EVENTS = ["cycles", "cpu-clock"];

/** The event that `perf record` works with here, or in words why none does. */
export function findPerfEvent(): { event: string } | { reason: string } {
  if (process.platform !== "linux") return { reason: "perf is Linux's" };
  try {
    execFileSync("perf", ["--version"], { stdio: "ignore" });
  } catch {
    return { reason: "perf is not installed (Debian: linux-perf, Amazon Linux: perf)" };
  }
  for (const event of EVENTS) {
    const file = join(tmpdir(), `perf-try-${process.pid}.data`);
    try {
      execFileSync("perf", ["record", "-q", "-e", event, "-o", file, "--", "true"], { stdio: "ignore" });
      return { event };
    } catch {
      // The next event may work; where perf is forbidden altogether, none does.
    } finally {
      void rm(file, { force: true });
    }
  }
  return { reason: "perf may not record here (see kernel.perf_event_paranoid)" };
}

/** A recording that runs until it is stopped. */
export interface Recording {
  /** Stops, writes perf's text beside the data, and gives the samples. */
  stop(): Promise<PerfSample[]>;
}

/** Attaches perf to a process, all of its threads. Files: `<name>.perf.data`, and `<name>.perf.txt` when stopped. */
export async function recordProcess(pid: number, event: string, path: string): Promise<Recording> {
  const data = `${path}.perf.data`;
  // Attached with its events off, then told over one pipe to count, which it confirms over the other.
  const args = [
    "record",
    "-q",
    "-g",
    "-e",
    event,
    "-F",
    String(SAMPLES_PER_SECOND),
    "-D",
    "-1",
    "--control",
    "fd:3,4",
  ];
  const child = spawn("perf", [...args, "-p", String(pid), "-o", data], {
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += String(chunk);
  });
  const [control, confirmation] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  // A perf that ends early breaks the pipe; its exit is what is told.
  control.on("error", () => {});
  control.write("enable\n");
  await Promise.race([once(confirmation, "data"), once(child, "exit")]);
  if (child.exitCode !== null) throw new Error(`perf record: ${errors.trim() || `exit ${child.exitCode}`}`);
  return {
    stop: async () => {
      await interrupt(child);
      await writeScript(data, `${path}.perf.txt`);
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

async function writeScript(data: string, file: string): Promise<void> {
  const args = ["script", "--no-inline", "-F", "comm,tid,ip,sym,dso", "-i", data];
  const child = spawn("perf", args, { stdio: ["ignore", "pipe", "ignore"] });
  const out = createWriteStream(file);
  child.stdout.pipe(out);
  await once(out, "finish");
}
