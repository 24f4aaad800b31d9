import { createHash } from "node:crypto";
import { cp, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { ATTRIBUTE_TYPE, DATA_TYPE, ModelProto } from "../models/onnx/proto.ts";

// ONNX messages as protobufjs decodes them, as far as the conversions below touch them.
interface Attribute {
  name: string;
  ints?: number[];
  type: number;
}
interface Node {
  opType: string;
  domain?: string;
  name: string;
  input: string[];
  output: string[];
  attribute: Attribute[];
}
interface TensorMessage {
  name: string;
  dims: (number | { toNumber(): number })[];
  dataType: number;
  rawData: Uint8Array;
}
interface ValueInfo {
  name: string;
  type: { tensorType: { elemType: number; shape: { dim: { dimValue: number | { toNumber(): number } }[] } } };
}
interface Graph {
  node: Node[];
  initializer: TensorMessage[];
  input: ValueInfo[];
  output: ValueInfo[];
}

/** Folders of the same weights in other forms, which the bench compares the deployed one with. */
export interface ModelVariants {
  /** uint8 NHWC pixels go in as they are. */
  uint8: string;
  /** Every weight and activation as float32. */
  float32: string;
  /** The folder layout that transformers.js reads: `dir/name/onnx/model_quantized.onnx`. */
  transformers: { dir: string; name: string };
}

/**
 * Makes the variants of a quantised model folder once, and keeps them in `cacheDir` by the model's hash.
 *
 * @throws when the graph is not one of quantised operators with a float32 NCHW input
 */
export async function modelVariants(modelDir: string, cacheDir: string): Promise<ModelVariants> {
  const onnx = await readFile(join(modelDir, "model.onnx"));
  const hash = createHash("sha256").update(onnx).digest("hex").slice(0, 12);
  const dir = join(cacheDir, `${basename(modelDir)}-${hash}`);
  const name = "transformers";
  const variants = { uint8: join(dir, "uint8"), float32: join(dir, "float32"), transformers: { dir, name } };
  if (await stat(dir).catch(() => undefined)) return variants;

  const part = `${dir}.part`;
  await rm(part, { recursive: true, force: true });
  const write = async (folder: string, file: string, bytes: Uint8Array): Promise<void> => {
    for (const config of ["config.json", "preprocessor_config.json"]) {
      await cp(join(modelDir, config), join(part, folder, config));
    }
    await mkdir(join(part, folder, "onnx"), { recursive: true });
    await writeFile(join(part, folder, file), bytes);
  };
  await write("uint8", "model.onnx", withUint8Input(onnx));
  await write("float32", "model.onnx", withFloat32Weights(onnx));
  await write(name, "onnx/model_quantized.onnx", onnx);
  // transformers.js chooses its classes by these names; those of MobileNet do what any classifier needs.
  await nameClass(join(part, name, "config.json"), { model_type: "mobilenet_v1" });
  await nameClass(join(part, name, "preprocessor_config.json"), {
    image_processor_type: "MobileNetV1ImageProcessor",
  });
  await rename(part, dir);
  return variants;
}

async function nameClass(file: string, defaults: object): Promise<void> {
  const config = JSON.parse(await readFile(file, "utf8")) as object;
  await writeFile(file, JSON.stringify({ ...defaults, ...config }));
}

/** The same graph with uint8 NHWC pixels instead of normalised float32 NCHW `pixel_values`. */
export function withUint8Input(onnx: Uint8Array): Uint8Array {
  return convert(onnx, (graph) => {
    const [input, quantize] = [headInput(graph), headQuantize(graph)];
    const [, channels = 3, height = 0, width = 0] = shapeOf(input);
    const transpose: Node = {
      opType: "Transpose",
      name: "nhwc_to_nchw",
      input: ["pixels_nhwc"],
      output: [...quantize.output],
      attribute: [{ name: "perm", ints: [0, 3, 1, 2], type: ATTRIBUTE_TYPE.INTS }],
    };
    graph.node[graph.node.indexOf(quantize)] = transpose;
    input.name = "pixels_nhwc";
    input.type.tensorType.elemType = DATA_TYPE.uint8;
    input.type.tensorType.shape.dim = [1, height, width, channels].map((dimValue) => ({ dimValue }));
  });
}

/** The same weights and activations as float32: every quantised operator becomes its float counterpart. */
export function withFloat32Weights(onnx: Uint8Array): Uint8Array {
  return convert(onnx, (graph) => {
    const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    const added: TensorMessage[] = [];
    graph.node = graph.node.flatMap((node) => floatNodes(node, tensors, added));
    const used = new Set(graph.node.flatMap(({ input }) => input));
    graph.initializer = [...graph.initializer, ...added].filter(({ name }) => used.has(name));
  });
}

function floatNodes(node: Node, tensors: Map<string, TensorMessage>, added: TensorMessage[]): Node[] {
  const renamed = (opType: string, input: string[], attribute = node.attribute): Node => ({
    ...node,
    opType,
    domain: "",
    input,
    attribute,
  });
  const at = (index: number): string => node.input[index] ?? "";
  switch (node.opType) {
    case "QuantizeLinear":
    case "DequantizeLinear":
      return [renamed("Identity", [at(0)], [])];
    case "QLinearGlobalAveragePool":
      return [renamed("GlobalAveragePool", [at(0)], [])];
    case "QLinearAdd":
      return [renamed("Add", [at(0), at(3)], [])];
    case "QLinearConv": {
      const weights = dequantize(tensors, at(3), at(4));
      const inputScale = floats(tensors, at(1))[0] ?? 1;
      const weightScales = floats(tensors, at(4));
      const bias = integers(tensors, at(8)).map(
        (value, i) => value * inputScale * (weightScales[weightScales.length === 1 ? 0 : i] ?? 1),
      );
      const [weightsName, biasName] = [`${at(3)}/float32`, `${at(8)}/float32`];
      added.push(floatTensor(weightsName, weights.dims, weights.values));
      added.push(floatTensor(biasName, [bias.length], bias));
      const conv = renamed("Conv", [at(0), weightsName, biasName]);
      const outputZero = integers(tensors, at(7))[0] ?? 0;
      // Zero point 0 means that the range starts at 0: the activation, ReLU6, is in the saturation.
      return outputZero === 0 ? clamped(conv, 255 * (floats(tensors, at(6))[0] ?? 0), added) : [conv];
    }
    case "Reshape":
    case "Identity":
    case "Flatten":
    case "Squeeze":
      return [node];
    default:
      throw new Error(`Expected operators that have a float32 counterpart here, got ${node.opType}.`);
  }
}

function clamped(conv: Node, max: number, added: TensorMessage[]): Node[] {
  const output = conv.output[0] ?? "";
  const [inner, low, high] = [`${output}/unclamped`, `${output}/min`, `${output}/max`];
  added.push(floatTensor(low, [], [0]), floatTensor(high, [], [max]));
  const clip: Node = {
    opType: "Clip",
    name: `${conv.name}/clip`,
    input: [inner, low, high],
    output: [output],
    attribute: [],
  };
  return [{ ...conv, output: [inner] }, clip];
}

function convert(onnx: Uint8Array, change: (graph: Graph) => void): Uint8Array {
  const model = ModelProto.decode(onnx) as unknown as { graph: Graph };
  change(model.graph);
  return ModelProto.encode(ModelProto.fromObject(model)).finish();
}

function headInput(graph: Graph): ValueInfo {
  const input = graph.input[0];
  if (input === undefined || input.type.tensorType.elemType !== DATA_TYPE.float32) {
    throw new Error("Expected a model with float32 input; import it again without --input uint8.");
  }
  return input;
}

function headQuantize(graph: Graph): Node {
  const [node] = graph.node.filter(({ input }) => input[0] === headInput(graph).name);
  if (node?.opType !== "QuantizeLinear") {
    throw new Error(`Expected QuantizeLinear at the head of the graph, got ${node?.opType ?? "nothing"}.`);
  }
  return node;
}

function shapeOf({ type }: ValueInfo): number[] {
  return type.tensorType.shape.dim.map(({ dimValue }) => Number(dimValue));
}

function tensorOf(tensors: Map<string, TensorMessage>, name: string): TensorMessage {
  const tensor = tensors.get(name);
  if (tensor === undefined)
    throw new Error(`Expected ${name} among the graph's initializers, it is not there.`);
  return tensor;
}

function floats(tensors: Map<string, TensorMessage>, name: string): Float32Array {
  return new Float32Array(Uint8Array.from(tensorOf(tensors, name).rawData).buffer);
}

function integers(tensors: Map<string, TensorMessage>, name: string): number[] {
  const { dataType, rawData } = tensorOf(tensors, name);
  const { buffer } = Uint8Array.from(rawData); // a Buffer's slice would share the whole file
  if (dataType === DATA_TYPE.int8) return [...new Int8Array(buffer)];
  if (dataType === DATA_TYPE.uint8) return [...new Uint8Array(buffer)];
  return [...new Int32Array(buffer)];
}

/** Weights of zero point 0, [out channels, …], with one scale for all or one for each output channel. */
function dequantize(
  tensors: Map<string, TensorMessage>,
  name: string,
  scaleName: string,
): { dims: number[]; values: number[] } {
  const dims = tensorOf(tensors, name).dims.map(Number);
  const scales = floats(tensors, scaleName);
  const values = integers(tensors, name);
  const each = values.length / scales.length;
  return { dims, values: values.map((value, i) => value * (scales[Math.floor(i / each)] ?? 1)) };
}

function floatTensor(name: string, dims: number[], values: number[]): TensorMessage {
  return {
    name,
    dims,
    dataType: DATA_TYPE.float32,
    rawData: new Uint8Array(Float32Array.from(values).buffer),
  };
}
