import type { InvocationReport } from "./events.ts";

export type LogFormat = "Text" | "JSON";

/** The line with which an invocation begins. */
export function startLine(format: LogFormat, requestId: string): string {
  return format === "Text"
    ? `START RequestId: ${requestId} Version: $LATEST`
    : platformLine("start", { requestId, version: "$LATEST" });
}

/** The lines with which an invocation ends: END and REPORT, or `platform.report`. */
export function endLines(format: LogFormat, report: InvocationReport): string[] {
  const { requestId, status, errorType, initDurationMs } = report;
  if (format === "JSON") {
    const metrics = {
      durationMs: round(report.durationMs),
      billedDurationMs: report.billedDurationMs,
      memorySizeMB: report.memorySizeMb,
      maxMemoryUsedMB: report.maxMemoryUsedMb,
      ...(initDurationMs !== undefined && { initDurationMs: round(initDurationMs) }),
    };
    return [
      platformLine("report", { requestId, metrics, status, ...(errorType !== undefined && { errorType }) }),
    ];
  }
  const fields = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${report.durationMs.toFixed(2)} ms`,
    `Billed Duration: ${report.billedDurationMs} ms`,
    `Memory Size: ${report.memorySizeMb} MB`,
    `Max Memory Used: ${report.maxMemoryUsedMb} MB`,
    ...(initDurationMs === undefined ? [] : [`Init Duration: ${initDurationMs.toFixed(2)} ms`]),
    ...(status === "success" ? [] : [`Status: ${status}`]),
    ...(status === "error" && errorType !== undefined ? [`Error Type: ${errorType}`] : []),
  ];
  return [`END RequestId: ${requestId}`, fields.join("\t")];
}

/** The line of an INIT that failed; a good INIT is reported with the first invocation. */
export function initReportLine(
  format: LogFormat,
  phase: "init" | "invoke",
  durationMs: number,
  failure: { readonly status: "error" | "timeout"; readonly errorType: string },
): string {
  return format === "Text"
    ? `INIT_REPORT Init Duration: ${durationMs.toFixed(2)} ms\tPhase: ${phase}\tStatus: ${failure.status}\tError Type: ${failure.errorType}`
    : platformLine("initReport", {
        initializationType: "on-demand",
        phase,
        ...failure,
        metrics: { durationMs: round(durationMs) },
      });
}

/** How a process ended, in the words of Lambda (they are those of Go's `os` package). */
export function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `signal: ${SIGNALS[signal] ?? signal.slice(3).toLowerCase()}`;
  return `exit status ${code ?? "unknown"}`;
}

const SIGNALS: Partial<Record<NodeJS.Signals, string>> = {
  SIGABRT: "aborted",
  SIGBUS: "bus error",
  SIGFPE: "floating point exception",
  SIGHUP: "hangup",
  SIGILL: "illegal instruction",
  SIGINT: "interrupt",
  SIGKILL: "killed",
  SIGSEGV: "segmentation fault",
  SIGTERM: "terminated",
  SIGTRAP: "trace/breakpoint trap",
};

function platformLine(type: string, record: object): string {
  return JSON.stringify({ time: new Date().toISOString(), type: `platform.${type}`, record });
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
