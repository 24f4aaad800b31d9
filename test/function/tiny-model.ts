import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { ModelProto } from "../../src/models/onnx/proto.ts";
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
  shape = layout === "NCHW" ? [1, 3, side, side] : [1, side, side, 3],
  outputName = "logits",
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
  value = graph.node({ opType: "Flatten", inputs: [value], output: outputName });
  graph.output(value, "float32", [1, 3]);
  const model = ModelProto.toObject(ModelProto.decode(graph.encode("tiny", {})));
  model.graph.input[0].type.tensorType.shape.dim = shape.map((dimension) =>
    typeof dimension === "number" ? { dimValue: dimension } : { dimParam: dimension },
  );
  return ModelProto.encode(model).finish();
}
