import { findProcessor, type GeometryRule } from "./processors.ts";

/** `preprocessor_config.json` in our terms: how a picture becomes the model's input. */
export type Preprocessing = Geometry & {
  /** Per channel R, G, B, in units of the rescaled pixel. */
  readonly mean: Triple;
  readonly std: Triple;
  /** A pixel is multiplied by this first; mostly 1/255. */
  readonly rescaleFactor: number;
  /** Blue comes first, as MobileViT has it. */
  readonly isBgr?: true;
};

/** The part that the decoder does. */
export type Geometry = ResizeRule & {
  /** The centre that is kept after the resize, `undefined` when all is. In pixels. */
  readonly crop: Size | undefined;
  /** The cut begins at half the rest, rounded half to even as torchvision has it; else rounded down. */
  readonly isCutRounded?: true;
  /** Resampling filter, by sharp's name where it has one. */
  readonly kernel: Kernel;
};

/** Shorter side to so many pixels, keeping the aspect; or exactly this size, whatever the aspect. */
export type ResizeRule = { readonly resizeShorterSide: number } | { readonly resizeTo: Size };

export interface Size {
  readonly height: number;
  readonly width: number;
}

export type Kernel = "nearest" | "lanczos3" | "linear" | "cubic" | "box" | "hamming";
export type Triple = readonly [number, number, number];

/** Pillow's filter numbers, which `resample` holds. */
const KERNELS: readonly Kernel[] = ["nearest", "lanczos3", "linear", "cubic", "box", "hamming"];
const BILINEAR = 2;

/** Steps of other processors that would change the pixels and that are not done here: refused, not skipped. */
const UNSUPPORTED_STEPS = ["do_pad", "rescale_offset"];

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a `preprocessor_config.json` as transformers and transformers.js do: by the class that it names, with that class's
 * defaults.
 *
 * Where it names none, a number as `size` means the shorter side when a centre crop follows and a square when not, and
 * `crop_pct` follows ConvNeXT.
 *
 * @throws {Error} that names the field, what was expected and what it holds
 */
export function readPreprocessing(file: Json): Preprocessing {
  const processor = findProcessor(file);
  const said = Object.fromEntries(Object.entries(file).filter(([, value]) => value !== null));
  const config: Json = { ...processor.defaults, ...said };
  for (const step of UNSUPPORTED_STEPS) {
    if (config[step] === true)
      throw new Error(`expected ${step} to be absent or false, got true: not supported`);
  }
  if (config.do_resize === false)
    throw new Error("expected do_resize to be true, got false: pictures have any size");
  const isNormalized = config.do_normalize !== false;
  const std = isNormalized ? readTriple(config, "image_std") : ([1, 1, 1] as const);
  // EfficientNet's class normalises a second time, with mean 0, when the network has its classifier.
  const isTwice = isNormalized && config.include_top === true;
  return {
    ...readGeometry(config, processor),
    kernel: readKernel(config.resample ?? BILINEAR),
    mean: isNormalized ? readTriple(config, "image_mean") : [0, 0, 0],
    std: isTwice ? [std[0] ** 2, std[1] ** 2, std[2] ** 2] : std,
    rescaleFactor:
      config.do_rescale === false ? 1 : readPositive(config.rescale_factor ?? 1 / 255, "rescale_factor"),
    ...(config.do_flip_channel_order === true && { isBgr: true }),
    ...(config.crop_rounding === "half to even" && { isCutRounded: true }),
  };
}

/** ConvNeXT's default, and LeViT's fixed ratio. */
const USUAL_CROP = 224 / 256;

function readGeometry(
  config: Json,
  { rule, isSquare, isNamed }: { rule: GeometryRule; isSquare: boolean; isNamed: boolean },
): ResizeRule & { crop: Size | undefined } {
  const size = readSize(config.size, "size");
  const cropped =
    config.do_center_crop === true ? readSize(config.crop_size ?? config.size, "crop_size") : undefined;
  const crop = cropped && toSquare(cropped);
  const { crop_pct: cropRatio } = config;
  if (rule === "convnext" && "side" in size) return convNext(size.side, cropRatio ?? USUAL_CROP);
  if (rule === "levit" && "side" in size)
    return { resizeShorterSide: Math.trunc((256 / 224) * size.side), crop };
  if (rule === "poolformer" && cropRatio !== undefined) {
    const ratio = readPositive(cropRatio, "crop_pct");
    const scaled = (side: number) => Math.trunc(side / ratio);
    if ("side" in size) return { resizeShorterSide: scaled(size.side), crop };
    return { resizeTo: { height: scaled(size.height), width: scaled(size.width) }, crop };
  }
  if (isNamed) {
    const isShorterSide = "side" in size && (size.isShorterSide || !isSquare);
    return isShorterSide ? { resizeShorterSide: size.side, crop } : { resizeTo: toSquare(size), crop };
  }
  if (crop !== undefined)
    return "side" in size ? { resizeShorterSide: size.side, crop } : { resizeTo: size, crop };
  if ("side" in size && size.isShorterSide && typeof cropRatio === "number")
    return convNext(size.side, cropRatio);
  return { resizeTo: toSquare(size), crop: undefined };
}

/** Below 384 pixels resize to size / crop_pct and crop; from 384 on stretch. */
function convNext(side: number, cropRatio: unknown): ResizeRule & { crop: Size | undefined } {
  const square = { height: side, width: side };
  if (side >= 384) return { resizeTo: square, crop: undefined };
  const ratio = readPositive(cropRatio, "crop_pct");
  return { resizeShorterSide: Math.trunc(side / ratio), crop: square };
}

type ReadSize = { readonly side: number; readonly isShorterSide: boolean } | Size;

/** 224, `{shortest_edge: 224}` or `{height: 224, width: 224}`. */
function readSize(size: unknown, field: string): ReadSize {
  if (typeof size === "number") return { side: readPixels(size, field), isShorterSide: false };
  if (typeof size === "object" && size !== null) {
    const { shortest_edge: side, height, width } = size as Json;
    if (side !== undefined) return { side: readPixels(side, `${field}.shortest_edge`), isShorterSide: true };
    if (height !== undefined && width !== undefined) {
      return { height: readPixels(height, `${field}.height`), width: readPixels(width, `${field}.width`) };
    }
  }
  const expected = "a number, {shortest_edge} or {height, width}";
  throw new Error(`expected ${field} to be ${expected}, got ${JSON.stringify(size)}`);
}

function toSquare(size: ReadSize): Size {
  return "side" in size ? { height: size.side, width: size.side } : size;
}

function readPixels(value: unknown, field: string): number {
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 4096) return Number(value);
  throw new Error(
    `expected ${field} to be a whole number of pixels from 1 to 4096, got ${JSON.stringify(value)}`,
  );
}

function readKernel(resample: unknown): Kernel {
  const kernel = typeof resample === "number" ? KERNELS[resample] : undefined;
  if (kernel !== undefined) return kernel;
  throw new Error(`expected resample to be one of Pillow's filters, 0 to 5, got ${JSON.stringify(resample)}`);
}

function readTriple(config: Json, field: "image_mean" | "image_std"): Triple {
  const given = config[field];
  const value = typeof given === "number" ? [given, given, given] : given;
  if (Array.isArray(value) && value.length === 3 && value.every((item) => Number.isFinite(item))) {
    const [r, g, b]: number[] = value;
    if (
      r !== undefined &&
      g !== undefined &&
      b !== undefined &&
      (field === "image_mean" || Math.min(r, g, b) > 0)
    ) {
      return [r, g, b];
    }
  }
  const expected = field === "image_mean" ? "3 numbers" : "3 numbers above 0";
  throw new Error(`expected ${field} to be ${expected}, got ${JSON.stringify(value)}`);
}

function readPositive(value: unknown, field: string): number {
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw new Error(`expected ${field} to be a number above 0, got ${JSON.stringify(value)}`);
}
