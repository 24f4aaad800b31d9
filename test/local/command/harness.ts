import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { PROJECT_DIR } from "../../../src/local/template.ts";

export const FIXTURES = join(PROJECT_DIR, "test/fixtures");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `src/local/<command>.ts` as a process of its own, killed with the test. */
export function startCommand(
  test: TestContext,
  command: "start" | "invoke",
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const child = spawn(process.execPath, [join(PROJECT_DIR, `src/local/${command}.ts`), ...args], {
    cwd: PROJECT_DIR,
    env: { ...process.env, ...env },
  });
  test.after(() => child.kill("SIGKILL"));
  return child;
}

/** Runs it to its end. */
export async function runCommand(
  test: TestContext,
  command: "start" | "invoke",
  args: readonly string[],
  input = "",
): Promise<Ended> {
  const child = startCommand(test, command, args);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk) => (stdout += chunk));
  child.stderr?.on("data", (chunk) => (stderr += chunk));
  child.stdin?.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

export async function temporaryFolder(test: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "local-command-"));
  test.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A port that is free together with the one after it. */
export async function freePortPair(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 40_000);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** The processes that a process started, by its own record in `/proc`. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}
