import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { REPORT_FILE } from "./agent.ts";
import type { ProfileJob, ProfileReport } from "./job.ts";
import { ARCHITECTURES, kitDirOf, makeKit } from "./kit.ts";

export interface Remote {
  /** As ssh takes it: `user@host`. */
  host: string;
  /** ssh's `-F`. */
  configFile: string | undefined;
}

/** A program of a pipeline, and how it ended. */
interface Running {
  child: ReturnType<typeof spawn>;
  done: Promise<void>;
}

/**
 * Does a job on another Linux machine over ssh: takes a kit along into a temporary folder, runs it there, brings the
 * output folder back, and removes the folder. That machine needs `tar`, and `perf` for native functions' names.
 *
 * @throws with ssh's own words when the machine cannot be reached or the job fails there
 */
export async function runJobOver(
  remote: Remote,
  job: ProfileJob,
  onStep: (label: string) => void,
): Promise<ProfileReport> {
  if (!/^[\w.@:[\]-]+$/.test(remote.host) || remote.host.startsWith("-")) {
    throw new Error(`Expected --ssh user@host, got ${remote.host}.`);
  }
  const [system = "", machine = ""] = (await capture(remote, "uname -sm")).trim().split(" ");
  const arch = ARCHITECTURES[machine];
  if (system !== "Linux" || arch === undefined) {
    throw new Error(`Expected Linux on arm64 or x86-64 at ${remote.host}, found ${system} ${machine}.`);
  }
  const kitDir = kitDirOf(job);
  await makeKit(job, arch, kitDir, dirname(job.outDir));
  const folder = (await capture(remote, "mktemp -d")).trim();
  if (!/^\/[\w./-]+$/.test(folder))
    throw new Error(`Expected a temporary folder at ${remote.host}, got ${folder}.`);
  try {
    await pipe(tar(["-I", "gzip -1", "-cf", "-", "-C", kitDir, "."]), ssh(remote, `tar -xzf - -C ${folder}`));
    const agent = ssh(remote, `cd ${folder} && ./node src/measure/profile/agent.ts job.json`);
    if (agent.child.stdout) createInterface({ input: agent.child.stdout }).on("line", onStep);
    await agent.done;
    await mkdir(job.outDir, { recursive: true });
    await pipe(ssh(remote, `tar -czf - -C ${folder}/out .`), tar(["-xzf", "-", "-C", job.outDir]));
  } finally {
    await capture(remote, `rm -rf ${folder}`).catch(() => {});
    await rm(kitDir, { recursive: true, force: true });
  }
  return JSON.parse(await readFile(join(job.outDir, REPORT_FILE), "utf8")) as ProfileReport;
}

function ssh({ host, configFile }: Remote, command: string): Running {
  const config = configFile === undefined ? [] : ["-F", configFile];
  return start("ssh", [...config, "-o", "BatchMode=yes", host, command]);
}

function tar(args: string[]): Running {
  return start("tar", args);
}

function start(program: string, args: string[]): Running {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += String(chunk);
  });
  const done = once(child, "close").then(([code]) => {
    if (code !== 0) throw new Error(`${program} ended with ${code}: ${errors.trim()}`);
  });
  done.catch(() => {});
  return { child, done };
}

async function capture(remote: Remote, command: string): Promise<string> {
  const { child, done } = ssh(remote, command);
  let output = "";
  child.stdout?.on("data", (chunk) => {
    output += String(chunk);
  });
  child.stdin?.end();
  await done;
  return output;
}

async function pipe(from: Running, to: Running): Promise<void> {
  if (to.child.stdin === null) throw new Error("Expected a program that reads its input.");
  // The reader may end early; its exit code tells, not the broken pipe.
  to.child.stdin.on("error", () => {});
  from.child.stdin?.end();
  from.child.stdout?.pipe(to.child.stdin);
  to.child.stdout?.resume();
  await Promise.all([from.done, to.done]);
}
