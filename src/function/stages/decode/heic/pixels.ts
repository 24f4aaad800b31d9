import type { ColourCoding } from "../headers/heic.ts";
import type { Plane, Planes } from "./libde265.ts";

/** Where the pixels of one tile go, within an image of `channels` interleaved. In pixels of that image. */
export interface Target {
  readonly pixels: Uint8ClampedArray;
  readonly channels: 1 | 3;
  /** Of the whole image. */
  readonly imageWidth: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Neither the file nor the bitstream says: what MIAF takes then, and JPEG always. */
const DEFAULT_CODING: ColourCoding = { matrixCoefficients: 6, isFullRange: true };

/** Parts of red and blue in brightness, of H.273's matrix coefficients. 2 says that nothing is said. */
const LUMA: Readonly<Record<number, readonly [red: number, blue: number]>> = {
  1: [0.2126, 0.0722],
  2: [0.299, 0.114],
  4: [0.3, 0.11],
  5: [0.299, 0.114],
  6: [0.299, 0.114],
  7: [0.212, 0.087],
  9: [0.2627, 0.0593],
  10: [0.2627, 0.0593],
};

/** A picture that is decoded, but in numbers that are not read here. */
export class UnsupportedCoding extends Error {}

/**
 * Writes a picture as 8-bit RGB, or its brightness alone. Each pixel is the mean of a square of `scale` samples a side, as
 * far as the picture goes; at scale 1, colour differences of half the resolution are interpolated.
 *
 * @throws {UnsupportedCoding}
 */
export function writePixels(
  { bits, components, coding: own }: Planes,
  coding: ColourCoding | undefined,
  scale: number,
  target: Target,
): void {
  const { matrixCoefficients, isFullRange } = coding ?? own ?? DEFAULT_CODING;
  const levels = 2 ** (bits - 8);
  const peak = 256 * levels - 1;
  const [y, cb, cr] = components;
  const { width, height, channels, pixels, imageWidth, left, top } = target;
  const luma = new Float32Array(width);
  const lumaOffset = isFullRange ? 0 : 16 * levels;
  const lumaGain = 255 / (isFullRange ? peak : 219 * levels);
  if (cb === undefined || cr === undefined || channels === 1) {
    for (let row = 0; row < height; row++) {
      readRow(y, row, scale, 1, 1, luma);
      let to = ((top + row) * imageWidth + left) * channels;
      for (let column = 0; column < width; column++) {
        const value = ((luma[column] as number) - lumaOffset) * lumaGain;
        for (let channel = 0; channel < channels; channel++) pixels[to++] = value;
      }
    }
    return;
  }
  const across = y.width > cb.width ? 2 : 1;
  const down = y.height > cb.height ? 2 : 1;
  const blues = new Float32Array(width);
  const reds = new Float32Array(width);
  if (matrixCoefficients === 0) {
    for (let row = 0; row < height; row++) {
      for (const [plane, samples] of [
        [y, luma],
        [cb, blues],
        [cr, reds],
      ] as const)
        readRow(plane, row, scale, plane === y ? 1 : across, plane === y ? 1 : down, samples);
      let to = ((top + row) * imageWidth + left) * 3;
      for (let column = 0; column < width; column++) {
        pixels[to++] = ((reds[column] as number) - lumaOffset) * lumaGain;
        pixels[to++] = ((luma[column] as number) - lumaOffset) * lumaGain;
        pixels[to++] = ((blues[column] as number) - lumaOffset) * lumaGain;
      }
    }
    return;
  }
  const parts = LUMA[matrixCoefficients];
  if (parts === undefined)
    throw new UnsupportedCoding(
      `expected matrix coefficients 0, 1, 2, 4 to 7, 9 or 10, got ${matrixCoefficients}`,
    );
  const [red, blue] = parts;
  const green = 1 - red - blue;
  const centre = 128 * levels;
  const chromaGain = 255 / (isFullRange ? peak : 224 * levels);
  const redOfCr = 2 * (1 - red) * chromaGain;
  const blueOfCb = 2 * (1 - blue) * chromaGain;
  const greenOfCb = (-blue / green) * blueOfCb;
  const greenOfCr = (-red / green) * redOfCr;
  for (let row = 0; row < height; row++) {
    readRow(y, row, scale, 1, 1, luma);
    readRow(cb, row, scale, across, down, blues);
    readRow(cr, row, scale, across, down, reds);
    let to = ((top + row) * imageWidth + left) * 3;
    for (let column = 0; column < width; column++) {
      const brightness = ((luma[column] as number) - lumaOffset) * lumaGain;
      const u = (blues[column] as number) - centre;
      const v = (reds[column] as number) - centre;
      pixels[to++] = brightness + redOfCr * v;
      pixels[to++] = brightness + greenOfCb * u + greenOfCr * v;
      pixels[to++] = brightness + blueOfCb * u;
    }
  }
}

/** One output row of a plane that has one sample for `across` × `down` pixels of the picture. */
function readRow(
  plane: Plane,
  row: number,
  scale: number,
  across: number,
  down: number,
  out: Float32Array,
): void {
  if (scale < Math.max(across, down)) interpolateRow(plane, row, across, down, out);
  else averageRow(plane, row, scale / across, scale / down, out);
}

/** The mean of `side` × `rows` samples each, as far as there are any. */
function averageRow(
  { samples, stride, width, height }: Plane,
  row: number,
  side: number,
  rows: number,
  out: Float32Array,
): void {
  const first = Math.min(row * rows, height - 1);
  const end = Math.min(first + rows, height);
  const whole = Math.min(out.length, Math.floor(width / side));
  const count = 1 / ((end - first) * side);
  out.fill(0);
  for (let line = first; line < end; line++) {
    let from = line * stride;
    for (let column = 0; column < whole; column++) {
      let sum = 0;
      for (const stop = from + side; from < stop; from++) sum += samples[from] as number;
      out[column] = (out[column] as number) + sum;
    }
  }
  for (let column = 0; column < whole; column++) out[column] = (out[column] as number) * count;
  for (let column = whole; column < out.length; column++) {
    const start = Math.min(column * side, width - 1);
    let sum = 0;
    for (let line = first; line < end; line++)
      for (let x = start; x < width; x++) sum += samples[line * stride + x] as number;
    out[column] = sum / ((end - first) * (width - start));
  }
}

/** Samples lie in the middle of the pixels that share them: those between two take three quarters of the nearer one. */
function interpolateRow(
  { samples, stride, width, height }: Plane,
  row: number,
  across: number,
  down: number,
  out: Float32Array,
): void {
  const near = Math.min(down === 2 ? row >> 1 : row, height - 1);
  const other = down === 2 ? Math.min(Math.max(near + ((row & 1) === 0 ? -1 : 1), 0), height - 1) : near;
  const [a, b] = [near * stride, other * stride];
  if (across === 1) {
    for (let column = 0; column < out.length; column++) {
      const x = column < width ? column : width - 1;
      out[column] = (3 * (samples[a + x] as number) + (samples[b + x] as number)) / 4;
    }
    return;
  }
  let before = 3 * (samples[a] as number) + (samples[b] as number);
  let here = before;
  for (let x = 0, column = 0; column < out.length; x++, column += 2) {
    const next = x + 1 < width ? 3 * (samples[a + x + 1] as number) + (samples[b + x + 1] as number) : here;
    out[column] = (3 * here + before) / 16;
    if (column + 1 < out.length) out[column + 1] = (3 * here + next) / 16;
    before = here;
    here = next;
  }
}
