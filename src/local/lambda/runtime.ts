import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import {
  Environment,
  type EnvironmentListener,
  type Failure,
  type Invocation,
  type InvocationResult,
} from "./environment.ts";
import type { EnvironmentInfo, LambdaEmitter, LambdaEvents } from "./events.ts";
import { parseEmf } from "./lines.ts";
import { startOrphanGuard } from "./orphans.ts";
import type { FunctionSettings } from "./process.ts";

/** Ended environments that {@link LambdaRuntime.environments} still shows. */
const DEAD_KEPT = 20;

export interface RuntimeOptions extends FunctionSettings {
  /** At most so many environments at once; 1 or more. */
  readonly concurrency: number;
}

/** What can change while it runs; environments of the old settings finish their event and end. */
export type RuntimeChange = Partial<
  Pick<RuntimeOptions, "concurrency" | "environment" | "memoryMb" | "timeoutSeconds">
>;

/**
 * A Lambda function on this machine. Environments are made when events need them, as many as the concurrency allows,
 * and used again for one event after the other; a dead one is replaced when an event needs it. An event that finds
 * none free waits its turn (Lambda would answer 429, and the caller would try again).
 */
export interface LambdaRuntime {
  readonly events: LambdaEmitter;
  /** Runs the function once. An error of the function is in the result; this rejects only when the runtime closes. */
  invoke(event: unknown, options?: InvokeOptions): Promise<InvocationResult>;
  /** Starts environments until there are `count`, and waits for their INIT. Rejects with the reason when one fails. */
  prewarm(count: number): Promise<void>;
  /** Those alive, and the last that ended. */
  environments(): readonly EnvironmentInfo[];
  /** Kills one as a crash would; false when there is none alive of that name. */
  kill(id: string): boolean;
  configure(change: RuntimeChange): void;
  close(): Promise<void>;
}

export interface InvokeOptions {
  /** A new one unless given. */
  readonly requestId?: string;
  /** The function's own unless given. */
  readonly timeoutSeconds?: number;
}

interface Pending {
  readonly invocation: Invocation;
  readonly resolve: (result: InvocationResult) => void;
  readonly reject: (error: Error) => void;
}

export function startRuntime(options: RuntimeOptions): LambdaRuntime {
  let settings = options;
  let started = 0;
  let closed = false;
  const events: LambdaEmitter = new EventEmitter<LambdaEvents>();
  const guard = startOrphanGuard();
  const alive = new Set<Environment>();
  const ended: EnvironmentInfo[] = [];
  const pending: Pending[] = [];
  /** In their first INIT. */
  const beginning = new Set<Environment>();

  const listener: EnvironmentListener = {
    onState(environment) {
      if (environment.state === "dead") {
        alive.delete(environment);
        ended.push(environment.info);
        if (ended.length > DEAD_KEPT) ended.shift();
      }
      events.emit("environment", environment.info);
      if (environment.state === "idle" && environment.retired) environment.kill("ended for new settings");
      // `begin` sees to the event that a failed INIT leaves behind.
      if (environment.state === "idle" || (environment.state === "dead" && !beginning.has(environment)))
        schedule();
    },
    onLine(line) {
      events.emit("log", line);
      const document = line.source === "stdout" ? parseEmf(line.line) : undefined;
      if (document === undefined) return;
      const { environment, requestId, time } = line;
      events.emit("emf", {
        environment,
        line: line.line,
        document,
        time,
        ...(requestId !== undefined && { requestId }),
      });
    },
    onReport: (report) => events.emit("invocation", report),
  };

  function create(): Environment {
    started += 1;
    const environment = new Environment(`env-${started}`, settings, listener, guard);
    alive.add(environment);
    return environment;
  }

  /** Gives waiting events to idle environments, and makes environments for those that remain. */
  function schedule(): void {
    if (closed) return;
    for (const environment of alive) {
      if (pending.length === 0) return;
      if (environment.isFree) run(environment);
    }
    let expected = [...alive].filter(({ isAvailableSoon }) => isAvailableSoon).length;
    while (expected < pending.length && alive.size < settings.concurrency) {
      expected += 1;
      void begin();
    }
  }

  function run(environment: Environment): void {
    const next = pending.shift();
    if (next !== undefined) environment.invoke(next.invocation).then(next.resolve, next.reject);
  }

  /** INIT, and when it fails once more as part of the first waiting invocation, as on Lambda. */
  async function begin(): Promise<Failure | undefined> {
    const environment = create();
    beginning.add(environment);
    const failure = await environment.start();
    if (failure !== undefined) await environment.ended;
    beginning.delete(environment);
    if (failure === undefined || closed) return failure;
    if (!environment.retired && alive.size < settings.concurrency) {
      const next = pending.shift();
      if (next !== undefined) create().startWith(next.invocation).then(next.resolve, next.reject);
    }
    schedule();
    return failure;
  }

  function retireSurplus(): void {
    let surplus = alive.size - settings.concurrency;
    for (const environment of [...alive].reverse()) {
      if (surplus-- <= 0) return;
      retire(environment, "ended for a lower concurrency");
    }
  }

  function retire(environment: Environment, reason: string): void {
    const isFree = environment.state !== "busy" || environment.isAvailableSoon;
    environment.retired = true;
    if (isFree) environment.kill(reason);
  }

  return {
    events,
    invoke(event, { requestId = randomUUID(), ...options } = {}) {
      if (closed) return Promise.reject(new Error("The local Lambda runtime is closed."));
      const { promise, resolve, reject } = Promise.withResolvers<InvocationResult>();
      pending.push({ invocation: { requestId, body: JSON.stringify(event), ...options }, resolve, reject });
      schedule();
      return promise;
    },
    async prewarm(count) {
      const missing = Math.min(count, settings.concurrency) - alive.size;
      const failures = await Promise.all(Array.from({ length: Math.max(0, missing) }, () => begin()));
      const failure = failures.find((found) => found !== undefined);
      if (failure !== undefined) throw new Error(`${failure.errorType}: ${failure.errorMessage}`);
    },
    environments: () => [...ended, ...[...alive].map(({ info }) => info)],
    kill(id) {
      const environment = [...alive].find((candidate) => candidate.id === id);
      environment?.kill("killed on request");
      return environment !== undefined;
    },
    configure(change) {
      const { concurrency, ...others } = change;
      settings = { ...settings, ...change };
      if (Object.keys(others).length > 0) {
        for (const environment of [...alive]) retire(environment, "ended for new settings");
      }
      if (concurrency !== undefined) retireSurplus();
      schedule();
    },
    async close() {
      closed = true;
      for (const { reject } of pending.splice(0)) reject(new Error("The local Lambda runtime is closed."));
      const all = [...alive];
      for (const environment of all) environment.kill("closed");
      await Promise.all(all.map(({ ended }) => ended));
      guard.close();
    },
  };
}
