import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { quantizationOf } from "../../src/models/convert/activations.ts";
import type { ConvertedModel } from "../../src/models/convert/graph.ts";
import { type Affine, bytesOf, readInput } from "../../src/models/convert/input.ts";
import { summarizeOnnx } from "../../src/models/onnx/reader.ts";
import type { TfliteModel } from "../../src/models/tflite/reader.ts";

/** Pixels that are the file's first quantised values. */
export function pixelsAsBytes(model: TfliteModel): Affine {
  const { start, channels } = readInput(model);
  const tensor = model.tensors[start];
  const quantization = tensor && quantizationOf(tensor);
  return quantization === undefined
    ? { scale: [1, 1, 1].slice(0, channels), offset: [0, 0, 0].slice(0, channels) }
    : bytesOf(quantization, channels);
}

/**
 * Runs a converted graph on pictures, fed as the function feeds them: uint8 NHWC as they are, or float32 NCHW
 * normalised with the mean and deviation that the import would write.
 *
 * @returns the output of each picture
 */
export async function runLogits(
  { onnx, imageSize, normalization }: Pick<ConvertedModel, "onnx" | "imageSize" | "normalization">,
  input: "float32" | "uint8",
  pictures: readonly Uint8Array[],
): Promise<number[][]> {
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 });
  const results: number[][] = [];
  for (const pixels of pictures) {
    const channels = pixels.length / imageSize ** 2;
    const tensor =
      input === "uint8"
        ? new Tensor("uint8", pixels, [1, imageSize, imageSize, channels])
        : new Tensor("float32", normalize(pixels, channels, normalization), [
            1,
            channels,
            imageSize,
            imageSize,
          ]);
    const [output] = Object.values(await session.run({ pixel_values: tensor }));
    if (!(output?.data instanceof Float32Array)) throw new TypeError("expected one float32 output");
    results.push(Array.from(output.data));
  }
  await session.release();
  return results;
}

function normalize(
  pixels: Uint8Array,
  channels: number,
  { mean, std }: ConvertedModel["normalization"],
): Float32Array {
  const plane = pixels.length / channels;
  return Float32Array.from({ length: pixels.length }, (_, index) => {
    const channel = Math.floor(index / plane);
    const pixel = pixels[(index % plane) * channels + channel] ?? 0;
    return (pixel / 255 - (mean[channel] ?? 0)) / (std[channel] ?? 1);
  });
}

/** What ONNX Runtime makes of a folder's model.onnx before it runs it: operator → how many. */
export async function fusedOperators(folder: string): Promise<Record<string, number>> {
  const dir = mkdtempSync(join(tmpdir(), "fused-"));
  const optimizedModelFilePath = join(dir, "optimized.onnx");
  const session = await InferenceSession.create(join(folder, "model.onnx"), {
    ...{ graphOptimizationLevel: "all", logSeverityLevel: 3, optimizedModelFilePath },
  });
  await session.release();
  const { operators } = summarizeOnnx(readFileSync(optimizedModelFilePath));
  rmSync(dir, { recursive: true, force: true });
  return operators;
}
