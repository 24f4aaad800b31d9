import { ClassifierError, messageOf } from "../errors.ts";
import type { InputBuffers } from "../model/input-buffers.ts";
import type { Model } from "../model/load.ts";

export interface Outputs {
  /** One per label, or scores where the graph computes them; a copy that stays valid. */
  readonly logits: Float32Array;
  /** Of a model that knows what is unknown to it: cosine to the nearest label's mean. */
  readonly similarity?: number;
}

/**
 * Pixel values → what the model says. The input tensor is a view of the buffer, so nothing is copied in; the buffer must
 * not be written before this resolves.
 *
 * ONNX Runtime's `run` is a synchronous native call that blocks the event loop: one at a time, under the classifier's
 * mutex.
 *
 * @throws {ClassifierError} `INFERENCE_FAILED`
 */
export async function inferOutputs(model: Model, buffers: InputBuffers): Promise<Outputs> {
  const { outputName, unknown } = model;
  try {
    const names = unknown === undefined ? [outputName] : [outputName, unknown.outputName];
    const outputs = await model.session.run(buffers.feeds, names);
    const output = outputs[outputName];
    const logits = output && asFloat32(output.data);
    if (logits?.length !== model.labels.length) {
      throw new Error(
        `expected ${model.labels.length} float32 logits, got ${output?.type} [${output?.dims}]`,
      );
    }
    const similarity = unknown && Number(outputs[unknown.outputName]?.data[0]);
    for (const tensor of Object.values(outputs)) tensor.dispose();
    if (similarity === undefined) return { logits };
    if (Number.isFinite(similarity)) return { logits, similarity };
    throw new Error(`expected a finite ${unknown?.outputName}, got ${similarity}`);
  } catch (cause) {
    throw new ClassifierError("INFERENCE_FAILED", `model ${model.name}: ${messageOf(cause)}`, cause);
  }
}

/** {@link inferOutputs}' logits alone. */
export async function inferLogits(model: Model, buffers: InputBuffers): Promise<Float32Array> {
  return (await inferOutputs(model, buffers)).logits;
}

function asFloat32(data: unknown): Float32Array | undefined {
  if (data instanceof Float32Array) return data;
  return data instanceof Float64Array || data instanceof Float16Array ? Float32Array.from(data) : undefined;
}
