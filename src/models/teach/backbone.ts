import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import { externalFiles } from "../../function/model/fingerprint.ts";
import type { Head } from "../../function/model/heads.ts";
import { createInputBuffers } from "../../function/model/input-buffers.ts";
import { findOnnxFile, loadModel, type Model, openSession } from "../../function/model/load.ts";
import { CommandError, messageOf } from "../errors.ts";
import { decodeOnnx, encodeOnnx, type Graph, type OnnxModel } from "../onnx/model.ts";
import { cutToFeatures, renameValues } from "../onnx/surgery.ts";
import { SIMILARITY } from "./head.ts";

/** A classifier without its last layer: what it sees in an image, as `featureCount` numbers. */
export interface Backbone {
  readonly name: string;
  readonly folder: string;
  /** Of the classifier that it was cut from. */
  readonly sha256: string;
  /** Its graph up to `features`, which is no output yet. */
  readonly onnx: OnnxModel;
  /** Value of the graph, float32 `[1, featureCount]`. */
  readonly features: string;
  readonly featureCount: number;
  /** Paths of files with weights beside the graph. */
  readonly dataFiles: readonly string[];
  readonly model: Model;
  /** Input of the classifier → `features`. */
  readonly session: InferenceSession;
  /** Classifiers that are kept beside the new one. */
  readonly heads: readonly Head[];
}

/**
 * Opens a model folder and cuts its classifier off.
 *
 * @param keepsHeads keeps it all the same, and the heads that it has, under names of their own
 * @throws CommandError MODEL_INVALID for a folder that is no model, MODEL_UNSUPPORTED for a graph without a vector of features
 */
export async function openBackbone(folder: string, keepsHeads = false): Promise<Backbone> {
  const model = await loadModel(folder).catch((error: unknown) => {
    throw new CommandError("MODEL_INVALID", messageOf(error), { cause: error });
  });
  const file = await findOnnxFile(folder);
  const bytes = readFileSync(file);
  const dataFiles = externalFiles(bytes).map((name) => join(dirname(file), name));
  const onnx = decodeOnnx(bytes);
  try {
    const heads = keepsHeads ? headsOf(model) : [];
    const kept = keepsHeads ? [model.outputName, ...model.heads.map(({ outputName }) => outputName)] : [];
    const cut = inFrontOfHead(onnx.graph, cutToFeatures(onnx.graph, model.outputName, kept));
    if (keepsHeads) renameValues(onnx.graph, renamer(model));
    const dims = await measureDims(onnx, cut, dataFiles, model);
    const features = asVector(onnx.graph, cut, dims);
    const session = await openGraph(onnx, [features], dataFiles);
    return {
      ...{ name: model.name, folder, sha256: model.sha256, model, dataFiles, onnx, features, session, heads },
      featureCount: dims[1] ?? 0,
    };
  } catch (error) {
    throw new CommandError("MODEL_UNSUPPORTED", `model ${model.name} is no backbone: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Of the classifier itself, then those that it had already. */
function headsOf(model: Model): Head[] {
  if (model.scores.kind !== "softmax" || model.scores.areInGraph)
    throw new Error("expected a model whose output is logits of a softmax, to be extended");
  const own = { name: model.name, outputName: renamer(model)(model.outputName), labels: model.labels };
  return [own, ...model.heads];
}

/** The new head's names are free: what was the only head before is under its model's name. */
function renamer({ name, outputName }: Model): (value: string) => string {
  return (value) =>
    value === outputName || value === SIMILARITY || value.startsWith("head/") ? `${name}/${value}` : value;
}

/** Of a model that was taught, the features are those of its backbone, not its own head's. */
function inFrontOfHead({ node }: Graph, features: string): string {
  if (features !== "head/unit") return features;
  const first =
    node.find(({ name }) => name === "head/positive") ?? node.find(({ name }) => name === "head/unit");
  return first?.input[0] ?? features;
}

async function measureDims(
  onnx: OnnxModel,
  value: string,
  dataFiles: readonly string[],
  model: Model,
): Promise<readonly number[]> {
  const session = await openGraph(onnx, [value], dataFiles);
  const { [value]: tensor } = await session.run(createInputBuffers(model.input).feeds);
  await session.release();
  return tensor?.dims ?? [];
}

/** `[1, D]`, `[1, D, 1, 1]` and what a global average makes one. */
function asVector(graph: Graph, value: string, dims: readonly number[]): string {
  const [batch, , height = 1, width = 1] = dims;
  if (batch !== 1 || (dims.length !== 2 && dims.length !== 4))
    throw new Error(`expected features [1, D] or [1, D, H, W], got [${dims.join(", ")}]`);
  const append = (opType: string, input: string, output: string): string => {
    graph.node.push({ opType, name: output, input: [input], output: [output], attribute: [] });
    return output;
  };
  const pooled = height * width > 1 ? append("GlobalAveragePool", value, `${value}/pooled`) : value;
  return append("Flatten", pooled, `${value}/vector`);
}

/** Opens the graph with these values, float32, as its outputs. */
async function openGraph(
  onnx: OnnxModel,
  outputs: readonly string[],
  dataFiles: readonly string[],
): Promise<InferenceSession> {
  const dir = mkdtempSync(join(tmpdir(), "model-backbone-"));
  try {
    const output = outputs.map((name) => ({ name, type: { tensorType: { elemType: 1 } } }));
    const file = join(dir, "model.onnx");
    writeFileSync(file, encodeOnnx({ ...onnx, graph: { ...onnx.graph, output } as Graph }));
    for (const data of dataFiles) copyFileSync(data, join(dir, basename(data)));
    return await openSession(file, {});
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
