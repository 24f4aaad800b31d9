import type { Kernel, Size } from "../../model/preprocessing.ts";

/** Decoded at a smaller scale, an image keeps at least so many times the pixels that the resize makes of it, per axis. */
const SCALED_RATIO = 2;
/** One over these are the scales for which libjpeg-turbo has vector code. */
const SCALES = [8, 4, 2];

/**
 * The strongest scale, one over this number, at which an image still has {@link SCALED_RATIO} times the pixels that are
 * asked for, on both axes.
 *
 * @param multiples lengths in pixels that have to come out whole
 */
export function scaleFor(full: Size, resize: Size, multiples: readonly number[] = []): number {
  const isEnough = (scale: number) =>
    full.width >= scale * SCALED_RATIO * resize.width && full.height >= scale * SCALED_RATIO * resize.height;
  return SCALES.find((scale) => isEnough(scale) && multiples.every((length) => length % scale === 0)) ?? 1;
}

export function uprightToStored({ height, width }: Size, orientation: number): Size {
  return orientation >= 5 ? { height: width, width: height } : { height, width };
}

/** Whether a filter takes a pixel or leaves it, and so makes another image of pixels that are averages of several. */
export function mustBeWhole(kernel: Kernel): boolean {
  return kernel === "nearest" || kernel === "box";
}
