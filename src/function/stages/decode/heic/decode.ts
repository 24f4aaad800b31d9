import type { StoredImage } from "../../../kernel/resampler.ts";
import type { GeometryPlan } from "../../../model/geometry.ts";
import type { Kernel } from "../../../model/preprocessing.ts";
import type { HeicHeader, HeicImage } from "../headers/heic.ts";
import { MAX_DECODE_SECONDS } from "../limit.ts";
import { mustBeWhole, scaleFor, uprightToStored } from "../scale.ts";
import type { DecodeOptions } from "../sharp.ts";
import type { HeicDecoders } from "./decoders.ts";
import { convertToSrgb } from "./profile.ts";
import type { Task } from "./tiles.ts";

export interface HeicOptions extends Omit<DecodeOptions, "maxImagePixels"> {
  /** A thumbnail is decoded instead of the image when it has this percentage of the pixels that the resize makes, per axis. */
  readonly heicThumbnailPercent: number;
  /** Ends the decoding. Default: never. */
  readonly signal?: AbortSignal;
}

/** Tiles that go to a worker together. */
const TASK_PIXELS = 1_000_000;

let images = 0;

/** The smallest image in the file that suffices for the plan. */
export function imageFor(
  { full, thumbnails }: HeicHeader,
  { resize }: GeometryPlan,
  thumbnailPercent: number,
): HeicImage {
  const { width, height } = uprightToStored(resize, full.orientation);
  const suffices = (image: HeicImage) =>
    100 * image.width >= thumbnailPercent * width && 100 * image.height >= thumbnailPercent * height;
  return thumbnails.findLast(suffices) ?? full;
}

/**
 * Decodes a HEIC image, or a thumbnail in it, as small as the plan allows.
 *
 * @throws {ClassifierError} as `HeicDecoders.run` does
 */
export async function decodeHeic(
  header: HeicHeader,
  plan: GeometryPlan,
  kernel: Kernel,
  options: HeicOptions,
  decoders: HeicDecoders,
): Promise<StoredImage> {
  const image = imageFor(header, plan, options.heicThumbnailPercent);
  const { crop, orientation } = image;
  const multiples = [image, header.alpha].flatMap((part) =>
    part !== undefined && part.tiles.length > 1 ? [part.tileWidth, part.tileHeight] : [],
  );
  const resize = uprightToStored(plan.resize, orientation);
  const scale = mustBeWhole(kernel) ? 1 : scaleFor(crop, resize, [crop.left, crop.top, ...multiples]);
  const colour = canvasOf(image, scale, 3);
  const alpha = header.alpha === undefined ? undefined : canvasOf(header.alpha, scale, 1);
  const tasks = [...colour.tasks, ...(alpha?.tasks ?? [])];
  const pixels = image.decodedPixels + (header.alpha?.decodedPixels ?? 0);
  const timeoutSeconds = options.timeoutSeconds ?? MAX_DECODE_SECONDS;
  await decoders.run(tasks, pixels, { timeoutSeconds, signal: options.signal });
  if (alpha !== undefined) layUpon(colour.pixels, alpha.pixels, options.backgroundColor);
  const [left, top] = [crop.left / scale, crop.top / scale];
  const extent = { width: crop.width / scale, height: crop.height / scale };
  const stride = colour.width * 3;
  const stored = {
    pixels: colour.pixels.subarray(top * stride + left * 3),
    width: Math.min(Math.ceil(extent.width), colour.width - left),
    height: Math.min(Math.ceil(extent.height), colour.height - top),
    channels: 3,
    stride,
    orientation,
    extent,
  } as const;
  const { profile } = header.full;
  return profile !== undefined && options.applyIccProfile ? convertToSrgb(stored, profile) : stored;
}

/** Memory for an image at a scale, and what makes its pixels. */
function canvasOf(image: HeicImage, scale: number, channels: 1 | 3) {
  const { tileWidth, tileHeight, columns } = image;
  const [width, height] = [Math.ceil(image.width / scale), Math.ceil(image.height / scale)];
  const shared = new SharedArrayBuffer(width * height * channels);
  const target = { pixels: shared, width, channels };
  const common = { image: images++, coding: image.coding, scale, target };
  const tasks: Task[] = [];
  const perTask = Math.max(1, Math.floor(TASK_PIXELS / (tileWidth * tileHeight)));
  for (let first = 0; first < image.tiles.length; first += perTask) {
    const tiles = image.tiles.slice(first, first + perTask).flatMap((coded, i) => {
      const left = (((first + i) % columns) * tileWidth) / scale;
      const top = (Math.floor((first + i) / columns) * tileHeight) / scale;
      const right = Math.min(width, left + Math.ceil(tileWidth / scale));
      const bottom = Math.min(height, top + Math.ceil(tileHeight / scale));
      return right > left && bottom > top
        ? [{ coded, left, top, width: right - left, height: bottom - top }]
        : [];
    });
    if (tiles.length > 0) tasks.push({ ...common, tiles });
  }
  return { tasks, width, height, pixels: new Uint8Array(shared) };
}

/** Lays RGB pixels upon a colour, as opaque as `alpha` says. */
function layUpon(pixels: Uint8Array, alpha: Uint8Array, backgroundColor: string): void {
  const background = [1, 3, 5].map((at) => Number.parseInt(backgroundColor.slice(at, at + 2), 16));
  for (const [index, opacity] of alpha.entries()) {
    for (let channel = 0; channel < 3; channel++) {
      const at = index * 3 + channel;
      const under = background[channel] as number;
      pixels[at] = Math.round(under + (((pixels[at] as number) - under) * opacity) / 255);
    }
  }
}
