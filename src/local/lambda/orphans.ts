import { type ChildProcess, spawn } from "node:child_process";

/**
 * Ends process groups when this process ends, however it ends, SIGKILL included: a shell reads our list of groups
 * from a pipe, and when the pipe breaks it kills those on the last line. (Linux could do so by itself, but Node has no
 * way to set PR_SET_PDEATHSIG.)
 */
export interface OrphanGuard {
  add(pid: number): void;
  remove(pid: number): void;
  close(): void;
}

const SCRIPT = 'while read -r line; do groups=$line; done; for g in $groups; do kill -s KILL -- "-$g"; done';

export function startOrphanGuard(): OrphanGuard {
  const groups = new Set<number>();
  const shell: ChildProcess = spawn("/bin/sh", ["-c", SCRIPT], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // Without a shell the guard does nothing; the environments still end when their Runtime API is gone.
  shell.on("error", () => {});
  shell.stdin?.on("error", () => {});
  shell.unref();
  const tell = (): void => {
    shell.stdin?.write(`${[...groups].join(" ")}\n`);
  };
  const killAll = (): void => {
    for (const pid of groups) killGroup(pid);
  };
  process.once("exit", killAll);
  return {
    add(pid) {
      groups.add(pid);
      tell();
    },
    remove(pid) {
      groups.delete(pid);
      tell();
    },
    close() {
      process.off("exit", killAll);
      shell.stdin?.end();
    },
  };
}

/** Sends SIGKILL to a process and all that it started. Nothing happens when it is gone. */
export function killGroup(pid: number): void {
  killProcess(-pid);
}

/** Sends SIGKILL to a process. Nothing happens when it is gone. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
