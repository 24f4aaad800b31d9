import type { StoredImage } from "../../kernel/resampler.ts";

/** Pillow's whole weights of red, green and blue for `L`, of 2¹⁶. */
const [RED, GREEN, BLUE] = [19595, 38470, 7471] as const;

/**
 * Makes an image gray in the memory that it has, as Pillow converts to `L` before it resizes. One that is gray already is
 * left as it is.
 */
export function makeGray(image: StoredImage): StoredImage {
  if (image.channels === 1) return image;
  const { pixels, region = { left: 0, top: 0, right: image.width, bottom: image.height } } = image;
  const width = region.right - region.left;
  const { stride = 3 * width } = image;
  for (let y = 0, to = 0; y < region.bottom - region.top; y++) {
    for (let x = 0, from = y * stride; x < width; x++, from += 3, to++) {
      const sum =
        (pixels[from] as number) * RED +
        (pixels[from + 1] as number) * GREEN +
        (pixels[from + 2] as number) * BLUE;
      pixels[to] = (sum + 0x8000) >> 16;
    }
  }
  return { ...image, stride: width, channels: 1 };
}
