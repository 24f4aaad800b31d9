import type { ModelInput } from "./model/graph.ts";
import { ort } from "./native.ts";
import type { PixelValues } from "./stages/normalize.ts";

/** The buffers of one image from decode to rank. Allocated once, used for one image after the other. */
export interface ImageBuffers {
  /** The model's input, `1 * 3 * height * width` elements in its layout and element type. */
  readonly pixelValues: PixelValues;
  /** Input name → tensor over `pixelValues`: what `session.run` is given. */
  readonly feeds: Readonly<Record<string, import("onnxruntime-node").Tensor>>;
}

export function createImageBuffers({ name, elementType, layout, height, width }: ModelInput): ImageBuffers {
  const length = 3 * height * width;
  const dims = layout === "NCHW" ? [1, 3, height, width] : [1, height, width, 3];
  const pixelValues = elementType === "float32" ? new Float32Array(length) : new Uint8Array(length);
  const tensor =
    pixelValues instanceof Float32Array
      ? new ort.Tensor("float32", pixelValues, dims)
      : new ort.Tensor("uint8", pixelValues, dims);
  return { pixelValues, feeds: { [name]: tensor } };
}

/**
 * Lends buffers: each belongs to one piece of work until that work has settled, waited for or not.
 *
 * @see createLeases
 */
export interface Leases<Buffers> {
  /**
   * Runs `work` with buffers that nobody else has. They come back when `work` settles, never before: a native call that
   * outlives the invocation keeps them.
   *
   * @param signal ends the wait for buffers; when it aborts while `work` runs, others get fresh buffers instead of waiting
   * @throws what `work` throws, and `DEADLINE_NEAR` when `signal` aborts before there are buffers
   */
  lend<Result>(work: (buffers: Buffers) => Promise<Result>, signal: AbortSignal): Promise<Result>;
  /** Work that goes on although its signal has aborted. */
  readonly overdue: number;
}
