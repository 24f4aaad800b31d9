import { quantileSorted } from "simple-statistics";

const PERCENTILE = /^p(\d{1,2}(?:\.\d+)?|100)$/i;
/** The share of the values that are at most the number, in percent. */
const RANK = /^PR\(:(\d+(?:\.\d+)?)\)$/;
const SIMPLE: Readonly<Record<string, (values: readonly number[]) => number>> = {
  SampleCount: (values) => values.length,
  Sum: (values) => values.reduce((total, value) => total + value, 0),
  Average: (values) => values.reduce((total, value) => total + value, 0) / values.length,
  Minimum: (values) => values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
  Maximum: (values) => values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
};

/** Whether {@link aggregate} knows this CloudWatch statistic. */
export function isStatistic(name: string): boolean {
  return Object.hasOwn(SIMPLE, name) || PERCENTILE.test(name) || RANK.test(name);
}

/**
 * One CloudWatch statistic of the raw values of one period.
 *
 * @param values at least one value, any order
 * @param stat `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount`, a percentile such as `p50` or `p99.9`,
 *   or a percentile rank up to a number, `PR(:0.5)`
 * @throws Error when the statistic is unknown (trimmed means and the like are not drawn here)
 */
export function aggregate(values: readonly number[], stat: string): number {
  if (Object.hasOwn(SIMPLE, stat)) {
    const simple = SIMPLE[stat];
    if (simple !== undefined) return simple(values);
  }
  const limit = RANK.exec(stat)?.[1];
  if (limit !== undefined) {
    return (100 * values.filter((value) => value <= Number(limit)).length) / values.length;
  }
  const percentile = PERCENTILE.exec(stat)?.[1];
  if (percentile === undefined) {
    throw new Error(
      `statistic ${JSON.stringify(stat)} is unknown: expected one of ${Object.keys(SIMPLE).join(", ")}, pNN, or PR(:n)`,
    );
  }
  const sorted = Float64Array.from(values).sort();
  return quantileSorted(sorted as unknown as number[], Number(percentile) / 100);
}
