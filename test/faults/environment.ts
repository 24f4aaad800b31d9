import { setImmediate } from "node:timers/promises";
import type { FunctionAnswer } from "../../src/local/event-source.ts";
import { startRuntime } from "../../src/local/lambda/runtime.ts";
import { type Invocation, keepLine } from "./ledger.ts";
import { type Exchange, type Fault, type FaultProxy, startFaultProxy } from "./proxy.ts";
import { watchStarvation } from "./starvation.ts";

/** What is done to one invocation besides faults of S3. */
export interface Disturbance {
  /** The function's time for it. */
  readonly remainingMs: number;
  readonly choose: (exchange: Exchange, kill: (afterMs: number) => void) => Fault | undefined;
  /** Told of each exchange that had no whole answer, by a fault or because the machine was too busy to give one. */
  readonly onBroken: (exchange: Exchange) => void;
  /** The process ends as the handler begins, when `choose` says so, or after it has answered, unheard. */
  readonly killAt?: "start" | "request" | "answer" | undefined;
}

/**
 * An execution environment: the built bundle in a process of its own under the official runtime interface client, behind
 * a proxy of its own. After an answer it is frozen and after a kill it is gone: nothing of it reaches S3 any more.
 */
export interface FaultyEnvironment {
  invoke(event: unknown, invocation: Invocation, disturbance: Disturbance): Promise<FunctionAnswer>;
  close(): Promise<void>;
}

export interface EnvironmentOptions {
  /** Folder of the bundle. */
  readonly taskRoot: string;
  readonly variables: Readonly<Record<string, string>>;
  /** The S3 endpoint behind the proxy. */
  readonly s3Url: string;
  /** Where the older bytes of an object lie. */
  readonly stalePath: (path: string) => string;
}

/** Enough for every known image. */
const MEMORY_MB = 1769;

export async function startEnvironment(options: EnvironmentOptions): Promise<FaultyEnvironment> {
  const { taskRoot, variables, s3Url, stalePath } = options;
  let choose: (exchange: Exchange) => Fault | undefined = () => undefined;
  let onBroken: (exchange: Exchange) => void = () => {};
  const proxy: FaultProxy = await startFaultProxy(
    s3Url,
    (exchange) => choose(exchange),
    stalePath,
    (exchange) => onBroken(exchange),
  );
  const runtime = startRuntime({
    functionName: "faults",
    taskRoot,
    handler: "handler.handler",
    environment: { ...variables, AWS_ENDPOINT_URL_S3: proxy.url },
    memoryMb: MEMORY_MB,
    timeoutSeconds: 60,
    logFormat: "JSON",
    initTimeoutMs: 60_000,
    concurrency: 1,
  });
  let current: Invocation | undefined;
  runtime.events.on("log", ({ source, line, requestId }) => {
    if (source === "stdout" && requestId === current?.requestId && current !== undefined)
      keepLine(current, line);
  });
  await runtime.prewarm(1);

  function die(): void {
    proxy.sever("gone");
    for (const { id, state } of runtime.environments()) if (state !== "dead") runtime.kill(id);
  }

  return {
    async invoke(event, invocation, { remainingMs, choose: chooseFault, killAt, ...disturbance }) {
      current = invocation;
      onBroken = disturbance.onBroken;
      const timers: NodeJS.Timeout[] = [];
      const kill = (afterMs: number) => {
        invocation.disturbed = true;
        if (afterMs === 0) die();
        else timers.push(setTimeout(die, afterMs));
      };
      choose = (exchange) => chooseFault(exchange, kill);
      proxy.sever(undefined);
      const { requestId } = invocation;
      const starvedMs = watchStarvation(runtime.environments().find(({ state }) => state === "idle")?.pid);
      const answering = runtime.invoke(event, { requestId, timeoutSeconds: remainingMs / 1000 });
      if (killAt === "start") {
        await setImmediate();
        kill(0);
      }
      const answer = await answering;
      invocation.starvedMs = starvedMs();
      for (const timer of timers) clearTimeout(timer);
      proxy.sever("frozen");
      if (answer.functionError === undefined && killAt === "answer") {
        kill(0);
        const payload = JSON.stringify({ errorType: "Runtime.ExitError", errorMessage: "signal: killed" });
        return { requestId, payload, functionError: "Unhandled" };
      }
      if (answer.functionError === undefined) {
        const { batchItemFailures = [] } = JSON.parse(answer.payload) as {
          batchItemFailures?: { itemIdentifier: string }[];
        };
        invocation.failures = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
      } else if (answer.report.status === "timeout") invocation.overdue = !invocation.disturbed;
      else if (!invocation.disturbed) invocation.diedByItself = answer.payload.slice(0, 200);
      return answer;
    },
    async close() {
      await runtime.close();
      await proxy.close();
    },
  };
}
