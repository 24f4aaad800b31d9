import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { EnvironmentInfo, InvocationReport, LogLine } from "../../../src/local/lambda/events.ts";
import { type LambdaRuntime, type RuntimeOptions, startRuntime } from "../../../src/local/lambda/runtime.ts";

export interface ObservedRuntime extends LambdaRuntime {
  readonly lines: readonly LogLine[];
  readonly reports: readonly InvocationReport[];
  /** Every state that an environment took, oldest first. */
  readonly states: readonly EnvironmentInfo[];
  /** Lines of the platform alone. */
  platformLines(): string[];
}

/** A function of these sources (an ES module that exports `handler`) under the real runtime client. */
export async function startSource(
  test: TestContext,
  source: string,
  options: Partial<RuntimeOptions> = {},
): Promise<ObservedRuntime> {
  const taskRoot = await mkdtemp(join(tmpdir(), "local-lambda-"));
  await writeFile(join(taskRoot, "index.mjs"), source);
  const runtime = startRuntime({
    functionName: "tried",
    taskRoot,
    handler: "index.handler",
    environment: {},
    memoryMb: 512,
    timeoutSeconds: 60,
    logFormat: "Text",
    initTimeoutMs: 60_000,
    concurrency: 1,
    ...options,
  });
  const lines: LogLine[] = [];
  const reports: InvocationReport[] = [];
  const states: EnvironmentInfo[] = [];
  runtime.events.on("log", (line) => lines.push(line));
  runtime.events.on("invocation", (report) => reports.push(report));
  runtime.events.on("environment", (info) => states.push(info));
  test.after(async () => {
    await runtime.close();
    await rm(taskRoot, { recursive: true, force: true });
  });
  return {
    ...runtime,
    lines,
    reports,
    states,
    platformLines: () => lines.filter(({ source: from }) => from === "platform").map(({ line }) => line),
  };
}

/** Waits for a state that nothing announces; the test's own timeout ends a wait in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

/** Whether a process is there and is no zombie. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
