import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type Ort from "onnxruntime-node";
import type Sharp from "sharp";
import type { SharpOptions } from "sharp";

// Through require, as the deployed function loads them: the same copies, and the same types.
const require = createRequire(import.meta.url);
export const sharp = require("sharp") as typeof Sharp;
export const ort = require("onnxruntime-node") as typeof Ort;

/** How pictures are prepared: what `preprocessor_config.json` says, read without our own loader. */
export interface PlainInput {
  /** Side of the square input, pixels. */
  side: number;
  /** Length that the shorter side is resized to before the centre is cropped. */
  shorterSide: number;
  mean: number;
  std: number;
  kernel: "lanczos3" | "linear" | "cubic" | "nearest";
}

/** A model as the rows that are not ours open it. */
export interface PlainModel extends PlainInput {
  session: Ort.InferenceSession;
  inputName: string;
  outputName: string;
}

interface PreprocessorConfig {
  size: { shortest_edge?: number; height?: number };
  crop_size?: { height: number };
  resample?: number;
  image_mean: [number, number, number];
  image_std: [number, number, number];
}

/** Pillow's numbers for resampling filters, as `preprocessor_config.json` carries them. */
const KERNELS = { 0: "nearest", 1: "lanczos3", 2: "linear", 3: "cubic" } as const;

/** Reads how a model folder wants its pictures. */
export async function readPlainInput(dir: string): Promise<PlainInput> {
  const config = JSON.parse(
    await readFile(join(dir, "preprocessor_config.json"), "utf8"),
  ) as PreprocessorConfig;
  const shorterSide = config.size.shortest_edge ?? config.size.height ?? 224;
  return {
    shorterSide,
    side: config.crop_size?.height ?? shorterSide,
    mean: config.image_mean[0],
    std: config.image_std[0],
    kernel: KERNELS[config.resample as keyof typeof KERNELS] ?? "linear",
  };
}

/**
 * Opens a model folder with nothing of ours.
 *
 * @param threads intra-op threads without spinning, as the function sets them; left out, ORT's own defaults apply
 */
export async function openPlainModel(dir: string, threads?: number): Promise<PlainModel> {
  const session = await ort.InferenceSession.create(join(dir, "model.onnx"), {
    ...(threads === undefined
      ? {}
      : { intraOpNumThreads: threads, extra: { session: { intra_op: { allow_spinning: "0" } } } }),
    logSeverityLevel: 3,
  });
  return {
    ...(await readPlainInput(dir)),
    session,
    inputName: session.inputNames[0] ?? "pixel_values",
    outputName: session.outputNames[0] ?? "logits",
  };
}

/** Decodes and resizes as the model asks: RGB bytes, HWC, side × side × 3. Sharp's own defaults otherwise. */
export async function decodeCentre(
  bytes: Uint8Array,
  { side, shorterSide, kernel }: PlainInput,
  options: SharpOptions = {},
): Promise<Buffer> {
  const margin = Math.floor((shorterSide - side) / 2);
  // "cover" to the square of the shorter side, then its middle: the same pixels as "outside" and a centre crop.
  return sharp(bytes, options)
    .resize(shorterSide, shorterSide, { fit: "cover", kernel })
    .extract({ left: margin, top: margin, width: side, height: side })
    .removeAlpha()
    .raw()
    .toBuffer();
}

/** Index of the largest logit. */
export function argMax(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if ((logits[i] ?? 0) > (logits[best] ?? 0)) best = i;
  return best;
}

/** Runs the session on `data`, float32 [1, 3, side, side], and gives the best index. */
export async function inferTop(model: PlainModel, data: Float32Array): Promise<number> {
  const input = new ort.Tensor("float32", data, [1, 3, model.side, model.side]);
  const outputs = await model.session.run({ [model.inputName]: input });
  return argMax(outputs[model.outputName]?.data as Float32Array);
}
