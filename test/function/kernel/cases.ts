import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { createResampler, type StoredImage } from "../../../src/function/kernel/resampler.ts";
import { type GeometryPlan, planGeometry } from "../../../src/function/model/geometry.ts";
import type { Kernel } from "../../../src/function/model/preprocessing.ts";

export const FILTER_NAMES: readonly Kernel[] = ["nearest", "box", "linear", "hamming", "cubic", "lanczos3"];

export interface Case {
  readonly name: string;
  readonly image: StoredImage;
  readonly plan: GeometryPlan;
  readonly filter: Kernel;
}

/** Soft shapes, hard edges and noise in equal parts: the same bytes on every machine. */
export function drawPixels(width: number, height: number, channels: 1 | 3): Uint8Array {
  const pixels = new Uint8Array(width * height * channels);
  let noise = width * 7919 + height;
  for (let at = 0; at < pixels.length; at++) {
    const c = at % channels;
    const x = Math.floor(at / channels) % width;
    const y = Math.floor(at / channels / width);
    noise = (Math.imul(noise, 1_103_515_245) + 12_345) >>> 0;
    const soft = 128 + 100 * Math.sin((x * (c + 1)) / 17) * Math.cos(y / (11 + c));
    const hard = (x >> 3) % 2 === (y >> 4) % 2 ? 250 : 5;
    pixels[at] = [soft, hard, noise >>> 24][(Math.floor(x / 32) + Math.floor(y / 32)) % 3] as number;
  }
  return pixels;
}

/** Black and white squares, `cell` pixels wide. */
export function drawCheckerboard(side: number, cell: number): Uint8Array {
  return Uint8Array.from({ length: side * side * 3 }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % side, Math.floor(at / 3 / side)];
    return (Math.floor(x / cell) + Math.floor(y / cell)) % 2 === 0 ? 0 : 255;
  });
}

/** A case as a model would have it: shorter side, centre crop. */
export function modelCase(
  [width, height]: readonly [number, number],
  [side, crop]: readonly [number, number],
  filter: Kernel,
  { channels = 3, orientation = 1 }: { channels?: 1 | 3; orientation?: number } = {},
): Case {
  const upright = orientation >= 5 ? { width: height, height: width } : { width, height };
  const geometry = {
    resizeShorterSide: side,
    crop: { height: crop, width: crop },
    kernel: "linear",
  } as const;
  return {
    name: `${width} × ${height} × ${channels}, orientation ${orientation}, ${filter} to ${side}, crop ${crop}`,
    image: { pixels: drawPixels(width, height, channels), width, height, channels, orientation },
    plan: planGeometry(upright, geometry),
    filter,
  };
}

const resampler = createResampler();
const PIXELS = { layout: "NHWC", scale: [1, 1, 1], offset: [0, 0, 0] } as const;

/** Our upright crop, R, G, B interleaved. */
export function ownPixels({ image, plan, filter }: Case): Uint8Array {
  const target = new Uint8Array(3 * plan.output.width * plan.output.height);
  resampler.resampleInto(image, plan, filter, PIXELS, target);
  return target;
}

/** How far apart, in levels. */
export function difference(a: Uint8Array, b: Uint8Array): { mean: number; max: number } {
  let sum = 0;
  let max = 0;
  for (const [index, value] of a.entries()) {
    const distance = Math.abs(value - (b[index] ?? Number.NaN));
    sum += distance;
    max = Math.max(max, distance);
  }
  return { mean: sum / a.length, max };
}

const PYTHON = "/usr/bin/python3";

/** Why Pillow cannot be asked here, `false` where it can. */
export function pillowIsMissing(): string | false {
  try {
    execFileSync(PYTHON, ["-c", "from PIL import Image; Image.Resampling"], { stdio: "ignore" });
    return false;
  } catch {
    return "needs Pillow (Debian: python3-pil)";
  }
}

export function pillowPixels(cases: readonly Case[]): Uint8Array[] {
  const input = cases.map(({ image, plan, filter }) => {
    const { pixels, width, height, channels, orientation = 1 } = image;
    return {
      pixels: Buffer.from(pixels).toString("base64"),
      width,
      height,
      channels,
      orientation,
      plan,
      filter,
    };
  });
  const output = execFileSync(PYTHON, [join(import.meta.dirname, "pillow.py")], {
    input: JSON.stringify(input),
    maxBuffer: 1 << 28,
  });
  return (JSON.parse(output.toString()) as string[]).map((text) => Buffer.from(text, "base64"));
}
