import { Metrics } from "@aws-lambda-powertools/metrics";
import type { ClassifierError } from "./errors.ts";
import type { ImageRef } from "./image-ref.ts";
import {
  DIMENSIONS,
  LABEL_DIMENSION,
  LABEL_METRIC,
  MAX_COUNTED_LABELS,
  METRICS,
  type MetricName,
  NAMESPACE,
  VERSION_DIMENSION,
  VERSION_METRICS,
} from "./metrics.ts";
import type { Measured, Outcome } from "./outcome.ts";
import type { Done } from "./triggers/trigger.ts";

/**
 * Powertools' metrics with the dimensions service and model as *default* dimensions: those of `addDimension` are lost
 * when it flushes by itself at 100 values, which is EMF's limit a metric and what keeps every line valid.
 */
export function createMetrics(serviceName: string, modelName: string): Metrics {
  return new Metrics({ namespace: NAMESPACE, serviceName, defaultDimensions: { model: modelName } });
}

/** Once an environment, with its first invocation. */
export function recordColdStart(metrics: Metrics, modelLoadMs: number): void {
  record(metrics, "ColdStart", 1);
  record(metrics, "ModelLoadDuration", modelLoadMs);
}

/**
 * Writes what an invocation did: its EMF lines and a line per image that was not classified. In one synchronous step, so
 * that overlapping invocations of one process do not share a line.
 *
 * @param labelCount of the model: the labels of one with few are counted
 */
export function publishOutcomes(
  metrics: Metrics,
  { version, labelCount, ...context }: LogContext & { readonly version: string; readonly labelCount: number },
  done: readonly Done[],
): void {
  const outcomes = done.map(({ outcome }) => outcome);
  recordOutcomes(metrics, outcomes);
  metrics.addMetadata("requestId", context.requestId ?? "");
  const document = metrics.serializeMetrics();
  document._aws.CloudWatchMetrics.push(versionDirective());
  process.stdout.write(`${JSON.stringify({ ...document, [VERSION_DIMENSION]: version })}\n`);
  metrics.clearMetrics();
  metrics.clearMetadata();
  if (labelCount <= MAX_COUNTED_LABELS) writeLabels(document, outcomes);
  logOutcomes(context, outcomes);
}

/** A line a label that came, in the dimensions of the invocation's own line: EMF has one value a dimension and line. */
function writeLabels(document: ReturnType<Metrics["serializeMetrics"]>, outcomes: readonly Outcome[]): void {
  const counts = new Map<string, number>();
  for (const outcome of new Set(outcomes)) {
    const label = outcome.status === "classified" ? outcome.result.predictions[0]?.label : undefined;
    if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const Metrics = [{ Name: LABEL_METRIC, Unit: METRICS[LABEL_METRIC] }];
  const Dimensions = [[...DIMENSIONS, LABEL_DIMENSION]];
  const _aws = {
    Timestamp: document._aws.Timestamp,
    CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions, Metrics }],
  };
  for (const [label, count] of counts) {
    const own = Object.fromEntries(DIMENSIONS.map((name) => [name, document[name]]));
    // CloudWatch takes printable ASCII only, and drops the rest without a word.
    const text =
      label
        .replaceAll(/[^\x20-\x7e]/g, "?")
        .slice(0, 255)
        .trim() || "?";
    process.stdout.write(
      `${JSON.stringify({ _aws, ...own, [LABEL_DIMENSION]: text, [LABEL_METRIC]: count })}\n`,
    );
  }
}

/** Two metrics once more, by version: a canary is judged by its own failures, and by nobody else's. */
function versionDirective() {
  return {
    Namespace: NAMESPACE,
    Dimensions: [[...DIMENSIONS, VERSION_DIMENSION]] as [string[]],
    Metrics: VERSION_METRICS.map((Name) => ({ Name, Unit: METRICS[Name] })),
  };
}

/** Says why the process ends: native calls never came back. */
export function logStuck(service: string): void {
  const message = "every buffer is held by a decode that outlived its invocation: this environment gives up";
  writeLine({ service }, "ERROR", message, {});
}

/**
 * What an invocation did: one value per image for durations and sizes, one count per invocation for each way to end.
 * Zeros too, so that a rate is 0 and not missing while nothing fails.
 */
function recordOutcomes(metrics: Metrics, outcomes: readonly Outcome[]): void {
  const count = (...statuses: Outcome["status"][]) =>
    outcomes.filter(({ status }) => statuses.includes(status)).length;
  // The same event twice in a batch is one piece of work, and one outcome object.
  for (const outcome of new Set(outcomes)) {
    if ("measured" in outcome) recordMeasured(metrics, outcome.measured);
    const score = outcome.status === "classified" ? outcome.result.predictions[0]?.score : undefined;
    if (score !== undefined) record(metrics, "TopScore", score);
  }
  // Last, so that they are in the last line, which has the version, when Powertools flushes full ones before.
  record(metrics, "BatchSize", outcomes.length - count("unreadable", "removed", "ignored"));
  record(metrics, "ImagesClassified", count("classified"));
  record(metrics, "ImagesRejected", count("rejected"));
  record(metrics, "ImagesFailed", count("failed"));
  record(metrics, "ImagesSuperseded", count("superseded"));
  // Each comes back until it is a dead letter: it is one entry all the same.
  const unreadable = outcomes.filter((outcome) => outcome.status === "unreadable" && !outcome.isRedelivered);
  record(metrics, "EntriesUnreadable", unreadable.length);
}

function recordMeasured(
  metrics: Metrics,
  { durationMs, publishMs, timingsMs, pixels, bytes }: Measured,
): void {
  const values: readonly (readonly [MetricName, number | undefined])[] = [
    ["FetchDuration", timingsMs?.fetch],
    ["DecodeDuration", timingsMs?.decode],
    ["NormalizeDuration", timingsMs?.normalize],
    ["InferDuration", timingsMs?.infer],
    ["RankDuration", timingsMs?.rank],
    ["PublishDuration", publishMs],
    ["ImageDuration", durationMs],
    ["ImageBytes", bytes],
    ["ImagePixels", pixels],
  ];
  for (const [name, value] of values) if (value !== undefined) record(metrics, name, value);
}

function record(metrics: Metrics, name: MetricName, value: number): void {
  metrics.addMetric(name, METRICS[name], Math.round(value * 1000) / 1000);
}

/** Fields that every line of an invocation carries. */
export interface LogContext {
  readonly service: string;
  readonly requestId?: string;
}

/**
 * One line per image that was rejected or failed, as JSON on stdout: `console.log` would be wrapped in another JSON
 * object under `LogFormat: JSON`, what is written to stdout is taken as it is under both formats.
 */
function logOutcomes(context: LogContext, outcomes: readonly Outcome[]): void {
  for (const outcome of new Set(outcomes)) {
    if ("error" in outcome) logError(context, outcome);
    else if ("warning" in outcome) logWarning(context, outcome);
  }
}

function logError(context: LogContext, outcome: Extract<Outcome, { readonly error: ClassifierError }>): void {
  const { status, error } = outcome;
  const { code, retryable } = error;
  const about = "ref" in outcome ? nameOf(outcome.ref) : { entry: outcome.id };
  const what = "ref" in outcome ? "image" : "entry";
  writeLine(context, retryable ? "ERROR" : "WARN", `${what} ${status}: ${error.message}`, {
    code,
    retryable,
    ...about,
  });
}

function logWarning(context: LogContext, { ref, warning }: { ref: ImageRef; warning?: string }): void {
  writeLine(context, "WARN", `image classified, but ${warning}`, nameOf(ref));
}

function nameOf({ bucket, key, versionId }: ImageRef): object {
  return { bucket, key, versionId };
}

function writeLine(context: LogContext, level: "WARN" | "ERROR", message: string, fields: object): void {
  const line = { timestamp: new Date().toISOString(), level, message, ...fields, ...context };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
