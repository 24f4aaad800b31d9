import { addTo, dot, toUnit } from "./vectors.ts";

/** Share of the taught images that may be called unknown, when each is judged by means without its group. */
const FALSE_SHARE = 0.05;

export interface UnknownFit {
  /** One per class, of length 1: `featureCount` numbers. */
  readonly means: readonly Float64Array[];
  readonly threshold: number;
  /** Share of the taught images below the threshold. */
  readonly falseShare: number;
  /** Share of the images of `_other` below it; they also chose it. */
  readonly otherShare?: number;
}

/**
 * Cosines to the nearest class mean: of taught images to means without their group, of others to all. The threshold calls
 * 5% of the taught unknown or, with others, parts the two best (Youden's index).
 *
 * @param units features of length 1
 */
export function fitUnknown(
  units: readonly Float64Array[],
  classes: readonly number[],
  classCount: number,
  groups: readonly (readonly number[])[],
  others: readonly Float64Array[],
): UnknownFit {
  const size = units[0]?.length ?? 0;
  const sums = Array.from({ length: classCount }, () => new Float64Array(size));
  for (const [row, unit] of units.entries()) addTo(sums[classes[row] ?? 0], unit, 1);
  const known = new Float64Array(units.length);
  for (const group of groups) {
    for (const row of group) addTo(sums[classes[row] ?? 0], units[row], -1);
    const means = sums.map(toUnit);
    for (const row of group) known[row] = nearest(units[row], means);
    for (const row of group) addTo(sums[classes[row] ?? 0], units[row], 1);
  }
  known.sort();
  const means = sums.map(toUnit);
  const strange = Float64Array.from(others, (unit) => nearest(unit, means)).sort();
  const threshold =
    strange.length > 0 ? parting(known, strange) : (known[Math.floor(FALSE_SHARE * known.length)] ?? 0);
  return {
    ...{ means, threshold, falseShare: below(known, threshold) },
    ...(strange.length > 0 && { otherShare: below(strange, threshold) }),
  };
}

function parting(known: Float64Array, strange: Float64Array): number {
  let best = { threshold: 0, index: Number.NEGATIVE_INFINITY };
  for (const threshold of known) {
    const index = below(strange, threshold) - below(known, threshold);
    if (index > best.index) best = { threshold, index };
  }
  return best.threshold;
}

function below(sorted: Float64Array, threshold: number): number {
  return sorted.filter((value) => value < threshold).length / sorted.length;
}

function nearest(unit: Float64Array | undefined, means: readonly Float64Array[]): number {
  return Math.max(...means.map((mean) => dot(unit, mean)));
}
