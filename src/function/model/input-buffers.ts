import type { Tensor } from "onnxruntime-node";
import { loadOrt } from "../native.ts";
import type { PixelRoom } from "../stages/decode/jpeg.ts";
import type { PixelValues } from "../stages/normalize.ts";
import type { ModelInput } from "./graph.ts";

/** What one image needs from decode to rank. Allocated once, used for one image after the other. */
export interface InputBuffers {
  /** The model's input, `channels * height * width` elements in its layout and element type. */
  readonly pixelValues: PixelValues;
  /** Where a JPEG is decoded to. */
  readonly decoded: PixelRoom;
  /** Input name → tensor over `pixelValues`: what `session.run` is given. */
  readonly feeds: Readonly<Record<string, Tensor>>;
}

export function createInputBuffers(input: ModelInput): InputBuffers {
  const { name, elementType, layout, channels, height, width } = input;
  const dims = layout === "NCHW" ? [1, channels, height, width] : [1, height, width, channels];
  const pixelValues = createPixelValues(input);
  const tensor =
    pixelValues instanceof Float16Array
      ? float16Tensor(pixelValues, dims)
      : new (loadOrt().Tensor)(elementType, pixelValues as Float32Array, dims);
  return { pixelValues, decoded: { bytes: new Uint8Array(0) }, feeds: { [name]: tensor } };
}

/** ONNX Runtime's binding reads 16-bit floats from a Uint16Array, and its Tensor keeps none: what it reads of one suffices. */
function float16Tensor(values: Float16Array, dims: readonly number[]): Tensor {
  const data = new Uint16Array(values.buffer, values.byteOffset, values.length);
  return { type: "float16", data, dims, location: "cpu" } as object as Tensor;
}

export function createPixelValues({ elementType, channels, height, width }: ModelInput): PixelValues {
  const length = channels * height * width;
  switch (elementType) {
    case "float32":
      return new Float32Array(length);
    case "float64":
      return new Float64Array(length);
    case "float16":
      return new Float16Array(length);
    case "uint8":
      return new Uint8Array(length);
  }
}
