import { type Layer, type Network, product } from "./network.ts";
import type { TensorSpec } from "./tflite-file.ts";

/**
 * Evaluates a small network as TensorFlow Lite's reference kernels do: NHWC, integer accumulators, rescaled in
 * fixed point (a 31-bit multiplier and a shift, both steps rounding half away from zero). It shares no code
 * with the importer.
 *
 * @param pixels the input, uint8 or int8 values as the file's input tensor holds them
 * @returns the quantised values of the last quantised tensor
 */
export function evaluate(
  network: Network,
  pixels: ArrayLike<number>,
): { values: number[]; tensor: TensorSpec } {
  const values = new Map<number, number[]>([[network.inputIndex, Array.from(pixels)]]);
  let last = network.inputIndex;
  for (const layer of network.layers) {
    if (layer.op === "SOFTMAX" || (layer.op === "DEQUANTIZE" && layer.output === network.outputIndex))
      continue;
    values.set(layer.output, evaluateLayer(network, layer, values));
    last = layer.output;
  }
  return { values: values.get(last) ?? [], tensor: network.at(last) };
}

function evaluateLayer(network: Network, layer: Layer, values: ReadonlyMap<number, number[]>): number[] {
  const [first = 0, second = 0, third] = layer.inputs;
  const x = values.get(first) ?? [];
  const [input, output] = [network.at(first), network.at(layer.output)];
  switch (layer.op) {
    case "CONV_2D":
    case "DEPTHWISE_CONV_2D":
      return convolve(
        layer,
        x,
        input,
        network.at(second),
        third === undefined ? [] : dataOf(network.at(third)),
        output,
      );
    case "FULLY_CONNECTED":
      return fullyConnect(
        x,
        input,
        network.at(second),
        third === undefined ? [] : dataOf(network.at(third)),
        output,
        layer,
      );
    case "ADD":
      return x.map((value, index) => {
        const other = (values.get(second) ?? [])[index] ?? 0;
        return requantizeReal(real(value, input) + real(other, network.at(second)), output);
      });
    case "AVERAGE_POOL_2D":
      return averagePool(layer, x, input, output);
    case "MEAN":
      return averagePool({ ...layer, filter: input.shape[1] ?? 0, padding: "VALID" }, x, input, {
        ...output,
        shape: [1, 1, 1, input.shape[3] ?? 0],
      });
    case "PAD":
      return pad(x, input, dataOf(network.at(second)), output);
    case "QUANTIZE":
      return input.type === "FLOAT32" ? x : x.map((value) => requantizeReal(real(value, input), output));
    default:
      return x;
  }
}

function convolve(
  layer: Layer,
  x: readonly number[],
  input: TensorSpec,
  weights: TensorSpec,
  bias: readonly number[],
  output: TensorSpec,
): number[] {
  const [, height = 0, width = 0, channels = 0] = input.shape;
  const [, outHeight = 0, outWidth = 0, outChannels = 0] = output.shape;
  const isDepthwise = layer.op === "DEPTHWISE_CONV_2D";
  const [, kernelH = 0, kernelW = 0, depth = 0] = weights.shape;
  const filterDepth = isDepthwise ? 1 : depth;
  const groups = channels / filterDepth;
  const { stride = 1, dilation = 1 } = layer;
  const top = padBefore(layer, height, outHeight, kernelH);
  const left = padBefore(layer, width, outWidth, kernelW);
  const w = dataOf(weights);
  const result: number[] = [];
  for (let oy = 0; oy < outHeight; oy++) {
    for (let ox = 0; ox < outWidth; ox++) {
      for (let oc = 0; oc < outChannels; oc++) {
        let sum = bias[oc] ?? 0;
        for (let ky = 0; ky < kernelH; ky++) {
          for (let kx = 0; kx < kernelW; kx++) {
            const [iy, ix] = [oy * stride - top + ky * dilation, ox * stride - left + kx * dilation];
            if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
            for (let d = 0; d < filterDepth; d++) {
              const ic = Math.floor(oc / (outChannels / groups)) * filterDepth + d;
              const wi = isDepthwise
                ? (ky * kernelW + kx) * depth + oc
                : ((oc * kernelH + ky) * kernelW + kx) * depth + d;
              const value = (x[(iy * width + ix) * channels + ic] ?? 0) - zeroPointOf(input);
              sum += value * ((w[wi] ?? 0) - zeroPointOf(weights));
            }
          }
        }
        result.push(requantize(sum, scaleOf(input) * scaleOf(weights, oc), output, layer));
      }
    }
  }
  return result;
}

function fullyConnect(
  x: readonly number[],
  input: TensorSpec,
  weights: TensorSpec,
  bias: readonly number[],
  output: TensorSpec,
  layer: Layer,
): number[] {
  const w = dataOf(weights);
  return Array.from({ length: product(output.shape) }, (_, oc) => {
    const sum = x.reduce(
      (total, value, i) =>
        total + (value - zeroPointOf(input)) * ((w[oc * x.length + i] ?? 0) - zeroPointOf(weights)),
      bias[oc] ?? 0,
    );
    return requantize(sum, scaleOf(input) * scaleOf(weights, oc), output, layer);
  });
}

function averagePool(layer: Layer, x: readonly number[], input: TensorSpec, output: TensorSpec): number[] {
  const [, height = 0, width = 0, channels = 0] = input.shape;
  const [, outHeight = 0, outWidth = 0] = output.shape;
  const { stride = 1, filter = 1 } = layer;
  const top = padBefore(layer, height, outHeight, filter);
  const left = padBefore(layer, width, outWidth, filter);
  const result: number[] = [];
  for (let oy = 0; oy < outHeight; oy++) {
    for (let ox = 0; ox < outWidth; ox++) {
      for (let channel = 0; channel < channels; channel++) {
        const window: number[] = [];
        for (
          let iy = Math.max(0, oy * stride - top);
          iy < Math.min(height, oy * stride - top + filter);
          iy++
        ) {
          for (
            let ix = Math.max(0, ox * stride - left);
            ix < Math.min(width, ox * stride - left + filter);
            ix++
          ) {
            window.push(x[(iy * width + ix) * channels + channel] ?? 0);
          }
        }
        const mean = window.reduce((sum, value) => sum + real(value, input), 0) / window.length;
        result.push(requantizeReal(mean, output));
      }
    }
  }
  return result;
}

function pad(
  x: readonly number[],
  input: TensorSpec,
  paddings: readonly number[],
  output: TensorSpec,
): number[] {
  const [, height = 0, width = 0, channels = 0] = input.shape;
  const [, outHeight = 0, outWidth = 0, outChannels = 0] = output.shape;
  const [top = 0, left = 0, front = 0] = [paddings[2], paddings[4], paddings[6]];
  const result: number[] = [];
  for (let y = 0; y < outHeight; y++) {
    for (let z = 0; z < outWidth; z++) {
      for (let c = 0; c < outChannels; c++) {
        const [iy, ix, ic] = [y - top, z - left, c - front];
        const inside = iy >= 0 && iy < height && ix >= 0 && ix < width && ic >= 0 && ic < channels;
        result.push(inside ? (x[(iy * width + ix) * channels + ic] ?? 0) : zeroPointOf(input));
      }
    }
  }
  return result;
}

function padBefore(layer: Layer, size: number, outSize: number, kernel: number): number {
  if (layer.padding === "VALID") return 0;
  const reach = (outSize - 1) * (layer.stride ?? 1) + (kernel - 1) * (layer.dilation ?? 1) + 1;
  return Math.floor(Math.max(0, reach - size) / 2);
}

/** Fixed point: `sum · multiplier · 2^(shift - 31)`, then the zero point and the range of the activation. */
function requantize(sum: number, accumulatorScale: number, output: TensorSpec, layer: Layer): number {
  const factor = accumulatorScale / scaleOf(output);
  const shift = Math.ceil(Math.log2(factor));
  const multiplier = BigInt(Math.round((factor / 2 ** shift) * 2 ** 31));
  const high = roundShift(BigInt(sum) * multiplier, 31n - BigInt(Math.max(shift, 0)));
  const scaled = Number(shift < 0 ? roundShift(high, BigInt(-shift)) : high);
  const lowest =
    layer.activation === "RELU" || layer.activation === "RELU6" ? zeroPointOf(output) : -Infinity;
  const highest =
    layer.activation === "RELU6" ? zeroPointOf(output) + Math.round(6 / scaleOf(output)) : Infinity;
  return clampTo(output, Math.min(highest, Math.max(lowest, scaled + zeroPointOf(output))));
}

function roundShift(value: bigint, bits: bigint): bigint {
  const half = 1n << (bits - 1n);
  return value >= 0n ? (value + half) >> bits : -((-value + half) >> bits);
}

function requantizeReal(value: number, output: TensorSpec): number {
  return clampTo(output, Math.round(value / scaleOf(output)) + zeroPointOf(output));
}

function clampTo({ type }: TensorSpec, value: number): number {
  return type === "INT8" ? Math.min(127, Math.max(-128, value)) : Math.min(255, Math.max(0, value));
}

export function real(value: number, tensor: TensorSpec): number {
  return scaleOf(tensor) * (value - zeroPointOf(tensor));
}

function scaleOf({ scales = [] }: TensorSpec, channel = 0): number {
  return scales[scales.length > 1 ? channel : 0] ?? 1;
}

function zeroPointOf({ zeroPoints = [] }: TensorSpec): number {
  return zeroPoints[0] ?? 0;
}

function dataOf({ data }: TensorSpec): number[] {
  return Array.from(data ?? []);
}
