import { access, readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import { ClassifierError, messageOf } from "../errors.ts";
import { loadOrt } from "../native.ts";
import { type Normalization, normalizationOf } from "../stages/normalize.ts";
import { hashWeights } from "./fingerprint.ts";
import { type ModelInput, readGraphInput, readGraphOutput } from "./graph.ts";
import { type Head, readHeads } from "./heads.ts";
import { readOnnxFile } from "./onnx-file.ts";
import { type ModelParts, readParts } from "./parts.ts";
import { type Preprocessing, readPreprocessing } from "./preprocessing.ts";
import { fromPretrainedConfig } from "./processors.ts";
import { readScores, type Scores } from "./scores.ts";
import { readUnknownRule, type UnknownRule } from "./unknown.ts";

/** A model whose parts fit each other as far as they say; `createClassifier` runs it for the first time. */
export interface Model {
  /** The folder's name. */
  readonly name: string;
  /** Of the ONNX file and its external data, in hexadecimal. */
  readonly sha256: string;
  /** `labels[i]` belongs to logit `i`. */
  readonly labels: readonly string[];
  readonly input: ModelInput;
  /** Output with the logits or scores, `labels.length` of them. */
  readonly outputName: string;
  readonly scores: Scores;
  readonly unknown: UnknownRule | undefined;
  /** Of a model that was taught. */
  readonly parts: ModelParts | undefined;
  /** Further classifiers in the same graph. */
  readonly heads: readonly Head[];
  readonly preprocessing: Preprocessing;
  /** `preprocessing`'s arithmetic in the graph's layout. */
  readonly normalization: Normalization;
  readonly session: InferenceSession;
}

export interface ModelOptions {
  /** ONNX Runtime's threads for one inference. Default 1: the other core decodes the next picture. */
  readonly intraOpNumThreads?: number;
}

/** Where an ONNX file may lie: our layout first, then that of exports for transformers.js, smallest first. */
export const ONNX_FILES: readonly string[] = [
  "model.onnx",
  "onnx/model_quantized.onnx",
  "onnx/model_int8.onnx",
  "onnx/model.onnx",
  "onnx/model_fp16.onnx",
];

/**
 * Opens a model folder in the Hugging Face layout: `config.json`, `preprocessor_config.json` and the ONNX file.
 *
 * @throws {ClassifierError} `MODEL_INVALID` that names the folder and what is wrong in it
 */
export async function loadModel(dir: string, options: ModelOptions = {}): Promise<Model> {
  const name = basename(resolve(dir));
  try {
    const [config, onnxFile] = await Promise.all([readJson(join(dir, "config.json")), findOnnxFile(dir)]);
    const labels = readLabels(config);
    const preprocessing = readPreprocessing(await readPreprocessorConfig(dir, config));
    const [graph, session] = await Promise.all([readFile(onnxFile), openSession(onnxFile, options)]);
    const sha256 = await hashWeights(graph, dirname(onnxFile));
    const onnx = readOnnxFile(graph);
    const input = readGraphInput(session, preparedSize(preprocessing), onnx);
    const outputName = readGraphOutput(session, labels.length);
    const { rescaleFactor, mean, std, isBgr = false } = preprocessing;
    const order = input.channels === 1 ? "gray" : isBgr ? "BGR" : "RGB";
    return {
      name,
      sha256,
      labels,
      input,
      outputName,
      scores: readScores(onnx, outputName, labels.length, config.problem_type),
      unknown: readUnknownRule(config, session.outputNames),
      parts: readParts(config),
      heads: readHeads(config, session.outputNames),
      preprocessing,
      normalization: normalizationOf(input.layout, rescaleFactor, mean, std, order),
      session,
    };
  } catch (cause) {
    throw new ClassifierError("MODEL_INVALID", `model folder ${dir}: ${messageOf(cause)}`, cause);
  }
}

/**
 * Spinning threads are fastest only while nothing else runs, and here the next pictures are being decoded.
 * The value is a string, and Node honours it although the type calls it WebAssembly's.
 */
export function openSession(
  file: string,
  { intraOpNumThreads = 1 }: ModelOptions,
): Promise<InferenceSession> {
  return loadOrt().InferenceSession.create(file, {
    executionProviders: ["cpu"],
    graphOptimizationLevel: "all",
    intraOpNumThreads,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
    logSeverityLevel: 3,
  });
}

/** How a model folder wants an image, read without its graph. */
export async function readPreprocessorOf(dir: string): Promise<Preprocessing> {
  return readPreprocessing(await readPreprocessorConfig(dir, await readJson(join(dir, "config.json"))));
}

/** The file, or what timm's folders carry in config.json instead. */
async function readPreprocessorConfig(
  dir: string,
  { pretrained_cfg: pretrained }: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const file = join(dir, "preprocessor_config.json");
  const isTimm = typeof pretrained === "object" && pretrained !== null;
  if (isTimm && !(await isThere(file))) return fromPretrainedConfig(pretrained as Record<string, unknown>);
  return readJson(file);
}

async function readJson(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse(asStandardJson(await readFile(file, "utf8")));
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
    throw new Error("it holds no JSON object");
  } catch (cause) {
    throw new Error(`expected ${basename(file)} to be readable JSON: ${messageOf(cause)}`, { cause });
  }
}

/** Python writes NaN and Infinity, and editors a byte order mark: neither is JSON. */
function asStandardJson(text: string): string {
  const bare = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;
  return text.replace(/^\uFEFF/, "").replace(bare, (token) => (token.startsWith('"') ? token : "null"));
}

/** @throws {Error} where there is none */
export async function findOnnxFile(dir: string): Promise<string> {
  for (const file of ONNX_FILES) {
    const path = join(dir, file);
    if (await isThere(path)) return path;
  }
  throw new Error(`expected one of ${ONNX_FILES.join(", ")}, found none`);
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** `id2label: {"0": "…", "1": "…"}` → labels in the order of their numbers, which must have no gap. */
function readLabels({ id2label }: Readonly<Record<string, unknown>>): string[] {
  const entries = typeof id2label === "object" && id2label !== null ? Object.entries(id2label) : [];
  if (entries.length === 0) throw new Error("expected config.json to have id2label, got none");
  const labels = new Map(entries);
  return entries.map((_, index) => {
    const label: unknown = labels.get(String(index));
    if (typeof label === "string") return label;
    throw new Error(`expected id2label to name 0 to ${entries.length - 1}, got no text for ${index}`);
  });
}

function preparedSize(preprocessing: Preprocessing): { height: number; width: number } {
  if (preprocessing.crop !== undefined) return preprocessing.crop;
  if ("resizeTo" in preprocessing) return preprocessing.resizeTo;
  throw new Error("expected a centre crop or a size of {height, width}, got only a shorter side");
}
