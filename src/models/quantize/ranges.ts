/** What calibration saw of one value of the graph. */
export interface Statistics {
  min: number;
  max: number;
  /** Counts between `min` and `max`, filled in the second pass. */
  histogram: Uint32Array;
  /** Per channel, the second dimension. */
  channels: ChannelStatistics[];
  /** Numbers that each channel had. */
  count: number;
}

export interface ChannelStatistics {
  min: number;
  max: number;
  sum: number;
}

/** `real = scale · (q − zeroPoint)`, q a uint8. */
export interface Quantization {
  readonly scale: number;
  readonly zeroPoint: number;
}

const BINS = 2048;
const STEPS = 255;

export function emptyStatistics(): Statistics {
  return {
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    histogram: new Uint32Array(BINS),
    channels: [],
    count: 0,
  };
}

/** First pass: ranges and means. */
export function measureRange(statistics: Statistics, values: Float32Array, channelCount: number): void {
  const size = values.length / channelCount;
  for (let channel = 0; channel < channelCount; channel++) {
    let {
      min = Number.POSITIVE_INFINITY,
      max = Number.NEGATIVE_INFINITY,
      sum = 0,
    } = statistics.channels[channel] ?? {};
    for (let index = channel * size; index < (channel + 1) * size; index++) {
      const value = values[index] as number;
      sum += value;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    statistics.channels[channel] = { min, max, sum };
    statistics.min = Math.min(statistics.min, min);
    statistics.max = Math.max(statistics.max, max);
  }
  statistics.count += size;
}

/** What the first pass found, of channels that are multiplied by these factors. */
export function scaleChannels(statistics: Statistics, factors: readonly number[]): void {
  statistics.channels = statistics.channels.map(({ min, max, sum }, channel) => {
    const factor = factors[channel] ?? 1;
    return { min: min * factor, max: max * factor, sum: sum * factor };
  });
  statistics.min = Math.min(...statistics.channels.map(({ min }) => min));
  statistics.max = Math.max(...statistics.channels.map(({ max }) => max));
}

/** Second pass. */
export function countValues({ min, max, histogram }: Statistics, values: Float32Array): void {
  const factor = max > min ? (BINS - 1e-6) / (max - min) : 0;
  for (let index = 0; index < values.length; index++) {
    const bin = ((values[index] as number) - min) * factor;
    const at = bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin | 0;
    histogram[at] = (histogram[at] as number) + 1;
  }
}

/**
 * The uint8 quantization of the least squared error: rare values at the ends are cut where the finer steps of all others
 * are worth it. Zero is always exact, because paddings are zeros.
 */
export function bestQuantization(statistics: Statistics): Quantization {
  const [low, high] = [Math.min(0, statistics.min), Math.max(0, statistics.max)];
  let best = { error: Number.POSITIVE_INFINITY, quantization: quantizationFor(low, high) };
  for (let share = 1; share > 0.25; share *= 0.97) {
    for (const [cutLow, cutHigh] of [
      [low * share, high * share],
      ...(low < 0 && high > 0
        ? [
            [low, high * share],
            [low * share, high],
          ]
        : []),
    ] as [number, number][]) {
      const quantization = quantizationFor(cutLow, cutHigh);
      const error = squaredError(statistics, quantization);
      if (error < best.error) best = { error, quantization };
    }
  }
  return best.quantization;
}

/** The whole range, however rare its ends. */
export function quantizationFor(low: number, high: number): Quantization {
  const scale = Math.fround((Math.max(0, high) - Math.min(0, low)) / STEPS) || 1;
  return { scale, zeroPoint: Math.min(STEPS, Math.max(0, Math.round(-Math.min(0, low) / scale))) };
}

/** Inside the range the error is even within a step; outside, the distance. */
function squaredError({ min, max, histogram }: Statistics, { scale, zeroPoint }: Quantization): number {
  const [low, high] = [-zeroPoint * scale, (STEPS - zeroPoint) * scale];
  const width = (max - min) / BINS;
  let error = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const count = histogram[bin] as number;
    if (count === 0) continue;
    const value = min + (bin + 0.5) * width;
    const outside = value < low ? low - value : value > high ? value - high : 0;
    // Of ReLU's output most is exactly zero, which costs nothing at any scale.
    const isZero = value - width / 2 <= 0 && value + width / 2 >= 0;
    error += count * (outside > 0 ? outside ** 2 : isZero ? 0 : scale ** 2 / 12);
  }
  return error;
}
