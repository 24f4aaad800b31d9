import { AsyncLocalStorage } from "node:async_hooks";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FunctionAnswer } from "../../src/local/event-source.ts";
import { type Invocation, keepLine } from "./ledger.ts";
import { type Exchange, type Fault, type FaultProxy, startFaultProxy } from "./proxy.ts";

type Handler = (event: unknown, context: object) => Promise<unknown>;

/** What is done to one invocation besides faults of S3. */
export interface Disturbance {
  /** Time that Lambda's context says is left, and after which it is cut off. */
  readonly remainingMs: number;
  readonly choose: (exchange: Exchange, kill: (afterMs: number) => void) => Fault | undefined;
  /** The process ends before the handler begins, when `choose` says so, or after it has answered, unheard. */
  readonly killAt?: "start" | "request" | "answer" | undefined;
}

/**
 * The handler module in this process, as an execution environment: one event at a time, its own S3 client behind its
 * own proxy. After an answer it is frozen and after a kill it is gone: nothing of it reaches S3 any more.
 */
export interface SimulatedEnvironment {
  invoke(event: unknown, invocation: Invocation, disturbance: Disturbance): Promise<FunctionAnswer>;
  /** Resolves when what is left of a killed invocation has ended, and the environment can take another event. */
  readonly idle: Promise<unknown>;
  readonly proxy: FaultProxy;
}

const invocations = new AsyncLocalStorage<Invocation>();

/** Sends what a handler writes to stdout to the invocation that wrote it. @returns ends that */
export function captureOutput(): () => void {
  const write = process.stdout.write.bind(process.stdout) as (...args: unknown[]) => boolean;
  process.stdout.write = ((...args: unknown[]) => {
    const invocation = invocations.getStore();
    if (invocation === undefined) return write(...args);
    keepLine(invocation, String(args[0]));
    return true;
  }) as typeof process.stdout.write;
  return () => {
    process.stdout.write = write as typeof process.stdout.write;
  };
}

let started = 0;

/**
 * @param s3Url     the S3 endpoint behind the proxy
 * @param stalePath where the older bytes of an object lie
 * @param firstEvent direct event of an upload that is there: the client reads its endpoint with its first request
 */
export async function startEnvironment(
  s3Url: string,
  stalePath: (path: string) => string,
  firstEvent: unknown,
): Promise<SimulatedEnvironment> {
  let choose: (exchange: Exchange) => Fault | undefined = () => undefined;
  const proxy = await startFaultProxy(s3Url, (exchange) => choose(exchange), stalePath);
  process.env.AWS_ENDPOINT_URL_S3 = proxy.url;
  const file = join(import.meta.dirname, "../../src/function/handler.ts");
  // Each environment is a module of its own, as it is a process of its own on Lambda.
  const { handler } = (await import(`${file}?environment=${started++}`)) as { handler: Handler };
  const context = (requestId: string, endsAt: number) => ({
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => endsAt - performance.now(),
  });
  await invocations.run({ lines: [] } as unknown as Invocation, () =>
    handler(firstEvent, context("first", performance.now() + 60_000)),
  );
  let idle: Promise<unknown> = Promise.resolve();

  return {
    proxy,
    get idle() {
      return idle;
    },
    async invoke(event, invocation, { remainingMs, choose: chooseFault, killAt }) {
      const { requestId } = invocation;
      const { promise: death, reject } = Promise.withResolvers<never>();
      const timers: NodeJS.Timeout[] = [];
      const kill = (afterMs: number) => {
        invocation.disturbed = true;
        const die = () => {
          proxy.sever("gone");
          reject(new Error("signal: killed"));
        };
        if (afterMs === 0) die();
        else timers.push(setTimeout(die, afterMs));
      };
      choose = (exchange) => chooseFault(exchange, kill);
      proxy.sever(undefined);
      timers.push(
        setTimeout(() => {
          invocation.overdue = !invocation.disturbed;
          proxy.sever("gone");
          reject(new Error("Task timed out"));
        }, remainingMs),
      );
      if (killAt === "start") kill(0);
      const work =
        killAt === "start"
          ? death
          : invocations.run(invocation, () =>
              handler(event, context(requestId, performance.now() + remainingMs)),
            );
      idle = Promise.allSettled([work]);
      try {
        const answer = await Promise.race([work, death]);
        if (killAt === "answer") {
          invocation.disturbed = true;
          throw new Error("signal: killed");
        }
        const { batchItemFailures = [] } = answer as { batchItemFailures?: { itemIdentifier: string }[] };
        invocation.failures = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
        return { requestId, payload: JSON.stringify(answer) };
      } catch (error) {
        const errorMessage = error instanceof Error ? error.message : String(error);
        const payload = JSON.stringify({ errorType: "Runtime.ExitError", errorMessage });
        return { requestId, payload, functionError: "Unhandled" };
      } finally {
        for (const timer of timers) clearTimeout(timer);
        proxy.sever(invocation.failures === undefined ? "gone" : "frozen");
        // The next process begins with no connections: this one's client has to notice that its own are gone.
        if (invocation.failures === undefined) idle = idle.then(() => sleep(20));
      }
    },
  };
}
