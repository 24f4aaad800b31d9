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

/** The file's weights, bit for bit: shifted to int8 where they are uint8, zero point kept. */
export function exactFilters(bank: FilterBank, bias: Int32Array): QuantizedFilters {
  const weights = Int8Array.from(bank.values, (value) => value + bank.zeroPoint);
  const scales = bank.perChannel ? bank.scales : bank.scales.slice(0, 1);
  return { weights, scales, zeroPoints: new Int8Array(scales.length).fill(bank.zeroPoint), bias };
}

/**
 * Weights for the fast integer kernels: zero point 0 (what Arm's symmetric kernels want), a scale an output
 * channel, and, in `limitPairs`, no pair of adjacent weights whose int16 sum could saturate on x86 CPUs that
 * have AVX2 but no VNNI. A channel whose weights fit keeps its scale, and so its bits: re-scaling all channels
 * to their own maximum loses agreement with the original.
 *
 * @param limitPairs true unless the convolution is depthwise: ONNX Runtime's depthwise kernels widen weights
 *   to 16 bits before they multiply, so that nothing can saturate there.
 */
export function fastFilters(bank: FilterBank, bias: Int32Array, limitPairs: boolean): QuantizedFilters {
  const { outChannels, values } = bank;
  const filterSize = values.length / outChannels;
  const weights = new Int8Array(values.length);
  const scales = new Float32Array(outChannels);
  const fastBias = new Int32Array(outChannels);
  for (let channel = 0; channel < outChannels; channel++) {
    const filter = values.subarray(channel * filterSize, (channel + 1) * filterSize);
    const ratio = Math.max(1, largestMagnitude(filter) / MAX_WEIGHT);
    const target = weights.subarray(channel * filterSize, (channel + 1) * filterSize);
    for (let index = 0; index < filterSize; index++) target[index] = Math.round((filter[index] ?? 0) / ratio);
    if (limitPairs) limitAdjacentPairs(target);
    scales[channel] = (bank.scales[channel] ?? 0) * ratio;
    fastBias[channel] = Math.round((bias[channel] ?? 0) / ratio);
  }
  return { weights, scales, zeroPoints: new Int8Array(outChannels), bias: fastBias };
}

/**
 * Shrinks, in place, pairs `(0, 1), (2, 3), …` of one filter until
 * `255·(w₀⁺ + w₁⁺) ≤ 32,767` and `255·(w₀⁻ + w₁⁻) ≤ 32,768`; both weights give half, which moves the pair
 * the least. Weights of opposite signs cannot add up and stay as they are.
 */
export function limitAdjacentPairs(filter: Int8Array): void {
  for (let index = 0; index + 1 < filter.length; index += 2) {
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
