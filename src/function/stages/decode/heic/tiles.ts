import { messageOf } from "../../../errors.ts";
import type { CodedImage, ColourCoding } from "../headers/heic.ts";
import { type Libde265, openLibde265 } from "./libde265.ts";
import { UnsupportedCoding, writePixels } from "./pixels.ts";

/** Tiles that are decoded in one go, into an image that all threads share. */
export interface Task {
  /** Between the tiles of two images, the decoder is made as new. */
  readonly image: number;
  readonly tiles: readonly {
    readonly coded: CodedImage;
    /** In pixels of `target`. */
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  }[];
  readonly coding: ColourCoding | undefined;
  /** One pixel of `target` is the mean of so many a side. */
  readonly scale: number;
  readonly target: { readonly pixels: SharedArrayBuffer; readonly width: number; readonly channels: 1 | 3 };
}

/** How a task ended, and the memory that the decoder then holds. */
export interface Reply {
  readonly memoryBytes: number;
  readonly fault?: { readonly code: "INVALID_IMAGE" | "UNSUPPORTED_FORMAT"; readonly message: string };
}

/** WebAssembly's memory never shrinks: a decoder that grew beyond this is let go of after its image. */
const KEPT_MEMORY_BYTES = 32 * 2 ** 20;

/** Whether the decoder that so answered is not to be used again. */
export function isSpent({ fault, memoryBytes }: Reply): boolean {
  return fault !== undefined || memoryBytes > KEPT_MEMORY_BYTES;
}

/**
 * One decoder for all images, each of which finds it as new. After a fault it is of no more use.
 *
 * @param module `libheif.wasm`, compiled
 */
export function createTileDecoder(module: object): (task: Task) => Reply {
  let current: { image: number; readonly libde265: Libde265 } | undefined;
  return ({ image, tiles, coding, scale, target }) => {
    try {
      current ??= { image, libde265: openLibde265(module) };
      const { libde265 } = current;
      if (current.image !== image) libde265.reset();
      current.image = image;
      const pixels = new Uint8ClampedArray(target.pixels);
      const { channels, width: imageWidth } = target;
      for (const { coded, ...place } of tiles) {
        libde265.decode(coded, (planes) => {
          const [y] = planes.components;
          if (y.width < coded.width || y.height < coded.height)
            throw new Error(`expected ${coded.width} × ${coded.height} pixels, got ${y.width} × ${y.height}`);
          writePixels(planes, coding, scale, { pixels, channels, imageWidth, ...place });
        });
      }
      return { memoryBytes: libde265.memoryBytes };
    } catch (error) {
      const code = error instanceof UnsupportedCoding ? "UNSUPPORTED_FORMAT" : "INVALID_IMAGE";
      return { memoryBytes: current?.libde265.memoryBytes ?? 0, fault: { code, message: messageOf(error) } };
    }
  };
}
