import {
  type Assumptions,
  type Dollars,
  dollarsPerMillion,
  invocationMs,
  MB_PER_VCPU,
  type Work,
} from "./model.ts";
import type { Architecture, Prices } from "./prices.ts";

/** Memory sizes tried: template.yaml's bounds, the sizes of whole vCPUs, and steps between. */
export const MEMORY_SIZES_MB = [512, 768, 1024, 1536, 1769, 2048, 2654, 3538, 5307, 7076, 10240] as const;
export const BATCH_SIZES = [1, 5, 10, 25, 50, 100] as const;
/** A function that fills its memory is stopped: this much is left free. */
const MEMORY_HEADROOM = 1.25;
/** Lambda stops the function of template.yaml here. */
const TIMEOUT_MS = 30_000;

/** One memory and batch size. */
export interface Setting {
  architecture: Architecture;
  memoryMb: number;
  batch: number;
  invocationMs: number;
  msPerPicture: number;
  boundBy: string;
  dollars: Dollars;
}

export function settingOf(
  work: Work,
  assumptions: Assumptions,
  prices: Prices,
  architecture: Architecture,
  memoryMb: number,
  batch: number,
): Setting {
  const { ms, boundBy } = invocationMs(work, assumptions, architecture, memoryMb, batch);
  const vcpus = Math.min(1, memoryMb / MB_PER_VCPU);
  const dollars = dollarsPerMillion(prices, architecture, memoryMb, batch, ms, {
    initMs: (work.initMs * assumptions.cpuRatio[architecture]) / vcpus,
    coldStartShare: assumptions.coldStartShare,
    logBytes: work.logBytes,
    requests: work.requests,
    resultBytesPerPicture: work.resultBytesPerPicture,
  });
  return { architecture, memoryMb, batch, invocationMs: ms, msPerPicture: ms / batch, boundBy, dollars };
}

/** Every memory and batch size that has the memory and the time. */
export function sweep(
  work: Work,
  assumptions: Assumptions,
  prices: Prices,
  architecture: Architecture,
): Setting[] {
  return MEMORY_SIZES_MB.filter((memoryMb) => memoryMb >= work.peakMemoryMb * MEMORY_HEADROOM)
    .flatMap((memoryMb) =>
      BATCH_SIZES.map((batch) => settingOf(work, assumptions, prices, architecture, memoryMb, batch)),
    )
    .filter((setting) => setting.invocationMs < TIMEOUT_MS);
}

/** The least of a value; of those within 1% of it the one with the least memory, then the smallest batch. */
export function best(settings: readonly Setting[], value: (setting: Setting) => number): Setting {
  const least = Math.min(...settings.map(value));
  const [first] = settings
    .filter((setting) => value(setting) <= least * 1.01)
    .sort((a, b) => a.memoryMb - b.memoryMb || a.batch - b.batch);
  if (first === undefined) throw new Error("No memory size holds the function; was its memory measured?");
  return first;
}
