import type { Geometry, Size } from "./preprocessing.ts";

/** The resize and the cut for one image, in whole pixels. */
export interface GeometryPlan {
  /** The whole image is resampled to exactly this. */
  readonly resize: Size;
  /** Row and column of the resized image where the output begins. Negative: so many black rows or columns come first. */
  readonly top: number;
  readonly left: number;
  readonly output: Size;
}

/**
 * The arithmetic of transformers' image processors: the shorter side becomes `S`, the longer one `⌊S · long / short⌋`, and
 * a centre crop begins at `⌊(length − crop) / 2⌋`. A crop that is larger than the resized image is padded with black around
 * it, before any normalisation.
 *
 * @param source as a viewer shows the image, after the EXIF orientation
 */
export function planGeometry(source: Size, geometry: Geometry): GeometryPlan {
  const resize = resizedSize(source, geometry);
  const output = geometry.crop ?? resize;
  const half = geometry.isCutRounded ? roundHalfToEven : Math.floor;
  return {
    resize,
    top: half((resize.height - output.height) / 2),
    left: half((resize.width - output.width) / 2),
    output,
  };
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 && floor % 2 !== 0 ? floor + 1 : Math.floor(value);
}

function resizedSize({ height, width }: Size, geometry: Geometry): Size {
  if ("resizeTo" in geometry) return geometry.resizeTo;
  const side = geometry.resizeShorterSide;
  const longer = Math.floor((side * Math.max(height, width)) / Math.min(height, width));
  return height <= width ? { height: side, width: longer } : { height: longer, width: side };
}
