import type { FilterBank } from "./filters.ts";

/** Weights and bias of one convolution as QLinearConv takes them. */
export interface QuantizedFilters {
  /** int8 in the order of `FilterBank.values`, `[O, kH, kW, I]`. */
  readonly weights: Int8Array;
  /** One, or one an output channel. */
  readonly scales: Float32Array;
  /** As many as `scales`, all equal. */
  readonly zeroPoints: Int8Array;
  readonly bias: Int32Array;
}

/**
 * The largest sums of two adjacent weights that an int16 holds for every uint8 input:
 * 255 · 128 = 32,640 ≤ 32,767 and 255 · -128 = -32,640 ≥ -32,768.
 */
const MAX_PAIR_SUM = 128;
const MAX_WEIGHT = 127;

/** Pairs that are limited: none, those at `(0, 1), (2, 3), …`, or those at `(1, 2), (3, 4), …` as well. */
export type Pairs = "none" | "even" | "all";

/** The file's weights, bit for bit: shifted to int8 where they are uint8, zero point kept. */
export function exactFilters(bank: FilterBank, bias: Int32Array): QuantizedFilters {
  const weights = Int8Array.from(bank.values, (value) => value + bank.zeroPoint);
  const scales = bank.perChannel ? bank.scales : bank.scales.slice(0, 1);
  return { weights, scales, zeroPoints: new Int8Array(scales.length).fill(bank.zeroPoint), bias };
}

/**
 * Weights for the fast integer kernels: zero point 0 (what Arm's symmetric kernels want), a scale an output
 * channel, and no pair of adjacent weights whose int16 sum could saturate on x86 CPUs that
 * have AVX2 but no VNNI. A channel whose weights fit keeps its scale, and so its bits: re-scaling all channels
 * to their own maximum loses agreement with the original.
 *
 * @param pairs which pairs the kernels may add up: `none` in a depthwise convolution
 */
export function fastFilters(bank: FilterBank, bias: Int32Array, pairs: Pairs): QuantizedFilters {
  const { outChannels, values } = bank;
  const filterSize = values.length / outChannels;
  const weights = new Int8Array(values.length);
  const scales = new Float32Array(outChannels);
  const fastBias = new Int32Array(outChannels);
  for (let channel = 0; channel < outChannels; channel++) {
    const filter = values.subarray(channel * filterSize, (channel + 1) * filterSize);
    const { quantized, ratio } = nearestFilter(filter, pairs);
    weights.set(quantized, channel * filterSize);
    scales[channel] = (bank.scales[channel] ?? 0) * ratio;
    fastBias[channel] = Math.round((bias[channel] ?? 0) / ratio);
  }
  return { weights, scales, zeroPoints: new Int8Array(outChannels), bias: fastBias };
}

/**
 * The int8 filter nearest to `filter` in squared error, and the real value of its 1. A coarser scale costs
 * every weight a little rounding, a finer one cuts the pairs that are too large: try them in steps of 1%, up to
 * the one at which no pair can be too large.
 */
function nearestFilter(filter: Int16Array, pairs: Pairs): { quantized: Int8Array; ratio: number } {
  const largest = largestMagnitude(filter);
  const finest = Math.max(1, largest / MAX_WEIGHT);
  const coarsest = pairs !== "none" ? Math.max(finest, (2 * largest) / MAX_PAIR_SUM) : finest;
  let best = { quantized: requantize(filter, finest, pairs), ratio: finest };
  let least = squaredError(filter, best.quantized, finest);
  for (let ratio = finest; least > 0 && ratio <= coarsest; ratio *= 1.01) {
    const quantized = requantize(filter, ratio, pairs);
    const error = squaredError(filter, quantized, ratio);
    if (error < least) {
      least = error;
      best = { quantized, ratio };
    }
  }
  return best;
}

function requantize(filter: Int16Array, ratio: number, pairs: Pairs): Int8Array {
  const quantized = new Int8Array(filter.length);
  // A loop: `Int8Array.from` with a function takes six times as long, and this is run for every ratio.
  for (let index = 0; index < filter.length; index++)
    quantized[index] = Math.round((filter[index] as number) / ratio);
  if (pairs !== "none") limitAdjacentPairs(quantized, pairs);
  return quantized;
}

function squaredError(filter: Int16Array, quantized: Int8Array, ratio: number): number {
  let sum = 0;
  for (let index = 0; index < filter.length; index++) {
    sum += ((quantized[index] ?? 0) * ratio - (filter[index] ?? 0)) ** 2;
  }
  return sum;
}

/**
 * Shrinks, in place, pairs of adjacent weights of one filter until
 * `255·(w₀⁺ + w₁⁺) ≤ 32,767` and `255·(w₀⁻ + w₁⁻) ≤ 32,768`; both weights give half, which moves the pair
 * the least. Weights of opposite signs cannot add up and stay as they are.
 */
export function limitAdjacentPairs(filter: Int8Array, pairs: "even" | "all"): void {
  for (let index = 0; index + 1 < filter.length; index += pairs === "even" ? 2 : 1) {
    const first = filter[index] ?? 0;
    const second = filter[index + 1] ?? 0;
    if (first > 0 !== second > 0) continue;
    const excess = Math.abs(first + second) - MAX_PAIR_SUM;
    if (excess <= 0) continue;
    const sign = Math.sign(first);
    filter[index] = first - sign * Math.ceil(excess / 2);
    filter[index + 1] = second - sign * Math.floor(excess / 2);
  }
}

function largestMagnitude(filter: Int16Array): number {
  let largest = 0;
  for (const value of filter) largest = Math.max(largest, Math.abs(value));
  return largest;
}
