import type { EventEmitter } from "node:events";

/** As Lambda: in INIT, waiting for an event, working on one, gone. */
export type EnvironmentState = "starting" | "idle" | "busy" | "dead";

/** One execution environment: one process that takes one event at a time. */
export interface EnvironmentInfo {
  /** `env-1`, `env-2`, … in the order in which they started. */
  readonly id: string;
  readonly state: EnvironmentState;
  /** Why it is dead, in words. */
  readonly reason?: string;
  readonly pid: number | undefined;
  /** From the start of the process to its first request for an event. */
  readonly initDurationMs?: number;
  readonly invocations: number;
  readonly maxMemoryUsedMb: number;
  readonly requestId?: string;
}

/** A line of the function or of the platform (START, END, REPORT, …), as CloudWatch Logs would hold it. */
export interface LogLine {
  readonly environment: string;
  readonly source: "stdout" | "stderr" | "platform";
  readonly line: string;
  readonly requestId?: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** A line in the Embedded Metric Format; it is announced as a log line too. */
export interface EmfLine {
  readonly environment: string;
  readonly line: string;
  readonly document: EmfDocument;
  readonly requestId?: string;
  readonly time: number;
}

export interface EmfDocument {
  readonly [member: string]: unknown;
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly {
        readonly Name: string;
        readonly Unit?: string;
        readonly StorageResolution?: number;
      }[];
    }[];
  };
}

/** What Lambda's REPORT line says of one invocation. */
export interface InvocationReport {
  readonly requestId: string;
  readonly environment: string;
  readonly status: "success" | "error" | "timeout";
  readonly errorType?: string;
  readonly durationMs: number;
  /** Rounded up to whole milliseconds; a cold start's INIT is billed too. */
  readonly billedDurationMs: number;
  readonly memorySizeMb: number;
  readonly maxMemoryUsedMb: number;
  /** Only on the first invocation after INIT. */
  readonly initDurationMs?: number;
}

export interface LambdaEvents {
  log: [LogLine];
  emf: [EmfLine];
  environment: [EnvironmentInfo];
  invocation: [InvocationReport];
}

export type LambdaEmitter = EventEmitter<LambdaEvents>;
