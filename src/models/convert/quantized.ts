import type { OnnxGraph } from "../onnx/writer.ts";
import { assertSaturationIs, type Quantization } from "./activations.ts";
import { type Backend, type Convolution, type Target, type Value, windowAttributes } from "./backend.ts";
import { type FilterBank, transpose } from "./filters.ts";
import { exactFilters, fastFilters, type Pairs } from "./weights.ts";

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

  /** Pixels as three planes, as a float32 graph is fed them. */
  const planar = new Set<string>();

  /**
   * A fourth plane of real zeros. ONNX Runtime's kernels for symmetric weights take channels in fours; a first
   * convolution over three runs on slower ones (v2 1.0 224 whole, 1 thread: 2.67 ms, padded 2.38). A plane is one copy; between
   * interleaved pixels it would cost more than it saves.
   */
  const padPlane = (value: Value): Value => {
    const pads = graph.constant("pixels_pads", BigInt64Array.of(0n, 0n, 0n, 0n, 0n, 1n, 0n, 0n), [8]);
    const inputs = [value.name, pads, quantizationInputs(value.quantization)[1]];
    return { ...value, name: graph.node({ opType: "Pad", inputs, output: "pixels_padded" }) };
  };

  return {
    head(input, elementType, quantization) {
      if (elementType === "uint8") return { name: input, quantization };
      const inputs = [input, ...quantizationInputs(quantization)];
      const name = graph.node({ opType: "QuantizeLinear", inputs, output: "pixels" });
      planar.add(name);
      return { name, quantization };
    },

    convolve({ input, filters, bias, groups, window }: Convolution, target) {
      const { outChannels, kernelH, kernelW } = filters;
      const quantized =
        weights === "exact"
          ? exactFilters(filters, bias)
          : fastFilters(filters, bias, pairsOf(filters, groups));
      const isPadded =
        weights === "fast" && groups === 1 && filters.inChannels === 3 && planar.has(input.name);
      const inChannels = isPadded ? 4 : filters.inChannels;
      const ordered = isPadded ? padChannels(quantized.weights, 3, 4) : quantized.weights;
      const filterSize = ordered.length / outChannels;
      const nchw = new Int8Array(ordered.length);
      for (let start = 0; start < nchw.length; start += filterSize) {
        const filter = ordered.subarray(start, start + filterSize);
        nchw.set(transpose(filter, kernelH * kernelW, inChannels), start);
      }
      const perChannelDims = quantized.scales.length === 1 ? [] : [outChannels];
      const name = graph.node({
        opType: "QLinearConv",
        inputs: [
          ...operands(isPadded ? padPlane(input) : input),
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

/**
 * Which pairs of weights may meet in one int16 sum: none in depthwise kernels, which widen to 16 bits first; both
 * neighbours where three channels may be padded to four, which shifts the pairs; else the even ones.
 */
function pairsOf({ inChannels }: FilterBank, groups: number): Pairs {
  if (inChannels === 1 && groups > 1) return "none";
  return inChannels === 3 ? "all" : "even";
}

/** `[…, from]` to `[…, to]` with zeros. */
function padChannels(weights: Int8Array, from: number, to: number): Int8Array {
  const padded = new Int8Array((weights.length / from) * to);
  for (const [index, weight] of weights.entries()) {
    padded[Math.floor(index / from) * to + (index % from)] = weight;
  }
  return padded;
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
