import type { Kernel } from "../model/preprocessing.ts";

/** One axis of a resize. For each output: `taps[2 i]` the first source index, `taps[2 i + 1]` how many of them. */
export interface AxisTable {
  readonly taps: Int32Array;
  /** `perOutput` for each output, of which the first count: {@link COEFFICIENT_BITS} after the point. */
  readonly coefficients: Int32Array;
  readonly perOutput: number;
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

/** Bits after a coefficient's point: Pillow's. Eight are a pixel's, and two are left for what goes beyond its range. */
export const COEFFICIENT_BITS = 32 - 8 - 2;

interface Filter {
  /** Half its width. */
  readonly support: number;
  /** Its values at `x`, `x + step` and so on. Nearest is none. */
  readonly weigh?: (weights: Float64Array, count: number, x: number, step: number) => void;
}

const FILTERS: Readonly<Record<Kernel, Filter>> = {
  nearest: { support: 0 },
  box: { support: 0.5, weigh: each((x) => (x > -0.5 && x <= 0.5 ? 1 : 0)) },
  linear: { support: 1, weigh: each((x) => Math.max(0, 1 - Math.abs(x))) },
  hamming: { support: 1, weigh: each(hamming) },
  cubic: { support: 2, weigh: each((x) => bicubic(Math.abs(x))) },
  lanczos3: { support: 3, weigh: lanczos },
};

/**
 * The weights of Pillow's `ImagingResample` (its `precompute_coeffs`), and of its nearest neighbour: a filter is as many
 * times wider as the image becomes smaller, cut at the image's edges, and its weights are scaled to a sum of one.
 */
export function axisTable(axis: Axis, filter: Kernel): AxisTable {
  const { size, extent, resized, offset, outputs, flipped } = axis;
  const scale = extent / resized;
  const origin = flipped ? size - extent : 0;
  const stretch = Math.max(scale, 1);
  const { support, weigh } = FILTERS[filter];
  const reach = support * stretch;
  const perOutput = Math.ceil(reach) * 2 + 1;
  const taps = new Int32Array(2 * outputs);
  const coefficients = new Int32Array(perOutput * outputs);
  const weights = new Float64Array(perOutput);
  let [first, end] = [size, 0];
  // Pillow's nearest adds up, and rounds as it goes.
  let [walked, walkedTo] = [0, origin + 0.5 * scale];
  for (let i = 0; i < outputs; i++) {
    const output = Math.min(Math.max(offset + i, 0), resized - 1);
    const center = origin + (output + 0.5) * scale;
    let start = Math.max(0, Math.trunc(center - reach + 0.5));
    let count = Math.min(size, Math.trunc(center + reach + 0.5)) - start;
    if (weigh === undefined) {
      for (; walked < output; walked++) walkedTo += scale;
      start = Math.min(size - 1, Math.trunc(walkedTo));
      count = 1;
      weights[0] = 1;
    } else weigh(weights, count, (start - center + 0.5) / stretch, 1 / stretch);
    const stored = flipped ? size - start - count : start;
    quantize(weights, count, coefficients, i * perOutput, flipped);
    taps[2 * i] = stored;
    taps[2 * i + 1] = count;
    first = Math.min(first, stored);
    end = Math.max(end, stored + count);
  }
  return { taps, coefficients, perOutput, outputs, first, end };
}

/** The source indices that {@link axisTable} reads, without the table: the outermost outputs have the outermost. */
export function axisRange(axis: Axis, filter: Kernel): { first: number; end: number } {
  const { outputs, offset } = axis;
  const outermost = [offset, offset + outputs - 1].map((output) =>
    axisTable({ ...axis, offset: output, outputs: 1 }, filter),
  );
  return {
    first: Math.min(...outermost.map(({ first }) => first)),
    end: Math.max(...outermost.map(({ end }) => end)),
  };
}

/** Weights → fixed point, each rounded on its own, halves away from zero. */
function quantize(
  weights: Float64Array,
  count: number,
  coefficients: Int32Array,
  at: number,
  isReversed: boolean,
): void {
  let sum = 0;
  for (let tap = 0; tap < count; tap++) sum += weights[tap] as number;
  const one = 1 << COEFFICIENT_BITS;
  for (let tap = 0; tap < count; tap++) {
    const coefficient = ((weights[tap] as number) / sum) * one;
    coefficients[at + (isReversed ? count - 1 - tap : tap)] =
      coefficient < 0 ? coefficient - 0.5 : coefficient + 0.5;
  }
}

function each(filter: (x: number) => number): NonNullable<Filter["weigh"]> {
  return (weights, count, x, step) => {
    for (let tap = 0; tap < count; tap++) weights[tap] = filter(x + tap * step);
  };
}

/** Pillow has its two numbers as 32-bit floats. */
const [HAMMING, REST] = [Math.fround(0.54), Math.fround(0.46)];

function hamming(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= 1) return 0;
  const angle = x * Math.PI;
  return (Math.sin(angle) / angle) * (HAMMING + REST * Math.cos(angle));
}

/** Keys' cubic with a = −0.5. */
function bicubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/**
 * sinc(x) · sinc(x / 3), with sin 3θ = 3 sin θ − 4 sin³ θ, and each sine from the one before by the sum of two angles: two
 * calls in place of two for each tap.
 */
function lanczos(weights: Float64Array, count: number, x: number, step: number): void {
  let angle = (x * Math.PI) / 3;
  const turn = (step * Math.PI) / 3;
  let [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const [sineOfTurn, cosineOfTurn] = [Math.sin(turn), Math.cos(turn)];
  for (let tap = 0; tap < count; tap++) {
    const isInside = angle >= -Math.PI && angle < Math.PI;
    const isCenter = Math.abs(angle) < 1e-8;
    const value = (sine * sine * (3 - 4 * sine * sine)) / (3 * angle * angle);
    weights[tap] = isCenter ? 1 : isInside ? value : 0;
    const next = sine * cosineOfTurn + cosine * sineOfTurn;
    cosine = cosine * cosineOfTurn - sine * sineOfTurn;
    sine = next;
    angle += turn;
  }
}
