import { neededRegion, type Region, type StoredImage } from "../../kernel/resampler.ts";
import type { GeometryPlan } from "../../model/geometry.ts";
import type { Kernel, Size } from "../../model/preprocessing.ts";
import type { ImageHeader } from "./header.ts";
import { mustBeWhole, scaleFor, uprightToStored } from "./scale.ts";
import { MCU_WIDTHS, openDecompressor, TJPARAM, TJPF } from "./turbojpeg.ts";

/** Room for decoded pixels, which belongs to one image at a time. Grows, up to {@link KEPT_PIXEL_BYTES}. */
export interface PixelRoom {
  bytes: Uint8Array;
}

/** 1000 × 1000 in colour: more is allocated for one image and dropped after it. Counted in `memory.ts`. */
export const KEPT_PIXEL_BYTES = 3_000_000;

/** Real files have about ten, and each passes over all coefficients: what was made to take long is left to sharp's clock. */
const MAX_SCANS = 30;
const MAX_PROGRESSIVE_PIXELS = 12_500_000;
/** What libjpeg may take for the coefficients of a progressive image: 3 components, 2 bytes each, and its own. */
const BYTES_PER_PIXEL = 7;

/**
 * Decodes an ordinary JPEG by libjpeg-turbo, without sharp's cost per image: Huffman-coded, 8 bits, gray or colour, and
 * no profile to apply. A much larger image is decoded at 1/2, 1/4 or 1/8.
 *
 * @param room is written to until this settles
 * @returns `undefined` for any other file, and for one of which the library says anything at all: sharp decides then
 */
export async function decodeJpeg(
  header: ImageHeader,
  plan: GeometryPlan,
  kernel: Kernel,
  applyIccProfile: boolean,
  room: PixelRoom,
): Promise<StoredImage | undefined> {
  const { jpeg, file } = header;
  if (jpeg === undefined || !jpeg.isOrdinary) return undefined;
  if ((jpeg.components !== 1 && jpeg.components !== 3) || (applyIccProfile && jpeg.hasIccProfile))
    return undefined;
  if (jpeg.isProgressive && jpeg.width * jpeg.height > MAX_PROGRESSIVE_PIXELS) return undefined;
  const decompressor = openDecompressor();
  if (decompressor === undefined) return undefined;
  try {
    const { width: fullWidth, height: fullHeight } = jpeg;
    const megabytes = Math.ceil((BYTES_PER_PIXEL * fullWidth * fullHeight) / 2 ** 20) + 2;
    const scale = mustBeWhole(kernel) ? 1 : scaleFor(jpeg, uprightToStored(plan.resize, jpeg.orientation));
    const isReady =
      decompressor.set(TJPARAM.STOPONWARNING, 1) &&
      decompressor.set(TJPARAM.SCANLIMIT, MAX_SCANS) &&
      decompressor.set(TJPARAM.MAXMEMORY, megabytes) &&
      decompressor.readHeader(file) &&
      decompressor.get(TJPARAM.JPEGWIDTH) === fullWidth &&
      decompressor.get(TJPARAM.JPEGHEIGHT) === fullHeight &&
      decompressor.get(TJPARAM.PRECISION) === 8 &&
      decompressor.setScale(scale);
    if (!isReady) return undefined;
    const { components: channels, orientation } = jpeg;
    const extent = { width: fullWidth / scale, height: fullHeight / scale };
    const size = { width: Math.ceil(extent.width), height: Math.ceil(extent.height) };
    const mcuWidth = (MCU_WIDTHS[decompressor.get(TJPARAM.SUBSAMP)] ?? size.width * scale) / scale;
    const region = regionFor(neededRegion({ ...size, orientation, extent }, plan, kernel), size, mcuWidth);
    const [width, height] = [region.right - region.left, region.bottom - region.top];
    if (!decompressor.setRegion(region.left, region.top, width, height)) return undefined;
    const pixels = roomFor(room, width * height * channels);
    const format = channels === 1 ? TJPF.GRAY : TJPF.RGB;
    const isWhole = await decompressor.decode(file, pixels, width * channels, format);
    return isWhole ? { pixels, region, ...size, channels, orientation, extent } : undefined;
  } finally {
    decompressor.close();
  }
}

/** Colours are interpolated from so many pixels around one. */
const MARGIN = 2;

/**
 * What the decoder writes: where it may begin, and down to the last row, so that damage anywhere is seen. Bits have to be
 * read all the same, but what is left out is not transformed.
 */
function regionFor(needed: Region, { width, height }: Size, mcuWidth: number): Region {
  const left = Math.max(0, Math.floor((needed.left - MARGIN) / mcuWidth) * mcuWidth);
  return {
    left,
    top: Math.max(0, needed.top - MARGIN),
    right: Math.min(width, needed.right + MARGIN),
    bottom: height,
  };
}

function roomFor(room: PixelRoom, bytes: number): Uint8Array {
  if (bytes <= room.bytes.length) return room.bytes;
  const larger = new Uint8Array(bytes);
  if (bytes <= KEPT_PIXEL_BYTES) room.bytes = larger;
  return larger;
}
