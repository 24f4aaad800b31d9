/** Where one picture's pixels go: float graphs get normalised values, uint8 graphs the pixels as they are. */
export type PixelValues = FloatValues | Uint8Array;
type FloatValues = Float32Array | Float16Array | Float64Array;

/** What turns a pixel `x` into a value: `x * scale[c] + offset[c]`, laid out as the graph reads it. */
export interface Normalization {
  /** Channels first `[1, 3, H, W]` or channels last `[1, H, W, 3]`. */
  readonly layout: "NCHW" | "NHWC";
  /** Which channels, in which order. Default: RGB. */
  readonly order?: ChannelOrder;
  /** Per channel in that order; of gray the first counts. */
  readonly scale: readonly [number, number, number];
  readonly offset: readonly [number, number, number];
}

/** `gray` is ITU-R 601's luma in whole levels, as Pillow converts to `L`: one plane, whatever the layout. */
export type ChannelOrder = "RGB" | "BGR" | "gray";

/**
 * `(x · rescaleFactor − mean) / std` as one multiplication and one addition a pixel.
 *
 * @param mean, std in the units of the rescaled pixel, as `image_mean` and `image_std` are, for the channels in `order`
 */
export function normalizationOf(
  layout: Normalization["layout"],
  rescaleFactor: number,
  mean: readonly [number, number, number],
  std: readonly [number, number, number],
  order: ChannelOrder = "RGB",
): Normalization {
  return {
    layout,
    order,
    scale: [rescaleFactor / std[0], rescaleFactor / std[1], rescaleFactor / std[2]],
    offset: [-mean[0] / std[0], -mean[1] / std[1], -mean[2] / std[2]],
  };
}
