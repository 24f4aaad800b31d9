import type { OnnxGraph } from "../onnx/writer.ts";
import { type Backend, type Target, type Value, windowAttributes } from "./backend.ts";
import { transpose } from "./filters.ts";

/**
 * The same graph with dequantised weights and float32 arithmetic: what the integer graph is measured against,
 * in speed and in accuracy. Not meant to be deployed.
 */
export function floatBackend(graph: OnnxGraph): Backend {
  const constants = new Map<number, string>();

  /** Written when first needed: ONNX Runtime warns about constants that nothing uses. */
  const scalar = (value: number): string => {
    const name = constants.get(value) ?? graph.constant("constant", new Float32Array([value]), []);
    constants.set(value, name);
    return name;
  };

  const activate = (target: Target, opType: string, inputs: string[], attributes = {}): Value => {
    const hasActivation = target.activation === "RELU" || target.activation === "RELU6";
    const output = hasActivation ? `${target.name}/linear` : target.name;
    let name = graph.node({ opType, inputs, output, attributes });
    if (target.activation === "RELU6") {
      name = graph.node({ opType: "Clip", inputs: [name, scalar(0), scalar(6)], output: target.name });
    } else if (target.activation === "RELU") {
      name = graph.node({ opType: "Relu", inputs: [name], output: target.name });
    }
    return { name, quantization: target.quantization };
  };

  return {
    head(input, elementType, quantization) {
      if (elementType === "float32") return { name: input, quantization };
      const scale = graph.constant("pixel_scale", new Float32Array([quantization.scale]), []);
      const zeroPoint = graph.constant("pixel_zero_point", new Uint8Array([quantization.zeroPoint]), []);
      const inputs = [input, scale, zeroPoint];
      return { name: graph.node({ opType: "DequantizeLinear", inputs, output: "pixels" }), quantization };
    },

    convolve({ input, filters, bias, groups, window }, target) {
      const { outChannels, kernelH, kernelW, inChannels, scales, values } = filters;
      const filterSize = values.length / outChannels;
      const weights = new Float32Array(values.length);
      for (let channel = 0; channel < outChannels; channel++) {
        const start = channel * filterSize;
        const filter = Float32Array.from(
          values.subarray(start, start + filterSize),
          (value) => value * (scales[channel] ?? 0),
        );
        weights.set(transpose(filter, kernelH * kernelW, inChannels), start);
      }
      const realBias = Float32Array.from(
        bias,
        (value, channel) => value * input.quantization.scale * (scales[channel] ?? 0),
      );
      const inputs = [
        input.name,
        graph.constant(`${target.name}/weights`, weights, [outChannels, inChannels, kernelH, kernelW]),
        graph.constant(`${target.name}/bias`, realBias, [outChannels]),
      ];
      const attributes = { ...windowAttributes(window), dilations: window.dilations, group: groups };
      return activate(target, "Conv", inputs, attributes);
    },

    add: (left, right, target) => activate(target, "Add", [left.name, right.name]),
    averagePool: (input, window, target) =>
      activate(target, "AveragePool", [input.name], windowAttributes(window)),
    globalAveragePool: (input, target) => activate(target, "GlobalAveragePool", [input.name]),
    zero: () => scalar(0),
    tail: (value, name) => graph.node({ opType: "Identity", inputs: [value.name], output: name }),
  };
}
