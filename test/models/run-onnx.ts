import { InferenceSession, Tensor } from "onnxruntime-node";
import type { ConvertedModel } from "../../src/models/convert/graph.ts";

/**
 * Runs a converted graph on pictures, fed as the function feeds them: uint8 NHWC as they are, or float32 NCHW
 * normalised with the mean and deviation that the import would write.
 *
 * @returns the logits of each picture
 */
export async function runLogits(
  { onnx, imageSize, pixels: { scale, zeroPoint } }: Omit<ConvertedModel, "labelCount">,
  input: "float32" | "uint8",
  pictures: readonly Uint8Array[],
): Promise<number[][]> {
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 });
  const results: number[][] = [];
  for (const pixels of pictures) {
    const tensor =
      input === "uint8"
        ? new Tensor("uint8", pixels, [1, imageSize, imageSize, 3])
        : new Tensor("float32", normalize(pixels, zeroPoint / 255, 1 / (255 * scale)), [
            1,
            3,
            imageSize,
            imageSize,
          ]);
    const { logits } = await session.run({ pixel_values: tensor });
    if (!(logits?.data instanceof Float32Array)) throw new TypeError("expected float32 logits");
    results.push(Array.from(logits.data));
  }
  await session.release();
  return results;
}

function normalize(pixels: Uint8Array, mean: number, std: number): Float32Array {
  const plane = pixels.length / 3;
  return Float32Array.from({ length: pixels.length }, (_, index) => {
    const pixel = pixels[(index % plane) * 3 + Math.floor(index / plane)] ?? 0;
    return (pixel / 255 - mean) / std;
  });
}
