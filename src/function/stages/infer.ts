import type { Tensor } from "onnxruntime-node";
import { ClassifierError, messageOf } from "../errors.ts";
import type { InputBuffers } from "../model/input-buffers.ts";
import type { Model } from "../model/load.ts";

export interface Outputs {
  /** One per label, or scores where the graph computes them; a copy that stays valid. */
  readonly logits: Float32Array;
  /** Of a model that knows what is unknown to it: cosine to the nearest label's mean. */
  readonly similarity?: number;
  /** Of each further head, one per label. */
  readonly headLogits: readonly Float32Array[];
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
  const { outputName, unknown, heads } = model;
  try {
    const names = [
      outputName,
      ...(unknown ? [unknown.outputName] : []),
      ...heads.map((head) => head.outputName),
    ];
    const outputs = await model.session.run(buffers.feeds, names);
    const logits = logitsOf(outputs[outputName], model.labels.length);
    const headLogits = heads.map((head) => logitsOf(outputs[head.outputName], head.labels.length));
    const similarity = unknown && Number(outputs[unknown.outputName]?.data[0]);
    for (const tensor of Object.values(outputs)) tensor.dispose();
    if (similarity === undefined) return { logits, headLogits };
    if (Number.isFinite(similarity)) return { logits, headLogits, similarity };
    throw new Error(`expected a finite ${unknown?.outputName}, got ${similarity}`);
  } catch (cause) {
    throw new ClassifierError("INFERENCE_FAILED", `model ${model.name}: ${messageOf(cause)}`, cause);
  }
}

/** {@link inferOutputs}' logits alone. */
export async function inferLogits(model: Model, buffers: InputBuffers): Promise<Float32Array> {
  return (await inferOutputs(model, buffers)).logits;
}

function logitsOf(output: Tensor | undefined, count: number): Float32Array {
  const logits = output && asFloat32(output.data);
  if (logits?.length === count) return logits;
  throw new Error(`expected ${count} float32 logits, got ${output?.type} [${output?.dims}]`);
}

function asFloat32(data: unknown): Float32Array | undefined {
  if (data instanceof Float32Array) return data;
  return data instanceof Float64Array || data instanceof Float16Array ? Float32Array.from(data) : undefined;
}
