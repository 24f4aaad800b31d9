export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** 97.5% of a normal distribution lie below it: an interval of 95%. */
const Z = 1.96;

/** Wilson's interval of 95% for a share (Wilson 1927, "Probable Inference"), which holds for few trials and for 0 and 1. */
export function wilsonInterval(correct: number, count: number): Interval {
  if (count === 0) return { low: 0, high: 1 };
  const share = correct / count;
  const denominator = 1 + Z ** 2 / count;
  const centre = (share + Z ** 2 / (2 * count)) / denominator;
  const half = (Z / denominator) * Math.sqrt((share * (1 - share)) / count + Z ** 2 / (4 * count ** 2));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
