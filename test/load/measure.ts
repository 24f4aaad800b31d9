/** The value below which `share` of the values lie, by nearest rank; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Memory looked at once a second, of one kind of process. */
export interface MemoryCurve {
  /** MB. Of the second quarter, when everything is warm, and of the last. */
  readonly earlyMb: number;
  readonly lateMb: number;
  readonly peakMb: number;
  /** Whether the last quarter holds no more than a tenth, or 16 MB, above the second. */
  readonly verdict: "flat" | "growing" | "too short to tell";
}

/**
 * Of one environment. V8's old generation first fills up to its limit: runs of 1,500 images went from 108 to
 * 126 MB, of 6,000 from 118 to 124, of 20,000 from 127 to 130.
 */
const MIN_IMAGES = 6000;

/**
 * @param samples MB, in the order of time; the first quarter is left out as warming up
 * @param images  that an environment classified meanwhile
 */
export function memoryCurve(samples: readonly number[], images: number): MemoryCurve {
  const quarter = Math.floor(samples.length / 4);
  const earlyMb = quantile(samples.slice(quarter, 2 * quarter + 1), 0.5);
  const lateMb = quantile(samples.slice(3 * quarter), 0.5);
  return {
    earlyMb,
    lateMb,
    peakMb: Math.max(0, ...samples),
    verdict:
      images < MIN_IMAGES
        ? "too short to tell"
        : lateMb <= Math.max(1.1 * earlyMb, earlyMb + 16)
          ? "flat"
          : "growing",
  };
}
