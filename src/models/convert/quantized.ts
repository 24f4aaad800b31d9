import type { OnnxGraph } from "../onnx/writer.ts";
import { assertSaturationIs, type Quantization } from "./activations.ts";
import { type Backend, type Convolution, type Target, type Value, windowAttributes } from "./backend.ts";
import { transpose } from "./filters.ts";
import { exactFilters, fastFilters } from "./weights.ts";

/**
 * Integer arithmetic on uint8 activations, written as the fused operators (QLinearConv and its kin) into which
 * ONNX Runtime would also turn a QDQ graph: the same speed, less to optimise when a session opens, and no
 * operator that silently stays unfused.
 */
export function quantizedBackend(graph: OnnxGraph, weights: "exact" | "fast"): Backend {
  const parameters = new Map<string, [scale: string, zeroPoint: string]>();

  /** Names of the scale and zero point constants; equal ones are written once. */
  const quantizationInputs = ({ scale, zeroPoint }: Quantization): [string, string] => {
    const key = `${scale}/${zeroPoint}`;
    const known = parameters.get(key);
    if (known !== undefined) return known;
    const names: [string, string] = [
      graph.constant("scale", new Float32Array([scale]), []),
      graph.constant("zero_point", new Uint8Array([zeroPoint]), []),
    ];
    parameters.set(key, names);
    return names;
  };
  const operands = (value: Value): string[] => [value.name, ...quantizationInputs(value.quantization)];
  const finish = (target: Target, name: string): Value => {
    assertSaturationIs(target.activation, target.quantization, target.name);
    return { name, quantization: target.quantization };
  };

  return {
    head(input, elementType, quantization) {
      if (elementType === "uint8") return { name: input, quantization };
      const inputs = [input, ...quantizationInputs(quantization)];
      return { name: graph.node({ opType: "QuantizeLinear", inputs, output: "pixels" }), quantization };
    },

    convolve({ input, filters, bias, groups, window }: Convolution, target) {
      const { outChannels, kernelH, kernelW, inChannels } = filters;
      const isDepthwise = inChannels === 1 && groups > 1;
      const quantized =
        weights === "exact" ? exactFilters(filters, bias) : fastFilters(filters, bias, !isDepthwise);
      const filterSize = quantized.weights.length / outChannels;
      const nchw = new Int8Array(quantized.weights.length);
      for (let start = 0; start < nchw.length; start += filterSize) {
        const filter = quantized.weights.subarray(start, start + filterSize);
        nchw.set(transpose(filter, kernelH * kernelW, inChannels), start);
      }
      const perChannelDims = quantized.scales.length === 1 ? [] : [outChannels];
      const name = graph.node({
        opType: "QLinearConv",
        inputs: [
          ...operands(input),
          graph.constant(`${target.name}/weights`, nchw, [outChannels, inChannels, kernelH, kernelW]),
          graph.constant(`${target.name}/weights_scale`, quantized.scales, perChannelDims),
          graph.constant(`${target.name}/weights_zero_point`, quantized.zeroPoints, perChannelDims),
          ...quantizationInputs(target.quantization),
          graph.constant(`${target.name}/bias`, quantized.bias, [outChannels]),
        ],
        output: target.name,
        attributes: { ...windowAttributes(window), dilations: window.dilations, group: groups },
      });
      return finish(target, name);
    },

    add(left, right, target) {
      const inputs = [...operands(left), ...operands(right), ...quantizationInputs(target.quantization)];
      return finish(target, microsoft(graph, "QLinearAdd", inputs, target.name));
    },

    averagePool(input, window, target) {
      const inputs = [...operands(input), ...quantizationInputs(target.quantization)];
      const attributes = windowAttributes(window);
      return finish(target, microsoft(graph, "QLinearAveragePool", inputs, target.name, attributes));
    },

    globalAveragePool(input, target) {
      const inputs = [...operands(input), ...quantizationInputs(target.quantization)];
      return finish(target, microsoft(graph, "QLinearGlobalAveragePool", inputs, target.name));
    },

    zero: (value) => quantizationInputs(value.quantization)[1],

    tail: (value, name) => graph.node({ opType: "DequantizeLinear", inputs: operands(value), output: name }),
  };
}

function microsoft(
  graph: OnnxGraph,
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, readonly number[]>> = {},
): string {
  return graph.node({ opType, domain: "com.microsoft", inputs, output, attributes });
}
