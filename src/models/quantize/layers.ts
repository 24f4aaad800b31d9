import { transpose } from "../convert/filters.ts";
import { fastFilters, type Pairs } from "../convert/weights.ts";
import type { Graph, Node } from "../onnx/model.ts";
import { dimsOf, floatTensor, integerTensor, readFloats } from "../onnx/tensors.ts";
import type { Quantization } from "./ranges.ts";
import { attributeOf } from "./simplify.ts";

/** Integers fine enough that `fastFilters` sees the float weights through them. */
const FINE_STEPS = 32_000;

/**
 * Weights of a Conv, Gemm or MatMul → int8, one scale per output, zero point 0, no pair of neighbours whose int16 sum could
 * saturate; its bias → int32. What the rounding adds to an output on average is taken off its bias.
 *
 * @param means of the channels of the layer's input
 */
export function quantizeLayer(
  graph: Graph,
  node: Node,
  input: Quantization,
  means: Float64Array,
  /** The DequantizeLinear's domain: ONNX's own knows scales per channel from opset 13 on. */
  domain: string,
): Node[] {
  const tensor = graph.initializer.find(({ name }) => name === node.input[1]);
  if (tensor === undefined) throw new Error(`expected weights of ${node.name}`);
  const dims = dimsOf(tensor);
  const isColumns = node.opType === "MatMul" || (node.opType === "Gemm" && !isTransposed(node));
  const values = isColumns ? transpose(readFloats(tensor), dims[0] ?? 1, dims[1] ?? 1) : readFloats(tensor);
  const outputs = (isColumns ? dims[1] : dims[0]) ?? 1;
  const [, channels = 1, height = 1, width = 1] = isColumns ? [0, dims[0]] : dims;
  const groups = Number(attributeOf(node, "group")?.i ?? 1);
  const { weights, scales } = nearestIntegers(values, outputs, channels, height * width, groups);

  const biasTensor = graph.initializer.find(({ name }) => name === node.input[2]);
  const bias = biasTensor === undefined ? new Float32Array(outputs) : readFloats(biasTensor);
  const corrected = bias.map((old, output) => {
    let shift = 0;
    const filterSize = channels * height * width;
    const firstChannel = Math.floor(output / (outputs / groups)) * channels;
    for (let index = 0; index < filterSize; index++) {
      const at = output * filterSize + index;
      const error = (weights[at] ?? 0) * (scales[output] ?? 0) - (values[at] ?? 0);
      shift += error * (means[firstChannel + Math.floor(index / (height * width))] ?? 0);
    }
    return old - shift;
  });
  const biasScales = scales.map((scale) => scale * input.scale);

  const prefix = node.output[0] ?? node.name;
  const stored = isColumns ? transpose(weights, outputs, channels) : weights;
  graph.initializer.push(
    integerTensor(`${prefix}/int8`, dims, stored),
    floatTensor(`${prefix}/int8_scale`, [outputs], scales),
    integerTensor(`${prefix}/int8_zero`, [outputs], new Int8Array(outputs)),
    integerTensor(
      `${prefix}/int32`,
      [outputs],
      Int32Array.from(corrected, (value, output) => Math.round(value / (biasScales[output] ?? 1))),
    ),
    floatTensor(`${prefix}/int32_scale`, [outputs], biasScales),
    integerTensor(`${prefix}/int32_zero`, [outputs], new Int32Array(outputs)),
  );
  const dequantize = (kind: "int8" | "int32", axis: number): Node => ({
    ...{ opType: "DequantizeLinear", name: `${prefix}/${kind}_float`, domain },
    input: [`${prefix}/${kind}`, `${prefix}/${kind}_scale`, `${prefix}/${kind}_zero`],
    output: [`${prefix}/${kind}_float`],
    attribute: [{ name: "axis", type: 2, i: axis }],
  });
  const hasBias = node.opType !== "MatMul";
  node.input = [node.input[0] ?? "", `${prefix}/int8_float`, ...(hasBias ? [`${prefix}/int32_float`] : [])];
  return [dequantize("int8", isColumns ? 1 : 0), ...(hasBias ? [dequantize("int32", 0)] : [])];
}

function isTransposed(node: Node): boolean {
  return Number(attributeOf(node, "transB")?.i ?? 0) === 1;
}

/** @param values `[outputs, channels, positions]`, as ONNX has them */
function nearestIntegers(
  values: Float32Array,
  outputs: number,
  channels: number,
  positions: number,
  groups: number,
): { weights: Int8Array; scales: Float32Array } {
  const filterSize = channels * positions;
  const fine = new Int16Array(values.length);
  const fineScales = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const filter = values.subarray(output * filterSize, (output + 1) * filterSize);
    const largest = filter.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const scale = largest / FINE_STEPS || 1;
    fineScales[output] = scale;
    // Kernels reduce row, column, channel.
    fine.set(
      transpose(
        Int16Array.from(filter, (value) => Math.round(value / scale)),
        channels,
        positions,
      ),
      output * filterSize,
    );
  }
  const { weights, scales } = fastFilters(
    {
      ...{ outChannels: outputs, kernelH: 1, kernelW: positions, inChannels: channels },
      ...{ values: fine, scales: fineScales, zeroPoint: 0, perChannel: true },
    },
    new Int32Array(outputs),
    pairsOf(channels, groups),
  );
  const ordered = new Int8Array(weights.length);
  for (let start = 0; start < weights.length; start += filterSize)
    ordered.set(transpose(weights.subarray(start, start + filterSize), positions, channels), start);
  return { weights: ordered, scales };
}

/** As in the importer: depthwise kernels widen first; three channels may be padded to four, which shifts the pairs. */
function pairsOf(channels: number, groups: number): Pairs {
  if (channels === 1 && groups > 1) return "none";
  return channels === 3 ? "all" : "even";
}
