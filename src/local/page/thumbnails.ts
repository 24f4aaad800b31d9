import type { Sharp } from "sharp";
import { loadSharp } from "../../function/native.ts";
import { type ImageHeader, inspectImage } from "../../function/stages/decode/header.ts";
import type { HeicHeader } from "../../function/stages/decode/headers/heic.ts";
import { decodeHeic } from "../../function/stages/decode/heic/decode.ts";
import { createDecoders } from "../../function/stages/prepare.ts";
import { DEPLOYED_SETTINGS } from "../../models/settings.ts";
import type { LocalStack } from "../stack.ts";
import { createLimit } from "./limit.ts";
import { readUpload } from "./read-upload.ts";

/** Edge lengths in pixels: a row of the list, a tile of the gallery, the detail view; and what zooming in shows. */
export const THUMBNAIL_SIZES = [112, 320, 960, 2400] as const;
export type ThumbnailSize = (typeof THUMBNAIL_SIZES)[number];

const MAX_CACHED = 4_000;
// As the function's defaults: what it does not open, the page does not show.
const MAX_PIXELS = 50_000_000;
const MAX_SECONDS = 10;
/** Colours as browsers show them, and no thumbnail that is smaller than what is shown. */
const AS_SEEN = { applyIccProfile: true, heicThumbnailPercent: 100 };

/** Small pictures of uploads, made when asked for. */
export class Thumbnails {
  readonly #stack: LocalStack;
  readonly #cache = new Map<string, Buffer>();
  /** One at a time: the pictures that the function decodes come first. */
  readonly #limit = createLimit(1);

  readonly #decoders = createDecoders(DEPLOYED_SETTINGS);

  constructor(stack: LocalStack) {
    this.#stack = stack;
  }

  /** @returns WebP; `undefined` when the object is gone or is no picture. */
  async make(key: string, eTag: string, size: ThumbnailSize): Promise<Buffer | undefined> {
    const name = JSON.stringify([key, eTag, size]);
    const cached = this.#cache.get(name);
    if (cached !== undefined) return cached;
    const thumbnail = await this.#limit(() => this.#shrink(key, size)).catch(() => undefined);
    if (thumbnail === undefined) return undefined;
    this.#cache.set(name, thumbnail);
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > MAX_CACHED && oldest !== undefined) this.#cache.delete(oldest);
    return thumbnail;
  }

  async #shrink(key: string, size: ThumbnailSize): Promise<Buffer> {
    const bytes = await readUpload(this.#stack, key);
    const header = inspectImage(bytes, MAX_PIXELS);
    const options = {
      limitInputPixels: MAX_PIXELS,
      failOn: "error",
      pages: 1,
      sequentialRead: true,
    } as const;
    const opened =
      header.heic === undefined
        ? loadSharp()(bytes, options).autoOrient()
        : await this.#openHeic(header, header.heic, size);
    return opened
      .timeout({ seconds: MAX_SECONDS })
      .resize(size, size, {
        fit: size <= THUMBNAIL_SIZES[1] ? "cover" : "inside",
        withoutEnlargement: true,
      })
      .webp({ quality: 80, effort: 1 })
      .toBuffer();
  }

  /** sharp opens no HEIC: it gets pixels. */
  async #openHeic({ image }: ImageHeader, heic: HeicHeader, size: number): Promise<Sharp> {
    const { width, height } = image;
    const scale = Math.min(1, size / Math.min(width, height));
    const resize = { width: Math.ceil(width * scale), height: Math.ceil(height * scale) };
    const plan = { resize, top: 0, left: 0, output: resize };
    const stored = await decodeHeic(
      heic,
      plan,
      "linear",
      { ...DEPLOYED_SETTINGS, ...AS_SEEN },
      this.#decoders.heic,
    );
    const { pixels, width: across, height: down, stride = 3 * across, orientation = 1 } = stored;
    const rows = Array.from({ length: down }, (_, row) =>
      pixels.subarray(row * stride, row * stride + 3 * across),
    );
    const raw = { width: across, height: down, channels: 3 } as const;
    return upright(loadSharp()(Buffer.concat(rows), { raw }), orientation);
  }
}

/** Turns pixels that carry no EXIF orientation, as `autoOrient` does by it: mirrored first, then turned clockwise. */
export function upright(image: Sharp, orientation: number): Sharp {
  const [isMirrored, degrees] = ORIENTATIONS[orientation] ?? [false, 0];
  return image.flop(isMirrored).rotate(degrees);
}

/** By EXIF orientation. */
const ORIENTATIONS: Readonly<Record<number, readonly [isMirrored: boolean, degrees: number]>> = {
  2: [true, 0],
  3: [false, 180],
  4: [true, 180],
  5: [true, 270],
  6: [false, 90],
  7: [true, 90],
  8: [false, 270],
};
