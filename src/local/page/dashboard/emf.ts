import type { MetricId, MetricStore } from "./metric-store.ts";

/** The values of one metric in one embedded-metric-format line. */
export interface EmfMetric {
  readonly id: MetricId;
  readonly unit: string;
  readonly timestampMs: number;
  readonly values: readonly number[];
}

/**
 * Reads one line in CloudWatch's embedded metric format, the way CloudWatch does: each dimension set makes a
 * metric of its own, and a name or dimension without a target member is left out.
 *
 * @returns the metrics, none when the line is not EMF
 */
export function readEmf(line: unknown): EmfMetric[] {
  const members = asRecord(line);
  const aws = asRecord(members?._aws);
  if (members === undefined || aws === undefined) return [];
  const timestampMs = typeof aws.Timestamp === "number" ? aws.Timestamp : Number.NaN;
  if (!Number.isFinite(timestampMs)) return [];
  return asArray(aws.CloudWatchMetrics).flatMap((entry) => {
    const directive = asRecord(entry);
    const namespace = directive?.Namespace;
    if (directive === undefined || typeof namespace !== "string") return [];
    const dimensionSets = asArray(directive.Dimensions).map((names) =>
      readDimensions(members, asArray(names)),
    );
    return asArray(directive.Metrics).flatMap((definition) => {
      const metric = asRecord(definition);
      const name = metric?.Name;
      if (typeof name !== "string") return [];
      const values = [members[name]].flat().filter((value) => typeof value === "number");
      if (values.length === 0) return [];
      const unit = typeof metric?.Unit === "string" ? metric.Unit : "None";
      const sets = dimensionSets.length === 0 ? [{}] : dimensionSets;
      return sets.map((dimensions) => ({ id: { namespace, name, dimensions }, unit, timestampMs, values }));
    });
  });
}

/** Adds every metric of an EMF line to the store. */
export function storeEmf(store: MetricStore, line: unknown): void {
  for (const { id, unit, timestampMs, values } of readEmf(line)) store.add(id, unit, timestampMs, values);
}

function readDimensions(members: Record<string, unknown>, names: readonly unknown[]): Record<string, string> {
  const dimensions: Record<string, string> = {};
  for (const name of names) {
    if (typeof name !== "string") continue;
    const value = members[name];
    if (typeof value === "string") dimensions[name] = value;
  }
  return dimensions;
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
