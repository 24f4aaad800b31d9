import { createHash } from "node:crypto";
import { cp, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { convertOnnx, type Graph, type Node, type ValueInfo } from "../models/onnx/model.ts";
import { ATTRIBUTE_TYPE, DATA_TYPE } from "../models/onnx/proto.ts";
import { withFloat32Weights } from "./float-weights.ts";

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
  return convertOnnx(onnx, (graph) => {
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
