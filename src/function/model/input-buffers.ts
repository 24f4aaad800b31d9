import { ort } from "../native.ts";
import type { PixelValues } from "../stages/normalize.ts";
import type { ModelInput } from "./graph.ts";

/** What one image needs from decode to rank. Allocated once, used for one image after the other. */
export interface InputBuffers {
  /** The model's input, `1 * 3 * height * width` elements in its layout and element type. */
  readonly pixelValues: PixelValues;
  /** Input name → tensor over `pixelValues`: what `session.run` is given. */
  readonly feeds: Readonly<Record<string, import("onnxruntime-node").Tensor>>;
}

export function createInputBuffers({ name, elementType, layout, height, width }: ModelInput): InputBuffers {
  const length = 3 * height * width;
  const dims = layout === "NCHW" ? [1, 3, height, width] : [1, height, width, 3];
  const pixelValues = elementType === "float32" ? new Float32Array(length) : new Uint8Array(length);
  const tensor =
    pixelValues instanceof Float32Array
      ? new ort.Tensor("float32", pixelValues, dims)
      : new ort.Tensor("uint8", pixelValues, dims);
  return { pixelValues, feeds: { [name]: tensor } };
}
