import { ClassifierError, messageOf } from "../errors.ts";
import type { InputBuffers } from "../model/input-buffers.ts";
import type { Model } from "../model/load.ts";

/**
 * Pixel values → logits. The input tensor is a view of the buffer, so nothing is copied in; the buffer must not be written
 * before this resolves.
 *
 * ONNX Runtime's `run` is a synchronous native call that blocks the event loop: one at a time, under the classifier's
 * mutex.
 *
 * @returns one logit per label; a copy that stays valid
 * @throws {ClassifierError} `INFERENCE_FAILED`
 */
export async function inferLogits(model: Model, buffers: InputBuffers): Promise<Float32Array> {
  try {
    const outputs = await model.session.run(buffers.feeds, [model.outputName]);
    const output = outputs[model.outputName];
    const logits = output?.data;
    if (!(logits instanceof Float32Array) || logits.length !== model.labels.length) {
      throw new Error(
        `expected ${model.labels.length} float32 logits, got ${output?.type} [${output?.dims}]`,
      );
    }
    output?.dispose();
    return logits;
  } catch (cause) {
    throw new ClassifierError("INFERENCE_FAILED", `model ${model.name}: ${messageOf(cause)}`, cause);
  }
}
