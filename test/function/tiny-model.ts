import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { DATA_TYPE, ModelProto } from "../../src/models/onnx/proto.ts";
import { OnnxGraph } from "../../src/models/onnx/writer.ts";

/** Side of the tiny model's input in pixels. */
export const TINY_SIDE = 8;
export const TINY_LABELS = ["red", "green", "blue"];

export interface TinyModel {
  readonly elementType?: "float32" | "uint8" | "float16" | "float64";
  readonly layout?: "NCHW" | "NHWC";
  /** Shape that the graph declares for its input; text is a symbolic dimension. */
  readonly shape?: readonly (number | string)[];
  /** Height and width of the input; {@link TINY_SIDE} when not given. */
  readonly side?: number;
  readonly onnxFile?: string;
  readonly outputName?: string;
  /** 1 for gray: the one logit is the mean. */
  readonly channels?: 1 | 3;
  /** `pixel`: the output is [1, 3, 1, 1]. */
  readonly outputShape?: "row" | "pixel";
  readonly outputType?: "float32" | "float16" | "float64";
  /** Outputs besides the logits, each a row of so many numbers. */
  readonly otherOutputs?: readonly number[];
  readonly config?: unknown;
  readonly preprocessor?: Readonly<Record<string, unknown>>;
}

/**
 * A model folder whose logits are the means of the red, green and blue pixel values: a red picture is `red`, and every
 * number on the way can be worked out by hand. It is removed with the test.
 */
export async function writeTinyModel(test: TestContext, options: TinyModel = {}): Promise<string> {
  const { onnxFile = "model.onnx" } = options;
  const dir = await mkdtemp(join(tmpdir(), "tiny-model-"));
  test.after(() => rm(dir, { recursive: true, force: true }));
  await mkdir(dirname(join(dir, onnxFile)), { recursive: true });
  await writeFile(join(dir, onnxFile), tinyGraph(options));
  const { config = { id2label: Object.fromEntries(TINY_LABELS.entries()) } } = options;
  await writeFile(join(dir, "config.json"), JSON.stringify(config));
  await writeFile(join(dir, "preprocessor_config.json"), JSON.stringify(tinyPreprocessor(options)));
  return dir;
}

function tinyPreprocessor({ preprocessor, side = TINY_SIDE }: TinyModel): Record<string, unknown> {
  return {
    size: { shortest_edge: side },
    do_center_crop: true,
    crop_size: { height: side, width: side },
    image_mean: [0, 0, 0],
    image_std: [1, 1, 1],
    ...preprocessor,
  };
}

function tinyGraph({
  elementType = "float32",
  layout = "NCHW",
  side = TINY_SIDE,
  channels = 3,
  shape = layout === "NCHW" ? [1, channels, side, side] : [1, side, side, channels],
  outputName = "logits",
  outputShape = "row",
  outputType = "float32",
  otherOutputs = [],
}: TinyModel): Uint8Array {
  const graph = new OnnxGraph();
  const fixed = shape.map((dimension) => (typeof dimension === "number" ? dimension : 1));
  let value = graph.input("pixel_values", elementType, fixed);
  if (elementType !== "float32")
    value = graph.node({ opType: "Cast", inputs: [value], output: "floats", attributes: { to: 1 } });
  if (layout === "NHWC") {
    const attributes = { perm: [0, 3, 1, 2] };
    value = graph.node({ opType: "Transpose", inputs: [value], output: "planes", attributes });
  }
  value = graph.node({ opType: "GlobalAveragePool", inputs: [value], output: "means" });
  for (const width of otherOutputs) {
    const zeros = graph.constant("zeros", new Float32Array(width), [1, width]);
    const other = graph.node({ opType: "Identity", inputs: [zeros], output: `other_${width}` });
    graph.output(other, "float32", [1, width]);
  }
  if (outputType !== "float32") {
    const attributes = { to: DATA_TYPE[outputType] };
    value = graph.node({ opType: "Cast", inputs: [value], output: "cast", attributes });
  }
  const opType = outputShape === "row" ? "Flatten" : "Identity";
  value = graph.node({ opType, inputs: [value], output: outputName });
  graph.output(value, outputType, outputShape === "row" ? [1, channels] : [1, channels, 1, 1]);
  const model = ModelProto.toObject(ModelProto.decode(graph.encode("tiny", {})));
  model.graph.input[0].type.tensorType.shape.dim = shape.map((dimension) =>
    typeof dimension === "number" ? { dimValue: dimension } : { dimParam: dimension },
  );
  return ModelProto.encode(model).finish();
}
