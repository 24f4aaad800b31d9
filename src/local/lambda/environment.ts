import { type DeliveredInvocation, type RuntimeError, startRuntimeApi } from "./api.ts";
import type { EnvironmentInfo, EnvironmentState, InvocationReport, LogLine } from "./events.ts";
import { readLines } from "./lines.ts";
import { firstToEnd, processTree, readMemory } from "./memory.ts";
import { killGroup, killProcess, type OrphanGuard } from "./orphans.ts";
import { type FunctionProcess, type FunctionSettings, functionArn, spawnFunction } from "./process.ts";
import { describeExit, endLines, initReportLine, startLine } from "./report.ts";

/** How often a working environment's memory is looked at: a shorter spike goes unseen, a look takes some 20 µs. */
const MEMORY_CHECK_MS = 25;

/** An event on its way to the function. */
export interface Invocation {
  readonly requestId: string;
  /** The event as JSON text. */
  readonly body: string;
  /** Other than the function's own. */
  readonly timeoutSeconds?: number;
}

/** What came of it: the function's answer as JSON text, or an error as Lambda words it. */
export interface InvocationResult {
  readonly requestId: string;
  /** JSON text: the answer, or `{ errorType, errorMessage, trace? }`. */
  readonly payload: string;
  /** As in Lambda's header `X-Amz-Function-Error`; absent on success. */
  readonly functionError?: "Unhandled";
  readonly report: InvocationReport;
}

export interface EnvironmentListener {
  onState(environment: Environment): void;
  onLine(line: LogLine): void;
  onReport(report: InvocationReport): void;
}

interface Active {
  readonly invocation: Invocation;
  readonly startedAt: number;
  /** Whether the function has it. */
  delivered: boolean;
  readonly timer: NodeJS.Timeout;
  readonly settle: (result: InvocationResult) => void;
}

/** Why an INIT or an invocation came to nothing. */
export interface Failure {
  readonly status: "error" | "timeout";
  readonly errorType: string;
  readonly errorMessage: string;
}

/**
 * One execution environment: a process, its Runtime API, and the limits that Lambda sets to it. It starts with INIT,
 * takes one event at a time, and is not used again once its process has ended.
 */
export class Environment {
  readonly id: string;
  state: EnvironmentState = "starting";
  reason: string | undefined;
  /** Set when it should take no further event. */
  retired = false;

  readonly #settings: FunctionSettings;
  readonly #listener: EnvironmentListener;
  readonly #guard: OrphanGuard;
  readonly #createdAt = performance.now();
  readonly #init = Promise.withResolvers<Failure | undefined>();
  readonly #ended = Promise.withResolvers<void>();
  #child: FunctionProcess | undefined;
  #closeApi: (() => void) | undefined;
  #initTimer: NodeJS.Timeout | undefined;
  #memoryTimer: NodeJS.Timeout | undefined;
  #initDurationMs: number | undefined;
  #initReported = false;
  #initError: RuntimeError | undefined;
  #deliver: ((invocation: DeliveredInvocation) => void) | undefined;
  #active: Active | undefined;
  /** Why we killed it, decided before its process is gone. */
  #cause: Failure | undefined;
  #killed = false;
  #invocations = 0;
  #peakMb = 0;

  constructor(id: string, settings: FunctionSettings, listener: EnvironmentListener, guard: OrphanGuard) {
    this.id = id;
    this.#settings = settings;
    this.#listener = listener;
    this.#guard = guard;
  }

  /**
   * Starts the process and waits for INIT.
   *
   * @returns `undefined` when the runtime asks for its first event, else why it did not come to that
   */
  async start(): Promise<Failure | undefined> {
    this.#setState("starting");
    this.#initTimer = setTimeout(() => this.#initTimedOut(), this.#settings.initTimeoutMs);
    await this.#launch();
    return this.#init.promise;
  }

  /**
   * Starts the process with an event waiting for it, as Lambda does after a failed INIT: INIT is tried again as part
   * of the invocation, and the function's timeout is all the time that both have.
   */
  async startWith(invocation: Invocation): Promise<InvocationResult> {
    this.#setState("starting");
    this.#initReported = true;
    const result = this.#begin(invocation);
    await this.#launch();
    return result;
  }

  /** Hands an event to an idle environment. */
  invoke(invocation: Invocation): Promise<InvocationResult> {
    if (this.state !== "idle")
      throw new Error(`${this.id} should be idle to take an event; it is ${this.state}.`);
    const result = this.#begin(invocation);
    this.#handOver();
    return result;
  }

  /** Kills the process; an event in progress fails as it does on Lambda when the process is killed. */
  kill(reason: string): void {
    if (this.state === "dead") return;
    this.#killed = true;
    this.#die(
      { status: "error", errorType: "Runtime.ExitError", errorMessage: this.#exitMessage("signal: killed") },
      reason,
    );
  }

  /** Can take an event now. A process that was killed is idle until it is gone, and takes none. */
  get isFree(): boolean {
    return this.state === "idle" && this.#cause === undefined && !this.retired;
  }

  /** About to be idle: in INIT for no certain event, or has answered and not asked for the next one yet. */
  get isAvailableSoon(): boolean {
    return (
      (this.state === "starting" || this.state === "busy") &&
      this.#active === undefined &&
      this.#cause === undefined &&
      !this.retired
    );
  }

  /** Resolves when the process is gone and its output read to the end. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get info(): EnvironmentInfo {
    return {
      id: this.id,
      state: this.state,
      ...(this.reason !== undefined && { reason: this.reason }),
      pid: this.#child?.pid,
      ...(this.#initDurationMs !== undefined && { initDurationMs: this.#initDurationMs }),
      invocations: this.#invocations,
      maxMemoryUsedMb: this.#memoryUsedMb(),
      ...(this.#active !== undefined && { requestId: this.#active.invocation.requestId }),
    };
  }

  async #launch(): Promise<void> {
    const api = await startRuntimeApi({
      onNext: (deliver) => this.#onNext(deliver),
      isCurrent: (requestId) => this.#active?.invocation.requestId === requestId,
      onResponse: (body) => this.#afterOutput(() => this.#finish({ payload: body })),
      onError: (error) => this.#afterOutput(() => this.#finish({ payload: JSON.stringify(error), error })),
      onInitError: (error) => {
        this.#initError = error;
      },
    });
    this.#closeApi = api.close;
    if (this.#cause !== undefined) {
      this.#processEnded(this.#cause);
      return;
    }
    const child = spawnFunction(this.#settings, api.address, `${today()}/[$LATEST]${this.id}`);
    this.#child = child;
    let spawnError: Error | undefined;
    child.on("error", (error) => {
      spawnError = error;
    });
    readLines(child.stdout, (line) => this.#line("stdout", line));
    readLines(child.stderr, (line) => this.#line("stderr", line));
    child.on("exit", () => {
      // Whatever the function started ends with it, and with that the output does.
      if (child.pid !== undefined) killGroup(child.pid);
    });
    child.on("close", (code, signal) => {
      if (child.pid !== undefined) this.#guard.remove(child.pid);
      this.#processEnded(this.#cause ?? this.#exitFailure(spawnError?.message ?? describeExit(code, signal)));
    });
    if (child.pid !== undefined) this.#guard.add(child.pid);
    this.#memoryTimer = setInterval(() => this.#checkMemory(), MEMORY_CHECK_MS);
    this.#memoryTimer.unref();
    if (this.#cause !== undefined && child.pid !== undefined) killGroup(child.pid);
  }

  #onNext(deliver: (invocation: DeliveredInvocation) => void): void {
    this.#deliver = deliver;
    if (this.#initDurationMs === undefined) {
      clearTimeout(this.#initTimer);
      this.#initDurationMs = performance.now() - this.#createdAt;
      this.#init.resolve(undefined);
    }
    if (this.state === "dead" || this.#cause !== undefined) return;
    if (this.#active === undefined) this.#setState("idle");
    else if (!this.#active.delivered) this.#handOver();
    // Else it has answered, and becomes idle when that is settled.
  }

  #begin(invocation: Invocation): Promise<InvocationResult> {
    const { promise, resolve } = Promise.withResolvers<InvocationResult>();
    const timeoutMs = this.#timeoutSeconds(invocation) * 1000;
    const timer = setTimeout(() => this.#timedOut(), timeoutMs);
    this.#active = { invocation, startedAt: performance.now(), delivered: false, timer, settle: resolve };
    this.#invocations += 1;
    if (this.state === "idle") this.#setState("busy");
    this.#platformLine(startLine(this.#settings.logFormat, invocation.requestId));
    return promise;
  }

  #handOver(): void {
    const active = this.#active;
    const deliver = this.#deliver;
    if (active === undefined || deliver === undefined) return;
    const { invocation, startedAt } = active;
    const elapsedMs = performance.now() - startedAt;
    const deadlineMs = Math.floor(Date.now() - elapsedMs + this.#timeoutSeconds(invocation) * 1000);
    active.delivered = true;
    this.#deliver = undefined;
    if (this.state !== "busy") this.#setState("busy");
    deliver({
      requestId: invocation.requestId,
      body: invocation.body,
      headers: {
        "Lambda-Runtime-Aws-Request-Id": invocation.requestId,
        "Lambda-Runtime-Deadline-Ms": String(deadlineMs),
        "Lambda-Runtime-Invoked-Function-Arn": functionArn(this.#settings.functionName),
        "Lambda-Runtime-Trace-Id": traceId(invocation.requestId),
      },
    });
  }

  /** What the process wrote before it answered is in its pipes already; one turn of the event loop reads it. */
  #afterOutput(task: () => void): void {
    setImmediate(() => setImmediate(task));
  }

  #finish(outcome: {
    readonly payload: string;
    readonly error?: RuntimeError;
    readonly status?: "error" | "timeout";
  }): void {
    const active = this.#active;
    if (active === undefined) return;
    this.#active = undefined;
    clearTimeout(active.timer);
    const { logFormat, memoryMb } = this.#settings;
    const durationMs = performance.now() - active.startedAt;
    const initDurationMs = this.#initReported ? undefined : this.#initDurationMs;
    this.#initReported = true;
    const report: InvocationReport = {
      requestId: active.invocation.requestId,
      environment: this.id,
      status: outcome.error === undefined ? "success" : (outcome.status ?? "error"),
      ...(outcome.error !== undefined && { errorType: outcome.error.errorType }),
      durationMs,
      billedDurationMs: Math.ceil(durationMs + (initDurationMs ?? 0)),
      memorySizeMb: memoryMb,
      maxMemoryUsedMb: this.#memoryUsedMb(),
      ...(initDurationMs !== undefined && { initDurationMs }),
    };
    const { requestId } = report;
    for (const line of endLines(logFormat, report)) this.#platformLine(line, requestId);
    this.#listener.onReport(report);
    active.settle({
      requestId,
      payload: outcome.payload,
      ...(outcome.error !== undefined && { functionError: "Unhandled" as const }),
      report,
    });
    if (this.#deliver !== undefined && this.#cause === undefined) this.#setState("idle");
  }

  #timeoutSeconds(invocation: Invocation | undefined): number {
    return invocation?.timeoutSeconds ?? this.#settings.timeoutSeconds;
  }

  #timedOut(): void {
    const timeoutSeconds = this.#timeoutSeconds(this.#active?.invocation);
    const requestId = this.#active?.invocation.requestId ?? "";
    const text = `Task timed out after ${timeoutSeconds.toFixed(2)} seconds`;
    this.#explain(`${new Date().toISOString()} ${requestId} ${text}`);
    this.#die(
      {
        status: "timeout",
        errorType: "Sandbox.Timedout",
        errorMessage: `RequestId: ${requestId} Error: ${text}`,
      },
      `timed out after ${timeoutSeconds} s`,
    );
  }

  #initTimedOut(): void {
    const seconds = this.#settings.initTimeoutMs / 1000;
    this.#die(
      {
        status: "timeout",
        errorType: "Sandbox.Timedout",
        errorMessage: `INIT should take at most ${seconds} s; the function was not ready for an event by then.`,
      },
      `INIT took longer than ${seconds} s`,
    );
  }

  /** As Linux does: a process that the function started may be ended in its place, and the function lives. */
  #checkMemory(): void {
    const own = this.#child?.pid;
    if (own === undefined) return;
    const pids = processTree(own);
    const uses = pids.map(readMemory).filter((use) => use !== undefined);
    this.#peakMb = Math.max(this.#peakMb, sum(uses.map(({ peakMb }) => peakMb)));
    const { memoryMb } = this.#settings;
    const usedMb = sum(uses.map(({ unreclaimableMb }) => unreclaimableMb));
    if (usedMb <= memoryMb || this.#cause !== undefined) return;
    const chosen = firstToEnd(pids);
    if (chosen !== undefined && chosen !== own) {
      killProcess(chosen);
      return;
    }
    this.#die(
      {
        status: "error",
        errorType: "Runtime.OutOfMemory",
        errorMessage: this.#exitMessage("signal: killed"),
      },
      `out of memory: ${Math.ceil(usedMb)} MB of ${memoryMb} MB`,
    );
  }

  #die(cause: Failure, reason: string): void {
    this.#cause ??= cause;
    this.reason ??= reason;
    if (this.#child?.pid !== undefined) killGroup(this.#child.pid);
  }

  #exitFailure(exit: string): Failure {
    this.reason ??= this.#initError === undefined ? exit : `INIT failed: ${this.#initError.errorMessage}`;
    return { status: "error", errorType: "Runtime.ExitError", errorMessage: this.#exitMessage(exit) };
  }

  #exitMessage(exit: string): string {
    const requestId = this.#active?.invocation.requestId;
    return `${requestId === undefined ? "" : `RequestId: ${requestId} `}Error: Runtime exited with error: ${exit}`;
  }

  #processEnded(failure: Failure): void {
    clearTimeout(this.#initTimer);
    clearInterval(this.#memoryTimer);
    this.#closeApi?.();
    const posted = this.#initDurationMs === undefined ? this.#initError : undefined;
    const error: RuntimeError = posted ?? failure;
    if (this.#initDurationMs === undefined && !this.#killed) {
      const { status } = failure;
      this.#platformLine(this.#initReport({ status, errorType: error.errorType }));
    }
    if (this.#active !== undefined) {
      if (failure.status === "error" && posted === undefined) {
        this.#explain(`${failure.errorMessage}\r${failure.errorType}`);
      }
      const { errorType, errorMessage, trace } = error;
      const payload = JSON.stringify({ errorType, errorMessage, ...(trace !== undefined && { trace }) });
      this.#finish({ payload, error, status: failure.status });
    }
    this.#init.resolve({ ...failure, errorType: error.errorType, errorMessage: error.errorMessage });
    this.reason ??= failure.errorMessage;
    this.#setState("dead");
    this.#ended.resolve();
  }

  /** Lambda never shows more than the limit. */
  #memoryUsedMb(): number {
    return Math.min(Math.ceil(this.#peakMb), this.#settings.memoryMb);
  }

  #initReport(failure: Pick<Failure, "status" | "errorType">): string {
    const phase = this.#active === undefined ? "init" : "invoke";
    return initReportLine(this.#settings.logFormat, phase, performance.now() - this.#createdAt, failure);
  }

  #setState(state: EnvironmentState): void {
    this.state = state;
    this.#listener.onState(this);
  }

  /** In JSON the report says it. */
  #explain(line: string): void {
    if (this.#settings.logFormat === "Text") this.#platformLine(line);
  }

  #platformLine(line: string, requestId?: string): void {
    this.#line("platform", line, requestId);
  }

  #line(source: LogLine["source"], line: string, requestId = this.#active?.invocation.requestId): void {
    this.#listener.onLine({
      environment: this.id,
      source,
      line,
      ...(requestId !== undefined && { requestId }),
      time: Date.now(),
    });
  }
}

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

function today(): string {
  return new Date().toISOString().slice(0, 10).replaceAll("-", "/");
}

/** X-Ray's form; derived from the request's id, so that the two are found together. */
function traceId(requestId: string): string {
  const hex = requestId.replaceAll("-", "");
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${hex.slice(0, 24)};Parent=${hex.slice(16)};Sampled=0`;
}
