import { CommandError } from "../errors.ts";
import { OnnxGraph } from "../onnx/writer.ts";
import type { TfliteModel, TfliteTensor } from "../tflite/reader.ts";
import { type Quantization, quantizationOf } from "./activations.ts";
import type { Backend, Value } from "./backend.ts";
import { floatBackend } from "./float.ts";
import { convertReshape } from "./layout.ts";
import { OperatorConverter } from "./operators.ts";
import { quantizedBackend } from "./quantized.ts";

export interface ConvertOptions {
  /** `exact`: the file's weights bit for bit; `fast`: zero point 0; `float32`: dequantised, for comparison. */
  readonly weights: "exact" | "fast" | "float32";
  /** `float32`: normalised pixel_values [1, 3, S, S]; `uint8`: the pixels themselves, [1, S, S, 3]. */
  readonly input: "float32" | "uint8";
  /** Name of the graph. */
  readonly name: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface ConvertedModel {
  readonly onnx: Uint8Array;
  /** Side of the square input in pixels. */
  readonly imageSize: number;
  /** How the graph's own uint8 pixels stand for real values: what `image_mean` and `image_std` come from. */
  readonly pixels: Quantization;
  readonly labelCount: number;
}

/**
 * Converts a quantised classifier into an ONNX graph with the input `pixel_values` and the one output
 * `logits`, float32 [1, N]: a final SOFTMAX is left out, because whoever ranks the logits applies it.
 *
 * @throws CommandError MODEL_UNSUPPORTED saying what was met where something else was expected.
 */
export function convertModel(model: TfliteModel, options: ConvertOptions): ConvertedModel {
  const graph = new OnnxGraph();
  const backend =
    options.weights === "float32" ? floatBackend(graph) : quantizedBackend(graph, options.weights);
  const input = theOne(model, model.inputs, "input");
  const output = theOne(model, model.outputs, "output");
  const imageSize = squareSide(input);
  const pixels = quantizationOf(pixelTensor(model, input));
  const converter = new OperatorConverter(model, graph, backend);
  converter.define(model.inputs[0] ?? -1, writeHead(graph, backend, options.input, imageSize, pixels));
  for (const operator of model.operators) converter.convert(operator);

  const labelCount = output.shape.reduce((product, size) => product * size, 1);
  const flat = convertReshape(graph, converter.valueOf(model.outputs[0] ?? -1), {
    from: output.shape,
    to: [1, labelCount],
    name: "logits_flat",
  });
  const logits = backend.tail(flat, "logits");
  graph.output(logits, "float32", [1, labelCount]);
  return { onnx: graph.encode(options.name, options.metadata ?? {}), imageSize, pixels, labelCount };
}

function writeHead(
  graph: OnnxGraph,
  backend: Backend,
  elementType: "float32" | "uint8",
  size: number,
  pixels: Quantization,
): Value {
  if (elementType === "float32") {
    return backend.head(graph.input("pixel_values", "float32", [1, 3, size, size]), "float32", pixels);
  }
  // ONNX Runtime's integer kernels are NHWC, so this transpose and theirs cancel: pixels go in as they are.
  const nhwc = graph.input("pixel_values", "uint8", [1, size, size, 3]);
  const nchw = graph.node({
    opType: "Transpose",
    inputs: [nhwc],
    output: "pixels_nchw",
    attributes: { perm: [0, 3, 1, 2] },
  });
  return backend.head(nchw, "uint8", pixels);
}

/** The quantised picture: the graph's input, or what a QUANTIZE right behind a float32 input makes of it. */
function pixelTensor(model: TfliteModel, input: TfliteTensor): TfliteTensor {
  if (input.type !== "FLOAT32") return input;
  const quantize = model.operators.find(
    ({ options, inputs }) => options.name === "QUANTIZE" && inputs[0] === model.inputs[0],
  );
  return model.tensors[quantize?.outputs[0] ?? -1] ?? input;
}

function theOne(model: TfliteModel, indices: readonly number[], what: string): TfliteTensor {
  const tensor = model.tensors[indices[0] ?? -1];
  if (tensor === undefined || indices.length !== 1) {
    throw new CommandError("MODEL_UNSUPPORTED", `expected one ${what}, the graph has ${indices.length}`);
  }
  return tensor;
}

function squareSide({ shape }: TfliteTensor): number {
  const [batch, height = 0, width, channels] = shape;
  if (shape.length !== 4 || batch !== 1 || height !== width || channels !== 3 || height < 1) {
    throw new CommandError("MODEL_UNSUPPORTED", `expected an input [1, S, S, 3], got [${shape}]`);
  }
  return height;
}
