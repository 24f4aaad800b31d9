import type { InferenceSession } from "onnxruntime-node";
import type { Model } from "../../function/model/load.ts";
import { loadOrt } from "../../function/native.ts";
import { encodeOnnx, type OnnxModel, type ValueInfo } from "../onnx/model.ts";
import { DATA_TYPE } from "../onnx/proto.ts";
import { type PixelSource, readPixels } from "../pixels.ts";
import { equalizeChannels } from "./equalize.ts";
import type { Plan } from "./plan.ts";
import {
  bestQuantization,
  countValues,
  emptyStatistics,
  measureRange,
  type Quantization,
  quantizationFor,
  type Statistics,
} from "./ranges.ts";

export interface Calibration {
  readonly quantizations: ReadonlyMap<string, Quantization>;
  /** Value → the mean of each of its channels. */
  readonly means: ReadonlyMap<string, Float64Array>;
}

/**
 * Runs the float graph over images, each value of the plan an output of it, twice: for the ranges, then for how often what
 * occurs in them. The input's range is that of the preprocessing: pixels are 0 to 255.
 */
export async function calibrate(
  onnx: OnnxModel,
  plan: Plan,
  model: Model,
  files: readonly string[],
  onProgress: (done: number) => void,
): Promise<Calibration> {
  const input = onnx.graph.input[0]?.name ?? "";
  const layerInputs = [...plan.layers].map((node) => node.input[0] ?? "");
  const values = [...new Set([...plan.computed, ...layerInputs])].filter((value) => value !== input);
  let session = await openWithOutputs(onnx, values);
  const statistics = new Map(values.map((value) => [value, emptyStatistics()]));
  const inputStatistics = emptyStatistics();
  let done = 0;
  const pass = async (visit: (found: Statistics, data: Float32Array, channels: number) => void) => {
    const source: PixelSource = { model, files };
    for await (const { feeds } of readPixels(source)) {
      if (feeds === undefined) continue;
      const outputs = await session.run(feeds);
      for (const [value, found] of statistics) {
        const tensor = outputs[value];
        if (!(tensor?.data instanceof Float32Array))
          throw new Error(`expected ${value} to be float32, got ${tensor?.type}`);
        visit(found, tensor.data, tensor.dims[1] ?? 1);
      }
      const fed = feeds[input];
      if (fed?.data instanceof Float32Array) visit(inputStatistics, fed.data, fed.dims[1] ?? 1);
      onProgress(++done / 2);
    }
  };
  await pass(measureRange);
  if (equalizeChannels(onnx.graph, plan, statistics) > 0) {
    await session.release();
    session = await openWithOutputs(onnx, values);
  }
  await pass(countValues);
  await session.release();

  const { scale, offset } = model.normalization;
  const ends = [...offset, ...scale.map((factor, channel) => 255 * factor + (offset[channel] ?? 0))];
  const quantizations = new Map(
    [...statistics].map(([value, found]) => [value, bestQuantization(found)] as const),
  );
  quantizations.set(input, quantizationFor(Math.min(...ends), Math.max(...ends)));
  const means = new Map(
    [...statistics, [input, inputStatistics] as const].map(([value, { channels, count }]) => [
      value,
      Float64Array.from(channels, ({ sum }) => sum / Math.max(1, count)),
    ]),
  );
  return { quantizations, means };
}

function openWithOutputs(onnx: OnnxModel, values: readonly string[]): Promise<InferenceSession> {
  const output = values.map(
    (name) => ({ name, type: { tensorType: { elemType: DATA_TYPE.float32 } } }) as ValueInfo,
  );
  return loadOrt().InferenceSession.create(encodeOnnx({ ...onnx, graph: { ...onnx.graph, output } }), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
}
