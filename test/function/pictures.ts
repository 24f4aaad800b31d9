import sharp, { type Sharp } from "sharp";

export type Rgb = readonly [number, number, number];

/** An upright picture drawn pixel by pixel, ready for any of sharp's encoders. */
export function drawn(width: number, height: number, colourAt: (x: number, y: number) => Rgb): Sharp {
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels.set(colourAt(x, y), (y * width + x) * 3);
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

export function plain(colour: Rgb, width = 16, height = 16): Sharp {
  return drawn(width, height, () => colour);
}

/** A plain PNG: the tiny model calls it by its strongest colour. */
export function plainPng(colour: Rgb, width?: number, height?: number): Promise<Buffer> {
  return plain(colour, width, height).png().toBuffer();
}

export const RED: Rgb = [255, 0, 0];
export const GREEN: Rgb = [0, 255, 0];
export const BLUE: Rgb = [0, 0, 255];

/** An animation of plain frames of 8 × 8 pixels. */
export function animation(colours: readonly Rgb[]): Sharp {
  const frame = (colour: Rgb) => Buffer.concat(Array.from({ length: 64 }, () => Buffer.from(colour)));
  const raw = { width: 8, height: 8 * colours.length, channels: 3, pageHeight: 8 } as const;
  return sharp(Buffer.concat(colours.map(frame)), { raw });
}
