import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { loadModel } from "../../src/function/model/load.ts";
import { SAMPLES_DIR } from "../../src/models/compare.ts";
import { modelConfig, toJson } from "../../src/models/folder.ts";
import {
  decodeOnnx,
  encodeOnnx,
  type Node,
  type OnnxModel,
  type ValueInfo,
} from "../../src/models/onnx/model.ts";
import { dimsOf, floatTensor, integerTensor, readFloats } from "../../src/models/onnx/tensors.ts";
import { OnnxGraph } from "../../src/models/onnx/writer.ts";
import { readPixels } from "../../src/models/pixels.ts";
import { simplifyGraph } from "../../src/models/quantize/simplify.ts";
import { randomNumbers } from "./network.ts";

/** Features of an image → logits: `[labels, features]`, and a bias. */
interface Head {
  readonly matrix: Float32Array;
  readonly bias: Float32Array;
}
type Body = (graph: OnnxGraph, pixels: string, random: Random) => { features: string; count: number };
type Random = ReturnType<typeof drawing>;

function drawing(seed: number) {
  const uniform = randomNumbers(seed);
  const gauss = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    gaussian: (count: number, deviation: number) =>
      Float32Array.from({ length: count }, () => deviation * gauss()),
    uniform: (count: number, low: number, high: number) =>
      Float32Array.from({ length: count }, () => low + (high - low) * uniform()),
  };
}

/** As ResNet-18: a stem with a pooling, stages of two basic blocks, batch normalizations behind all convolutions. */
export const residual: Body = (graph, pixels, random) => {
  const conv = (name: string, input: string, from: number, to: number, size: number, stride: number) => {
    const weights = random.gaussian(to * from * size ** 2, Math.sqrt(2 / (from * size ** 2)));
    const pad = (size - 1) / 2;
    const attributes = { strides: [stride, stride], pads: [pad, pad, pad, pad] };
    const inputs = [input, graph.constant(`${name}.weight`, weights, [to, from, size, size])];
    const output = graph.node({ opType: "Conv", inputs, output: name, attributes });
    const parameters = [
      random.uniform(to, 0.5, 1.2),
      random.uniform(to, -0.2, 0.2),
      random.uniform(to, -0.1, 0.1),
      random.uniform(to, 0.7, 1.5),
    ].map((values, index) => graph.constant(`${name}.bn${index}`, values, [to]));
    return graph.node({
      opType: "BatchNormalization",
      inputs: [output, ...parameters],
      output: `${name}.bn`,
    });
  };
  const relu = (input: string) => graph.node({ opType: "Relu", inputs: [input], output: `${input}.relu` });
  const pooling = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
  let channels = 24;
  let value = graph.node({
    ...{ opType: "MaxPool", inputs: [relu(conv("stem", pixels, 3, channels, 7, 2))], output: "pool" },
    attributes: pooling,
  });
  for (const [stage, width] of [24, 48, 96, 192].entries()) {
    for (const block of [0, 1]) {
      const name = `stage${stage}.block${block}`;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const first = relu(conv(`${name}.conv0`, value, channels, width, 3, stride));
      const second = conv(`${name}.conv1`, first, width, width, 3, 1);
      const shortcut = stride === 1 ? value : conv(`${name}.shortcut`, value, channels, width, 1, stride);
      value = relu(graph.node({ opType: "Add", inputs: [second, shortcut], output: `${name}.sum` }));
      channels = width;
    }
  }
  const pooled = graph.node({ opType: "GlobalAveragePool", inputs: [value], output: "pooled" });
  return { features: graph.node({ opType: "Flatten", inputs: [pooled], output: "flat" }), count: channels };
};

/** As a transformer without its attention: patches, then matrices that mix each patch's features, with residuals. */
export const patches: Body = (graph, pixels, random) => {
  const [width, size] = [192, 16];
  const weights = random.gaussian(width * 3 * size ** 2, Math.sqrt(1 / (3 * size ** 2)));
  const embedded = graph.node({
    ...{ opType: "Conv", output: "embedded", attributes: { strides: [size, size] } },
    inputs: [pixels, graph.constant("embedding", weights, [width, 3, size, size])],
  });
  const shape = graph.constant("shape", BigInt64Array.of(1n, BigInt(width), -1n), [3]);
  const rows = graph.node({ opType: "Reshape", inputs: [embedded, shape], output: "rows" });
  const perm = { perm: [0, 2, 1] };
  let value = graph.node({ opType: "Transpose", inputs: [rows], output: "tokens", attributes: perm });
  for (let block = 0; block < 4; block++) {
    const product = (name: string, input: string, from: number, to: number) => {
      const values = random.gaussian(from * to, Math.sqrt(1.4 / from));
      const matrix = graph.constant(`block${block}.${name}`, values, [from, to]);
      const bias = graph.constant(`block${block}.${name}.bias`, random.gaussian(to, 0.1), [to]);
      const multiplied = graph.node({
        opType: "MatMul",
        inputs: [input, matrix],
        output: `${block}.${name}`,
      });
      return graph.node({ opType: "Add", inputs: [multiplied, bias], output: `${block}.${name}.sum` });
    };
    const wide = product("wide", value, width, 4 * width);
    const positive = graph.node({ opType: "Relu", inputs: [wide], output: `${block}.relu` });
    const narrow = product("narrow", positive, 4 * width, width);
    value = graph.node({ opType: "Add", inputs: [value, narrow], output: `${block}.out` });
  }
  const attributes = { axes: [1], keepdims: 0 };
  return {
    features: graph.node({ opType: "ReduceMean", inputs: [value], output: "mean", attributes }),
    count: width,
  };
};

const SIZE = 112;

function build(body: Body, head?: Head): OnnxModel {
  const graph = new OnnxGraph();
  const pixels = graph.input("pixel_values", "float32", [1, 3, SIZE, SIZE]);
  const { features, count } = body(graph, pixels, drawing(18));
  const { matrix = new Float32Array(2 * count), bias = new Float32Array(2) } = head ?? {};
  const labels = bias.length;
  const inputs = [
    features,
    graph.constant("head.weight", matrix, [labels, count]),
    graph.constant("head.bias", bias, [labels]),
  ];
  const logits = graph.node({ opType: "Gemm", inputs, output: "logits", attributes: { transB: 1 } });
  graph.output(logits, "float32", [1, labels]);
  return decodeOnnx(graph.encode("generated", {}));
}

/**
 * Writes a model folder with random weights and a head that tells the images apart: each is a label of its own, because what
 * is seen of it is nearest to itself.
 */
export async function writeGenerated(
  folder: string,
  body: Body,
  files: readonly string[],
): Promise<OnnxModel> {
  const labels = files.map((_, index) => `image ${index}`);
  const write = (model: OnnxModel, names: readonly string[]): void => {
    mkdirSync(folder, { recursive: true });
    const preprocessor = {
      ...{ do_resize: true, size: { height: SIZE, width: SIZE }, resample: 2, do_rescale: true },
      ...{ rescale_factor: 1 / 255, do_normalize: true },
      ...{ image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] },
    };
    writeFileSync(join(folder, "model.onnx"), encodeOnnx(model));
    writeFileSync(join(folder, "config.json"), toJson(modelConfig(names, {})));
    writeFileSync(join(folder, "preprocessor_config.json"), toJson(preprocessor));
  };
  const headless = build(body);
  write(headless, ["a", "b"]);
  const features = headless.graph.node.at(-1)?.input[0] ?? "";
  const output = [{ name: features, type: { tensorType: { elemType: 1 } } }] as ValueInfo[];
  const session = await InferenceSession.create(
    encodeOnnx({ ...headless, graph: { ...headless.graph, output } }),
  );
  const model = await loadModel(folder);
  const seen: Float32Array[] = [];
  for await (const { feeds } of readPixels({ model, files: files.map((file) => join(SAMPLES_DIR, file)) })) {
    if (feeds === undefined) throw new Error("expected images that the function accepts");
    const { [features]: tensor } = await session.run(feeds);
    if (!(tensor?.data instanceof Float32Array))
      throw new Error(`expected float32 features, got ${tensor?.type}`);
    seen.push(tensor.data.slice());
  }
  await Promise.all([session.release(), model.session.release()]);
  const full = build(body, telling(seen));
  write(full, labels);
  return full;
}

/** Minus the squared distance to what is seen of each image, less what is the same for all of them. */
function telling(seen: readonly Float32Array[]): Head {
  const count = seen[0]?.length ?? 0;
  const mean = Float32Array.from({ length: count }, (_, at) => meanOf(seen.map((values) => values[at] ?? 0)));
  const centred = seen.map((values) => values.map((value, at) => value - (mean[at] ?? 0)));
  const squares = centred.map((values) => values.reduce((sum, value) => sum + value * value, 0));
  const factor = 20 / meanOf(squares);
  const matrix = new Float32Array(seen.length * count);
  const bias = new Float32Array(seen.length);
  for (const [row, values] of centred.entries()) {
    const along = values.reduce((sum, value, at) => sum + value * (mean[at] ?? 0), 0);
    bias[row] = -factor * ((squares[row] ?? 0) + 2 * along);
    matrix.set(
      values.map((value) => 2 * factor * value),
      row * count,
    );
  }
  return { matrix, bias };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * As most `model_quantized.onnx` of the hub: convolutions as ConvInteger, matrices as MatMulInteger, with a quantization of what
 * comes in that is found anew for each image; one scale for all weights of a layer.
 */
export function toDynamic(model: OnnxModel): OnnxModel {
  const { graph } = model;
  simplifyGraph(graph);
  graph.node = graph.node.flatMap((node): Node[] => {
    const weights = graph.initializer.find(({ name }) => name === node.input[1]);
    if (!["Conv", "MatMul"].includes(node.opType) || weights === undefined) return [node];
    const [data = "", , biasName] = node.input;
    const isConv = node.opType === "Conv";
    const [output = ""] = node.output;
    const values = readFloats(weights);
    const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
    // ONNX Runtime has ConvInteger for uint8 weights alone.
    const quantized = isConv
      ? Uint8Array.from(values, (value) => Math.round(value / scale) + 128)
      : Int8Array.from(values, (value) => Math.round(value / scale));
    const zero = isConv ? Uint8Array.of(128) : Int8Array.of(0);
    graph.initializer.push(
      integerTensor(`${output}/weights`, dimsOf(weights), quantized),
      integerTensor(`${output}/zero`, [], zero),
      floatTensor(`${output}/scale`, [], Float32Array.of(scale)),
    );
    const made = (opType: string, input: string[], outputs: string[], attribute: Node["attribute"] = []) => ({
      ...{ opType, name: outputs[0] ?? "", input, output: outputs, attribute },
    });
    const at = (name: string) => `${output}/${name}`;
    const nodes = [
      made("DynamicQuantizeLinear", [data], [at("x"), at("x_scale"), at("x_zero")]),
      made(
        isConv ? "ConvInteger" : "MatMulInteger",
        [at("x"), at("weights"), at("x_zero"), at("zero")],
        [at("sums")],
        node.attribute,
      ),
      made("Cast", [at("sums")], [at("float")], [{ name: "to", type: 2, i: 1 }]),
      made("Mul", [at("x_scale"), at("scale")], [at("both")]),
      made("Mul", [at("float"), at("both")], [biasName ? at("scaled") : output]),
    ];
    if (!biasName) return nodes;
    const bias = graph.initializer.find(({ name }) => name === biasName);
    const channels = bias === undefined ? [] : readFloats(bias);
    graph.initializer.push(floatTensor(at("bias"), [1, channels.length, 1, 1], Float32Array.from(channels)));
    return [...nodes, made("Add", [at("scaled"), at("bias")], [output])];
  });
  const read = new Set(graph.node.flatMap(({ input }) => input));
  graph.initializer = graph.initializer.filter(({ name }) => read.has(name));
  return model;
}
