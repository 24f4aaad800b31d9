import { OnnxGraph } from "../onnx/writer.ts";
import type { TfliteModel } from "../tflite/reader.ts";
import { quantizationOf } from "./activations.ts";
import { floatBackend } from "./float.ts";
import { writeHead } from "./head.ts";
import { type Affine, compose, type MeanAndStd, readInput } from "./input.ts";
import { neededOperators } from "./needed.ts";
import { OperatorConverter } from "./operators.ts";
import { readOutput, writeTail } from "./output.ts";
import { quantizedBackend } from "./quantized.ts";
import { Quantizer } from "./quantizer.ts";

export interface ConvertOptions {
  /** Of quantised files. `exact`: the file's weights bit for bit; `fast`: zero point 0; `float32`: dequantised. */
  readonly weights: "exact" | "fast" | "float32";
  /** `float32`: normalised pixel_values [1, 3, S, S]; `uint8`: the pixels themselves, [1, S, S, 3]. */
  readonly input: "float32" | "uint8";
  /** What the file's input holds for a pixel, see `readPixels`. */
  readonly pixels: Affine;
  /** Which of the outputs. Default: the first. */
  readonly output?: number;
  /** Labels that the logits are for: two where the file has one sigmoid for the second of them. Default: its width. */
  readonly labelCount?: number;
  /** Name of the graph. */
  readonly name: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface ConvertedModel {
  readonly onnx: Uint8Array;
  /** Side of the square input in pixels. */
  readonly imageSize: number;
  /** What brings pixels to the graph's own float32 input, one value per channel. */
  readonly normalization: MeanAndStd;
  readonly labelCount: number;
  /** Of the layers with weights. */
  readonly arithmetic: "int8" | "float32";
}

/**
 * Converts a classifier into an ONNX graph with the input `pixel_values` and one output, float32 [1, N]: `logits`, where
 * a final SOFTMAX is left out, because whoever ranks the logits applies it, or `scores` of a final LOGISTIC.
 *
 * @throws CommandError MODEL_UNSUPPORTED saying what was met where something else was expected.
 */
export function convertModel(model: TfliteModel, options: ConvertOptions): ConvertedModel {
  const graph = new OnnxGraph();
  const quantizer = new Quantizer(graph);
  const keepsIntegers = options.weights !== "float32";
  const float = floatBackend(graph, quantizer);
  const quantized =
    options.weights === "float32"
      ? float
      : quantizedBackend(graph, quantizer, {
          weights: options.weights,
          isPlanar: options.input === "float32",
        });
  const converter = new OperatorConverter(model, graph, quantizer, { quantized, float, keepsIntegers });

  const input = readInput(model);
  const output = readOutput(model, options.output ?? 0);
  const affine = compose(input.head, options.pixels);
  const start = model.tensors[input.start] ?? input.tensor;
  const quantization = keepsIntegers ? quantizationOf(start) : undefined;
  const head = { input, affine, elementType: options.input, quantization };
  converter.define(input.start, writeHead(graph, quantizer, head));
  const operators = neededOperators(model, input.start, output.index);
  for (const operator of operators) converter.convert(operator);
  const logits = quantizer.dequantize(converter.valueOf(output.index), "logits_real");
  const labelCount = options.labelCount ?? output.width;
  graph.output(writeTail(graph, quantizer, logits, { output, labelCount }), "float32", [1, labelCount]);

  const isInteger = operators.some(({ options: { name }, outputs }) => {
    const tensor = model.tensors[outputs[0] ?? -1];
    const hasWeights = name === "FULLY_CONNECTED" || name.includes("CONV_2D");
    return hasWeights && tensor !== undefined && quantizationOf(tensor) !== undefined;
  });
  return {
    onnx: graph.encode(options.name, options.metadata ?? {}),
    imageSize: input.size,
    normalization: {
      mean: affine.scale.map((scale, channel) => (0 - (affine.offset[channel] ?? 0)) / (255 * scale)),
      std: affine.scale.map((scale) => 1 / (255 * scale)),
    },
    labelCount,
    arithmetic: isInteger && keepsIntegers ? "int8" : "float32",
  };
}
