import type { GeometryPlan } from "../../model/geometry.ts";
import type { Kernel } from "../../model/preprocessing.ts";
import type { RawImage } from "./raw-image.ts";

interface Filter {
  /** Half its width, in pixels of the image that is the smaller one. */
  readonly support: number;
  readonly weight: (distance: number) => number;
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Pillow's filters by their formulas; nearest is none, it takes the pixel under the centre. */
const FILTERS: Readonly<Record<Exclude<Kernel, "nearest">, Filter>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  linear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: {
    support: 1,
    weight: (x) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0),
  },
  cubic: { support: 2, weight: (x) => keys(Math.abs(x)) },
  lanczos3: { support: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Keys' cubic convolution with a = −0.5. */
function keys(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/** Fixed-point bits of a weight: 8-bit pixels and two bits for overshoot leave so many of 32. */
const WEIGHT_BITS = 22;

/** What one axis of the output is made of: for each position the first source pixel and the weights from there on. */
interface Axis {
  readonly starts: Int32Array;
  /** `count` per position; those that are not needed are 0. */
  readonly weights: Int32Array;
  readonly count: number;
}

/**
 * Resamples and cuts as Pillow does, to the last bit: the centre of a pixel is at half its width, weights are fixed-point
 * numbers, columns first and then rows, rounded to 8 bits between them. Only what the output shows is computed.
 *
 * It serves what libvips does otherwise: enlarging (half a pixel off there), box, Hamming and nearest.
 */
export function resampleImage(raw: RawImage, plan: GeometryPlan, kernel: Kernel): RawImage {
  const { output } = plan;
  const pixels = new Uint8Array(output.height * output.width * 3);
  const columns = axisOf(raw.width, plan.resize.width, plan.left, output.width, kernel);
  const rows = axisOf(raw.height, plan.resize.height, plan.top, output.height, kernel);
  const padLeft = Math.max(0, -plan.left);
  const padTop = Math.max(0, -plan.top);
  const width = columns.starts.length;
  const firstRow = rows.starts[0] ?? 0;
  const lastRow = Math.min(raw.height, (rows.starts.at(-1) ?? 0) + rows.count);
  const between = new Uint8Array((lastRow - firstRow) * width * 3);
  for (let row = firstRow; row < lastRow; row++) {
    combine(raw.pixels, row * raw.width * 3, 3, columns, between, (row - firstRow) * width * 3, 3);
  }
  const shifted = { ...rows, starts: rows.starts.map((start) => start - firstRow) };
  for (let column = 0; column < width; column++) {
    const target = (padTop * output.width + padLeft + column) * 3;
    combine(between, column * 3, width * 3, shifted, pixels, target, output.width * 3);
  }
  return { pixels, height: output.height, width: output.width, channels: 3 };
}

/** One line, a row or a column, of three channels: `step` bytes lie between its pixels. */
function combine(
  source: Uint8Array,
  offset: number,
  step: number,
  { starts, weights, count }: Axis,
  target: Uint8Array,
  targetOffset: number,
  targetStep: number,
): void {
  for (let position = 0; position < starts.length; position++) {
    let red = 1 << (WEIGHT_BITS - 1);
    let green = red;
    let blue = red;
    let from = offset + (starts[position] as number) * step;
    for (let index = position * count; index < (position + 1) * count; index++, from += step) {
      const weight = weights[index] as number;
      if (weight === 0) continue;
      red += weight * (source[from] as number);
      green += weight * (source[from + 1] as number);
      blue += weight * (source[from + 2] as number);
    }
    const to = targetOffset + position * targetStep;
    target[to] = clamp(red >> WEIGHT_BITS);
    target[to + 1] = clamp(green >> WEIGHT_BITS);
    target[to + 2] = clamp(blue >> WEIGHT_BITS);
  }
}

function clamp(value: number): number {
  return Math.max(0, Math.min(value, 255));
}

function axisOf(from: number, to: number, cut: number, length: number, kernel: Kernel): Axis {
  const first = Math.max(0, cut);
  const shown = Math.min(length, to);
  const scale = from / to;
  const one = 1 << WEIGHT_BITS;
  if (from === to || kernel === "nearest") {
    const starts = Int32Array.from({ length: shown }, (_, i) =>
      Math.min(from - 1, Math.floor((first + i + 0.5) * scale)),
    );
    return { starts, weights: new Int32Array(shown).fill(one), count: 1 };
  }
  const filter = FILTERS[kernel];
  const widening = Math.max(scale, 1);
  const reach = filter.support * widening;
  const count = Math.ceil(reach) * 2 + 1;
  const starts = new Int32Array(shown);
  const weights = new Int32Array(shown * count);
  for (let position = 0; position < shown; position++) {
    const centre = (first + position + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach + 0.5));
    const exact = Array.from({ length: end - start }, (_, i) =>
      filter.weight((start + i - centre + 0.5) / widening),
    );
    const sum = exact.reduce((total, weight) => total + weight, 0);
    starts[position] = start;
    for (const [index, weight] of exact.entries()) {
      const fixed = (weight / sum) * one;
      weights[position * count + index] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    }
  }
  return { starts, weights, count };
}
