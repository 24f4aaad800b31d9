import type { Kernel } from "../model/preprocessing.ts";

/** One axis of a resize. For each output: `taps[2 i]` the first source index, `taps[2 i + 1]` how many of them. */
export interface AxisTable {
  readonly taps: Int32Array;
  /** `pitch` coefficients for each output, of which the first count: 13 bits after the point, together exactly 1. */
  readonly coefficients: Int16Array;
  readonly pitch: number;
  readonly outputs: number;
  /** The source indices that are read: from `first` up to, but without, `end`. */
  readonly first: number;
  readonly end: number;
}

export interface Axis {
  /** Source pixels. */
  readonly size: number;
  /** How many of them the image fills, from the first on: less than `size` when a scaled decode rounded up. */
  readonly extent: number;
  readonly resized: number;
  /** The outputs that are kept; those outside of the resized image are padding, and read any pixel. */
  readonly offset: number;
  readonly outputs: number;
  readonly flipped: boolean;
}

const ONE = 1 << 13;

/** Half widths, and values for x ≥ 0 within them; all are even but for the box, which is half open. */
const FILTERS: Readonly<Record<Exclude<Kernel, "nearest">, { support: number; at: (x: number) => number }>> =
  {
    box: { support: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
    linear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
    hamming: { support: 1, at: hamming },
    cubic: { support: 2, at: (x) => bicubic(Math.abs(x)) },
    lanczos3: { support: 3, at: lanczos },
  };

/**
 * The weights of Pillow's `ImagingResample` (its `precompute_coeffs`), and of its nearest neighbour: a filter is as many
 * times wider as the image becomes smaller, cut at the image's edges, and its weights are scaled to a sum of one.
 */
export function axisTable(axis: Axis, filter: Kernel): AxisTable {
  const { outputs } = axis;
  const scale = axis.extent / axis.resized;
  const origin = axis.flipped ? axis.size - axis.extent : 0;
  const { support, at } = filter === "nearest" ? { support: 0, at: undefined } : FILTERS[filter];
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const pitch = Math.ceil(reach) * 2 + 1;
  const taps = new Int32Array(2 * outputs);
  const coefficients = new Int16Array(pitch * outputs);
  const weights = new Float64Array(pitch);
  let first = axis.size;
  let end = 0;
  for (let i = 0; i < outputs; i++) {
    const output = Math.min(Math.max(axis.offset + i, 0), axis.resized - 1);
    const center = origin + (output + 0.5) * scale;
    let start = Math.max(0, Math.trunc(center - reach + 0.5));
    let count = Math.min(axis.size, Math.trunc(center + reach + 0.5)) - start;
    if (at === undefined) {
      start = Math.min(axis.size - 1, Math.floor(center));
      count = 1;
      weights[0] = 1;
    } else {
      for (let tap = 0; tap < count; tap++) weights[tap] = at((start + tap - center + 0.5) / stretch);
    }
    const at0 = i * pitch;
    const kept = quantize(weights, count, coefficients.subarray(at0, at0 + pitch), axis.flipped);
    start += kept.from;
    count = kept.count;
    const stored = axis.flipped ? axis.size - start - count : start;
    taps[2 * i] = stored;
    taps[2 * i + 1] = count;
    first = Math.min(first, stored);
    end = Math.max(end, stored + count);
  }
  return { taps, coefficients, pitch, outputs, first, end };
}

/** Weights → coefficients without the zeros at either end; what rounding leaves goes to the greatest. */
function quantize(
  weights: Float64Array,
  length: number,
  coefficients: Int16Array,
  isReversed: boolean,
): { from: number; count: number } {
  let sum = 0;
  for (let tap = 0; tap < length; tap++) sum += weights[tap] as number;
  const factor = ONE / sum;
  let from = 0;
  let to = length;
  while (Math.round((weights[from] as number) * factor) === 0) from++;
  while (Math.round((weights[to - 1] as number) * factor) === 0) to--;
  let rest = ONE;
  let greatest = 0;
  for (let tap = from; tap < to; tap++) {
    const coefficient = Math.round((weights[tap] as number) * factor);
    const at = isReversed ? to - 1 - tap : tap - from;
    coefficients[at] = coefficient;
    rest -= coefficient;
    if (coefficient > (coefficients[greatest] as number)) greatest = at;
  }
  coefficients[greatest] = (coefficients[greatest] as number) + rest;
  return { from, count: to - from };
}

function hamming(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= 1) return 0;
  const angle = x * Math.PI;
  return (Math.sin(angle) / angle) * (0.54 + 0.46 * Math.cos(angle));
}

/** Keys' cubic with a = −0.5. */
function bicubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/** sinc(x) · sinc(x / 3), with sin 3θ = 3 sin θ − 4 sin³ θ instead of a second sine. */
function lanczos(x: number): number {
  if (x === 0) return 1;
  if (x < -3 || x >= 3) return 0;
  const angle = (x * Math.PI) / 3;
  const sine = Math.sin(angle);
  return (sine * (3 * sine - 4 * sine * sine * sine)) / (3 * angle * angle);
}
