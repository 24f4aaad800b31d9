import type { Attribute, OnnxGraph } from "../onnx/writer.ts";
import { type Quantization, steppedLimits } from "./activations.ts";
import type { Backend, Target, Value } from "./backend.ts";
import { type FilterBank, readBias, readFilters, transpose } from "./filters.ts";
import type { Quantizer } from "./quantizer.ts";
import { exactFilters, fastFilters, type Pairs } from "./weights.ts";
import { windowAttributes } from "./window.ts";

export interface QuantizedOptions {
  readonly weights: "exact" | "fast";
  /** The graph is fed three planes, of which the first convolution may get a fourth. */
  readonly isPlanar: boolean;
}

/** `x · relu6(x + 3) / 6`: the range of the sum, and the real 3. */
const GATE: Quantization = { scale: 6 / 255, zeroPoint: 0 };
const THREE: Quantization = { scale: 3 / 255, zeroPoint: 0 };

/**
 * Integer arithmetic on uint8 activations, written as the fused operators (QLinearConv and its kin) into which
 * ONNX Runtime would also turn a QDQ graph: the same speed, less to optimise when a session opens, and no
 * operator that silently stays unfused.
 */
export function quantizedBackend(
  graph: OnnxGraph,
  quantizer: Quantizer,
  { weights: weightsKind, isPlanar }: QuantizedOptions,
): Backend {
  const quantizedBy = ({ name, quantization }: Pick<Value, "name" | "quantization">): Quantization => {
    if (quantization === undefined) throw new Error(`expected ${name} to be quantised`);
    return quantization;
  };
  const operands = (value: Value): string[] => [value.name, ...quantizer.parameters(quantizedBy(value))];
  const parametersOf = (target: Target) => quantizer.parameters(quantizedBy(target));

  /** Writes an operator and, behind it, what its activation cuts off and saturation does not. */
  const limited = (target: Target, write: (output: string) => string): Value => {
    const { shape } = target;
    const quantization = quantizedBy(target);
    const { lowest, highest } = steppedLimits(target.limits, quantization);
    if (lowest === 0 && highest === 255) return { name: write(target.name), shape, quantization };
    const inputs = [
      write(`${target.name}/unlimited`),
      ...[lowest, highest].map((limit) => quantizer.scalar(limit, "uint8")),
    ];
    return { name: graph.node({ opType: "Clip", inputs, output: target.name }), shape, quantization };
  };

  const microsoft = (
    opType: string,
    inputs: readonly string[],
    target: Target,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value =>
    limited(target, (output) => graph.node({ opType, domain: "com.microsoft", inputs, output, attributes }));

  /**
   * A fourth plane of real zeros. ONNX Runtime's kernels for symmetric weights take channels in fours; a first
   * convolution over three runs on slower ones (v2 1.0 224 whole, 1 thread: 2.67 ms, padded 2.38). A plane is one copy; between
   * interleaved pixels it would cost more than it saves.
   */
  const padPlane = (value: Value): Value => {
    const pads = graph.constant("pixels_pads", BigInt64Array.of(0n, 0n, 0n, 0n, 0n, 1n, 0n, 0n), [8]);
    const inputs = [value.name, pads, quantizer.zero(value)];
    return { ...value, name: graph.node({ opType: "Pad", inputs, output: "pixels_padded" }) };
  };

  return {
    convolve({ input, weights, bias, isDepthwise, groups, window }, target) {
      const filters = readFilters(weights, isDepthwise);
      const { outChannels, kernelH, kernelW } = filters;
      const fileBias = readBias(bias, outChannels);
      const quantized =
        weightsKind === "exact"
          ? exactFilters(filters, fileBias)
          : fastFilters(filters, fileBias, pairsOf(filters, groups));
      const isPadded = weightsKind === "fast" && groups === 1 && filters.inChannels === 3 && isPlanar;
      const inChannels = isPadded ? 4 : filters.inChannels;
      const ordered = isPadded ? padChannels(quantized.weights, 3, 4) : quantized.weights;
      const filterSize = ordered.length / outChannels;
      const nchw = new Int8Array(ordered.length);
      for (let start = 0; start < nchw.length; start += filterSize) {
        const filter = ordered.subarray(start, start + filterSize);
        nchw.set(transpose(filter, kernelH * kernelW, inChannels), start);
      }
      const perChannelDims = quantized.scales.length === 1 ? [] : [outChannels];
      return limited(target, (output) =>
        graph.node({
          opType: "QLinearConv",
          inputs: [
            ...operands(isPadded ? padPlane(input) : input),
            graph.constant(`${target.name}/weights`, nchw, [outChannels, inChannels, kernelH, kernelW]),
            graph.constant(`${target.name}/weights_scale`, quantized.scales, perChannelDims),
            graph.constant(`${target.name}/weights_zero_point`, quantized.zeroPoints, perChannelDims),
            ...parametersOf(target),
            graph.constant(`${target.name}/bias`, quantized.bias, [outChannels]),
          ],
          output,
          attributes: { ...windowAttributes(window), dilations: window.dilations, group: groups },
        }),
      );
    },

    add: (left, right, target) =>
      microsoft("QLinearAdd", [...operands(left), ...operands(right), ...parametersOf(target)], target),
    averagePool: (input, window, target) =>
      microsoft(
        "QLinearAveragePool",
        [...operands(input), ...parametersOf(target)],
        target,
        windowAttributes(window),
      ),
    globalAveragePool: (input, target) =>
      microsoft("QLinearGlobalAveragePool", [...operands(input), ...parametersOf(target)], target),
    maxPool(input, window, target) {
      const attributes = windowAttributes(window);
      const pooled = limited({ ...target, quantization: quantizedBy(input) }, (output) =>
        graph.node({ opType: "MaxPool", inputs: [input.name], output, attributes }),
      );
      return requantized(pooled, target);
    },
    concatenate: (values, axis, target) =>
      microsoft("QLinearConcat", [...parametersOf(target), ...values.flatMap(operands)], target, { axis }),
    hardSwish(input, target) {
      const three = graph.constant("three", new Uint8Array([255]), []);
      const plain = { shape: target.shape, limits: { lowest: -Infinity, highest: Infinity } };
      const gate = microsoft(
        "QLinearAdd",
        [...operands(input), three, ...quantizer.parameters(THREE), ...quantizer.parameters(GATE)],
        { ...plain, name: `${target.name}/gate`, quantization: GATE },
      );
      const sixth = quantizer.parameters({ ...GATE, scale: GATE.scale / 6 });
      return microsoft(
        "QLinearMul",
        [...operands(input), gate.name, ...sixth, ...parametersOf(target)],
        target,
      );
    },
    compute(inputs, write, target) {
      const reals = inputs.map((value, index) => quantizer.dequantize(value, `${target.name}/real_${index}`));
      const written = write(
        reals.map(({ name }) => name),
        `${target.name}/real`,
      );
      const real = { name: written, shape: target.shape, quantization: undefined };
      return limited(target, (output) => quantizer.quantize(real, quantizedBy(target), output).name);
    },
  };

  /** Kernels that keep their input's scale, where the file gives the output another. */
  function requantized(value: Value, target: Target): Value {
    const [from, to] = [quantizedBy(value), quantizedBy(target)];
    if (from.scale === to.scale && from.zeroPoint === to.zeroPoint) return value;
    return quantizer.quantize(quantizer.dequantize(value, `${target.name}/real`), to, target.name);
  }
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
