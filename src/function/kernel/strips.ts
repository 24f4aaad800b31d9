import type { AxisTable } from "./filters.ts";

/** Outputs of a pass, from `from` up to, but without, `to`, and the source indices from which they are made. */
export interface Strip {
  readonly from: number;
  readonly to: number;
  readonly top: number;
  readonly bottom: number;
}

/** What stays in a second-level cache. */
const STRIP_BYTES = 1 << 20;
/** Outputs by which strips grow. */
const BLOCK = 8;

/**
 * Cuts outputs into strips whose sources take no more than {@link STRIP_BYTES}, or of one block where not even that fits.
 *
 * @param bytes that one source index takes
 */
export function planStrips({ taps, outputs }: AxisTable, bytes: number): Strip[] {
  const strips: Strip[] = [];
  for (let from = 0; from < outputs; from += BLOCK) {
    const block = sourcesOf(taps, from, Math.min(from + BLOCK, outputs));
    const last = strips.at(-1);
    const joined = last && {
      from: last.from,
      to: block.to,
      top: Math.min(last.top, block.top),
      bottom: Math.max(last.bottom, block.bottom),
    };
    if (joined !== undefined && (joined.bottom - joined.top) * bytes <= STRIP_BYTES) {
      strips[strips.length - 1] = joined;
    } else strips.push(block);
  }
  return strips;
}

function sourcesOf(taps: Int32Array, from: number, to: number): Strip {
  let top = Number.POSITIVE_INFINITY;
  let bottom = 0;
  for (let i = from; i < to; i++) {
    const first = taps[2 * i] as number;
    top = Math.min(top, first);
    bottom = Math.max(bottom, first + (taps[2 * i + 1] as number));
  }
  return { from, to, top, bottom };
}
