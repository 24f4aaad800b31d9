import { ClassifierError, messageOf } from "../errors.ts";
import type { Model } from "../model/load.ts";
import type { Slot } from "../slot.ts";

/**
 * The slot's pixel values → logits. The input tensor is a view of the slot's buffer, so nothing is copied in; the
 * buffer must not be written before this resolves.
 *
 * ONNX Runtime's `run` is a synchronous native call that blocks the event loop: call this in the model's lane.
 *
 * @returns one logit a label; a copy that stays valid
 * @throws {ClassifierError} `INFERENCE_FAILED`
 */
export async function inferLogits(model: Model, slot: Slot): Promise<Float32Array> {
  try {
    const outputs = await model.session.run(slot.feeds, [model.outputName]);
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
