import { aggregate } from "./statistics.ts";

/** One metric of one dimension set, as CloudWatch identifies it. */
export interface MetricId {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** One statistic a period: `timestampsMs[i]` is the start of the period that `values[i]` describes. */
export interface Series {
  readonly timestampsMs: readonly number[];
  readonly values: readonly number[];
}

export interface TimeRange {
  /** Aligned to the period by the store. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  readonly periodMs: number;
}

interface Samples {
  readonly id: MetricId;
  timestampsMs: number[];
  values: number[];
  unit: string;
}

/**
 * Raw metric values in memory, so that percentiles are exact. Bounded: the oldest values of a metric are
 * dropped once it holds more than `maxValuesPerMetric`.
 */
export class MetricStore {
  readonly #metrics = new Map<string, Samples>();
  readonly #maxValuesPerMetric: number;

  constructor(options: { readonly maxValuesPerMetric?: number } = {}) {
    this.#maxValuesPerMetric = options.maxValuesPerMetric ?? 50_000;
  }

  add(id: MetricId, unit: string, timestampMs: number, values: readonly number[]): void {
    const key = metricKey(id);
    let samples = this.#metrics.get(key);
    if (samples === undefined) {
      samples = { id, timestampsMs: [], values: [], unit };
      this.#metrics.set(key, samples);
    }
    for (const value of values) {
      samples.timestampsMs.push(timestampMs);
      samples.values.push(value);
    }
    // Dropping a tenth at a time keeps the cost of dropping far below one copy a value.
    if (samples.values.length > this.#maxValuesPerMetric * 1.1) {
      const surplus = samples.values.length - this.#maxValuesPerMetric;
      samples.timestampsMs.splice(0, surplus);
      samples.values.splice(0, surplus);
    }
  }

  /** Ids of every metric that has a value, for `SEARCH` and for tests. */
  ids(): MetricId[] {
    return [...this.#metrics.values()].map(({ id }) => id);
  }

  unit(id: MetricId): string | undefined {
    return this.#metrics.get(metricKey(id))?.unit;
  }

  /** The statistic of each period that has at least one value, oldest first. */
  query(id: MetricId, stat: string, range: TimeRange): Series {
    const samples = this.#metrics.get(metricKey(id));
    const periods = new Map<number, number[]>();
    if (samples !== undefined) {
      const { periodMs, toMs } = range;
      const fromMs = Math.floor(range.fromMs / periodMs) * periodMs;
      for (const [index, timestampMs] of samples.timestampsMs.entries()) {
        const value = samples.values[index];
        if (value === undefined || timestampMs < fromMs || timestampMs >= toMs) continue;
        const start = Math.floor(timestampMs / periodMs) * periodMs;
        const values = periods.get(start);
        if (values === undefined) periods.set(start, [value]);
        else values.push(value);
      }
    }
    const timestampsMs = [...periods.keys()].sort((a, b) => a - b);
    return { timestampsMs, values: timestampsMs.map((start) => aggregate(periods.get(start) ?? [], stat)) };
  }
}

function metricKey({ namespace, name, dimensions }: MetricId): string {
  const sorted = Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([namespace, name, sorted]);
}
