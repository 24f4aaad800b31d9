import { median, quantile } from "simple-statistics";

/** A median with its spread: the quartiles, which one disturbed round does not move. */
export interface Spread {
  median: number;
  q1: number;
  q3: number;
}

/** Median and quartiles of at least one number. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error("Expected at least one measured value, got none.");
  const numbers = [...values];
  return { median: median(numbers), q1: quantile(numbers, 0.25), q3: quantile(numbers, 0.75) };
}

/**
 * Ratio of two alternated series: the spread of `numerator[i] / denominator[i]`. Round by round, because a
 * neighbour that slows the machine slows both halves of a pair, and the ratio of two medians would not notice.
 */
export function pairedRatio(numerator: readonly number[], denominator: readonly number[]): Spread {
  if (numerator.length !== denominator.length) {
    throw new Error(
      `Expected series of one length, got ${numerator.length} and ${denominator.length} rounds.`,
    );
  }
  return spreadOf(numerator.map((value, i) => value / (denominator[i] ?? Number.NaN)));
}

/** Latency of a service as it is usually told. */
export interface Latency {
  meanMs: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
}

/** Mean and percentiles of at least one latency. */
export function latencyOf(valuesMs: readonly number[]): Latency {
  const values = [...valuesMs];
  if (values.length === 0) throw new Error("Expected at least one latency, got none.");
  return {
    meanMs: values.reduce((sum, value) => sum + value, 0) / values.length,
    p50Ms: quantile(values, 0.5),
    p90Ms: quantile(values, 0.9),
    p99Ms: quantile(values, 0.99),
  };
}
