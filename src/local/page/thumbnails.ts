import { sharp } from "../../function/native.ts";
import { inspectImage } from "../../function/stages/decode/header.ts";
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

/** Small pictures of uploads, made when asked for. */
export class Thumbnails {
  readonly #stack: LocalStack;
  readonly #cache = new Map<string, Buffer>();
  /** One at a time: the pictures that the function decodes come first. */
  readonly #limit = createLimit(1);

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
    inspectImage(bytes, MAX_PIXELS);
    return sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: "error", pages: 1, sequentialRead: true })
      .timeout({ seconds: MAX_SECONDS })
      .rotate()
      .resize(size, size, {
        fit: size <= THUMBNAIL_SIZES[1] ? "cover" : "inside",
        withoutEnlargement: true,
      })
      .webp({ quality: 80, effort: 1 })
      .toBuffer();
  }
}
