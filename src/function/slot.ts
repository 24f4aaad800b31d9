import type { Model } from "./model/load.ts";
import { ort } from "./native.ts";
import type { PixelValues } from "./stages/normalize.ts";

/** The buffers of one picture in flight. Allocated once, used for one picture after the other. */
export interface Slot {
  /** The model's input, `1 * 3 * height * width` elements in its layout and element type. */
  readonly pixelValues: PixelValues;
  /** Input name → tensor over `pixelValues`: what `session.run` is given. */
  readonly feeds: Readonly<Record<string, import("onnxruntime-node").Tensor>>;
  /** Memory for a file's bytes; grows to the largest file seen, never beyond `MAX_OBJECT_BYTES`. */
  fileBuffer: Buffer;
}

/** Most uploads fit, so that most slots never grow. */
const FIRST_FILE_BUFFER_BYTES = 512 * 1024;

export function createSlot(model: Pick<Model, "input">): Slot {
  const { name, elementType, layout, height, width } = model.input;
  const length = 3 * height * width;
  const dims = layout === "NCHW" ? [1, 3, height, width] : [1, height, width, 3];
  const pixelValues = elementType === "float32" ? new Float32Array(length) : new Uint8Array(length);
  const tensor =
    pixelValues instanceof Float32Array
      ? new ort.Tensor("float32", pixelValues, dims)
      : new ort.Tensor("uint8", pixelValues, dims);
  return {
    pixelValues,
    feeds: { [name]: tensor },
    fileBuffer: Buffer.allocUnsafeSlow(FIRST_FILE_BUFFER_BYTES),
  };
}
