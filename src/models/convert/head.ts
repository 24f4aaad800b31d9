import type { OnnxGraph } from "../onnx/writer.ts";
import type { Quantization } from "./activations.ts";
import type { Value } from "./backend.ts";
import { type Affine, bytesOf, type GraphInput, isSame } from "./input.ts";
import { permute } from "./layout.ts";
import type { Quantizer } from "./quantizer.ts";

/** Of a step of uint8: what rounding makes equal. */
const SAME_STEP = 0.51;

/**
 * Writes the graph's input, `pixel_values`, and what the first operator takes of it.
 *
 * @param affine from pixels to real values
 * @param quantization of what the first operator takes; `undefined` for float32
 */
export function writeHead(
  graph: OnnxGraph,
  quantizer: Quantizer,
  { input, affine, elementType, quantization }: HeadOptions,
): Value {
  const { size, channels, isPlanar } = input;
  const shape = isPlanar ? [1, channels, size, size] : [1, size, size, channels];
  // A file for planes counts their axes as if they were height, width and channels.
  const toFile = (name: string) => (isPlanar ? permute(graph, name, [0, 3, 1, 2], "planes") : name);
  if (elementType === "float32") {
    const name = toFile(graph.input("pixel_values", "float32", [1, channels, size, size]));
    const real: Value = { name, shape, quantization: undefined };
    return quantization === undefined ? real : quantizer.quantize(real, quantization, "pixels");
  }
  // ONNX Runtime's integer kernels are NHWC, so this transpose and theirs cancel: pixels go in as they are.
  const nhwc = graph.input("pixel_values", "uint8", [1, size, size, channels]);
  const bytes = permute(graph, nhwc, [0, 3, 1, 2], "pixels_nchw");
  if (
    quantization !== undefined &&
    isSame(affine, bytesOf(quantization, channels), SAME_STEP * quantization.scale)
  )
    return { name: toFile(bytes), shape, quantization };
  const perChannel = (name: string, values: readonly number[]) =>
    graph.constant(name, Float32Array.from(values), [1, channels, 1, 1]);
  const floats = graph.node({
    opType: "Cast",
    inputs: [bytes],
    output: "pixel_floats",
    attributes: { to: 1 },
  });
  const scale = perChannel("pixel_scale", affine.scale);
  const scaled = graph.node({ opType: "Mul", inputs: [floats, scale], output: "pixels_scaled" });
  const offset = perChannel("pixel_offset", affine.offset);
  const name = toFile(graph.node({ opType: "Add", inputs: [scaled, offset], output: "pixels_real" }));
  const real: Value = { name, shape, quantization: undefined };
  return quantization === undefined ? real : quantizer.quantize(real, quantization, "pixels");
}

interface HeadOptions {
  readonly input: GraphInput;
  readonly affine: Affine;
  readonly elementType: "float32" | "uint8";
  readonly quantization: Quantization | undefined;
}
