import type { OnnxGraph } from "../onnx/writer.ts";
import { realLimits } from "./activations.ts";
import type { Backend, Target, Value } from "./backend.ts";
import { readRealBias, readRealFilters, transpose } from "./filters.ts";
import type { Quantizer } from "./quantizer.ts";
import { windowAttributes } from "./window.ts";

/** Float32 arithmetic: of float files, and of quantised ones to be compared with. */
export function floatBackend(graph: OnnxGraph, quantizer: Quantizer): Backend {
  const written = (target: Target, name: string): Value => ({
    ...{ name, shape: target.shape, quantization: undefined },
  });

  /** Writes an operator and, behind it, what its activation cuts off. */
  const limited = (target: Target, write: (output: string) => string): Value => {
    const { lowest, highest } = realLimits(target.limits, target.quantization);
    if (lowest === Number.NEGATIVE_INFINITY && highest === Number.POSITIVE_INFINITY)
      return written(target, write(target.name));
    const linear = write(`${target.name}/linear`);
    const isRelu = lowest === 0 && highest === Number.POSITIVE_INFINITY;
    const clip = { opType: "Clip", inputs: [linear, quantizer.scalar(lowest), quantizer.scalar(highest)] };
    const node = isRelu ? { opType: "Relu", inputs: [linear] } : clip;
    return written(target, graph.node({ ...node, output: target.name }));
  };

  return {
    convolve({ input, inputScale, weights, bias, isDepthwise, groups, window }, target) {
      const filters = readRealFilters(weights, isDepthwise);
      const { outChannels, kernelH, kernelW, inChannels } = filters;
      const nchw = new Float32Array(filters.values.length);
      const filterSize = nchw.length / outChannels;
      for (let start = 0; start < nchw.length; start += filterSize) {
        const filter = filters.values.subarray(start, start + filterSize);
        nchw.set(transpose(filter, kernelH * kernelW, inChannels), start);
      }
      const realBias = readRealBias(bias, weights, inputScale, outChannels);
      const inputs = [
        input.name,
        graph.constant(`${target.name}/weights`, nchw, [outChannels, inChannels, kernelH, kernelW]),
        graph.constant(`${target.name}/bias`, realBias, [outChannels]),
      ];
      const attributes = { ...windowAttributes(window), dilations: window.dilations, group: groups };
      return limited(target, (output) => graph.node({ opType: "Conv", inputs, output, attributes }));
    },

    add: (left, right, target) =>
      limited(target, (output) => graph.node({ opType: "Add", inputs: [left.name, right.name], output })),
    averagePool: (input, window, target) =>
      limited(target, (output) =>
        graph.node({
          ...{ opType: "AveragePool", inputs: [input.name], output, attributes: windowAttributes(window) },
        }),
      ),
    globalAveragePool: (input, target) =>
      limited(target, (output) => graph.node({ opType: "GlobalAveragePool", inputs: [input.name], output })),
    maxPool: (input, window, target) =>
      limited(target, (output) =>
        graph.node({
          ...{ opType: "MaxPool", inputs: [input.name], output, attributes: windowAttributes(window) },
        }),
      ),
    concatenate: (values, axis, target) =>
      limited(target, (output) =>
        graph.node({
          ...{ opType: "Concat", inputs: values.map(({ name }) => name), output, attributes: { axis } },
        }),
      ),
    hardSwish: (input, target) =>
      limited(target, (output) => {
        const attributes = { alpha: { float: 1 / 6 }, beta: { float: 0.5 } };
        const gate = { opType: "HardSigmoid", inputs: [input.name], output: `${output}/gate`, attributes };
        return graph.node({ opType: "Mul", inputs: [input.name, graph.node(gate)], output });
      }),
    compute: (inputs, write, target) =>
      limited(target, (output) =>
        write(
          inputs.map(({ name }) => name),
          output,
        ),
      ),
  };
}
