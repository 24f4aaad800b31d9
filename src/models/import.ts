import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type ConvertedModel, type ConvertOptions, convertModel } from "./convert/graph.ts";
import { type MeanAndStd, readInput, readPixels } from "./convert/input.ts";
import { outputWidths, readOutput } from "./convert/output.ts";
import { CommandError, messageOf } from "./errors.ts";
import {
  assertModelName,
  assertReplaceable,
  MODELS_DIR,
  modelConfig,
  preprocessorConfig,
  sha256,
  toJson,
  writeModelFolder,
} from "./folder.ts";
import { refuseFolder, refuseForeign } from "./foreign.ts";
import { readLabels } from "./labels.ts";
import { readMetadata } from "./tflite/metadata.ts";
import { readTflite, type TfliteModel } from "./tflite/reader.ts";

export interface ImportOptions {
  readonly labels?: string;
  /** Folder name; from the file's name where left out. */
  readonly name?: string;
  /** Where model folders are kept. */
  readonly out?: string;
  readonly weights: ConvertOptions["weights"];
  readonly input: ConvertOptions["input"];
  /** Of pixels from 0 to 1, where the file does not tell or tells it wrongly. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** How much of an image's shorter side the model sees; 7/8 where left out. */
  readonly cropRatio?: number;
  readonly force?: boolean;
  /** Where the file came from, for the model card. */
  readonly source?: string;
}

export interface ImportedModel {
  readonly name: string;
  readonly folder: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly labelCount: number;
  readonly imageSize: number;
  readonly arithmetic: ConvertedModel["arithmetic"];
  readonly weights: ConvertOptions["weights"];
  readonly input: ConvertOptions["input"];
}

/**
 * Imports a TensorFlow Lite classifier as a model folder in the Hugging Face layout: integers stay integers, float32
 * stays float32.
 *
 * @throws CommandError FILE_UNREADABLE, MODEL_UNSUPPORTED, LABELS_WRONG, PREPROCESSING_UNKNOWN or ALREADY_THERE.
 */
export function importTflite(file: string, options: ImportOptions): ImportedModel {
  const name = options.name ?? defaultName(file);
  assertModelName(name);
  const folder = join(options.out ?? MODELS_DIR, name);
  assertReplaceable(folder, options.force ?? false);
  const tflite = readFile(file);
  const model = readTflite(tflite);
  const metadata = readMetadata(model, tflite);
  const pixels = readPixels(readInput(model), givenNormalization(options), metadata.normalization);
  const { labels, output } = chooseLabels(model, metadata.labels, file, options);
  const converted = convertModel(model, {
    ...{ weights: options.weights, input: options.input, pixels, output, labelCount: labels.length, name },
    metadata: { source_sha256: sha256(tflite), weights: options.weights },
  });
  const weights = converted.arithmetic === "int8" ? options.weights : "float32";
  writeModelFolder(folder, {
    "model.onnx": converted.onnx,
    "config.json": toJson(modelConfig(labels, architectureOf(file))),
    "preprocessor_config.json": toJson(
      preprocessorConfig({
        ...converted.normalization,
        imageSize: converted.imageSize,
        ...(options.cropRatio !== undefined && { cropRatio: options.cropRatio }),
      }),
    ),
    "README.md": modelCard(name, file, tflite, converted, { ...options, weights }),
  });
  return {
    ...{ name, folder, weights, input: options.input },
    sha256: sha256(converted.onnx),
    sizeBytes: converted.onnx.length,
    labelCount: converted.labelCount,
    imageSize: converted.imageSize,
    arithmetic: converted.arithmetic,
  };
}

function givenNormalization({ mean, std }: ImportOptions): MeanAndStd | undefined {
  if (mean === undefined && std === undefined) return undefined;
  if (mean !== undefined && std !== undefined) return { mean, std };
  throw new CommandError("USAGE", "expected --mean and --std together, got one of them");
}

/** The labels, and the position of the output that they are for. */
function chooseLabels(
  model: TfliteModel,
  inModel: readonly (string | undefined)[],
  file: string,
  { labels: labelsFile }: ImportOptions,
): { labels: string[]; output: number } {
  const widths = outputWidths(model);
  const labelled = inModel.findIndex((text) => text !== undefined);
  const counts = widths.flatMap((width, position) => {
    const isOneSigmoid = width === 1 && readOutput(model, position).scores === "sigmoid";
    return isOneSigmoid ? [1, 2] : [width];
  });
  const labels = readLabels({ file: labelsFile, inModel: inModel[labelled], modelFile: file }, counts);
  const fitting = [...widths.keys()].filter(
    (position) => widths[position] === labels.length || (widths[position] === 1 && labels.length === 2),
  );
  const [output = 0] = fitting;
  if (fitting.length > 1 && !fitting.includes(labelled)) {
    throw new CommandError(
      "MODEL_UNSUPPORTED",
      `expected one output of ${labels.length} values, the graph has ${fitting.length}`,
    );
  }
  return { labels, output: fitting.includes(labelled) ? labelled : output };
}

/** `mobilenet_v2_1.0_224_quant.tflite` → `mobilenet-v2-1.0-224`. */
export function defaultName(file: string): string {
  return basename(file, ".tflite")
    .replace(/[_-]quant(ized)?$/, "")
    .replaceAll("_", "-");
}

function readFile(file: string): Uint8Array {
  refuseFolder(file);
  try {
    const bytes = readFileSync(file);
    refuseForeign(file, bytes);
    return bytes;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError("FILE_UNREADABLE", `cannot read the model: ${messageOf(error)}`, { cause: error });
  }
}

/** What a MobileNet file's name says about it, under the keys that Hugging Face uses. */
function architectureOf(file: string): Record<string, unknown> {
  const match = /mobilenet_(v[12])_([\d.]+)_(\d+)/.exec(basename(file));
  if (match === null) return {};
  const [, version = "", multiplier, size] = match;
  return {
    architectures: [`MobileNet${version.toUpperCase()}ForImageClassification`],
    model_type: `mobilenet_${version}`,
    depth_multiplier: Number(multiplier),
    image_size: Number(size),
  };
}

const WEIGHTS_NOTE = {
  exact: "the file's weights bit for bit, zero points kept",
  fast: "int8 with zero point 0 and a scale an output channel, adjacent pairs limited so that no CPU saturates",
  float32: "float32",
} as const;

function modelCard(
  name: string,
  file: string,
  tflite: Uint8Array,
  converted: ConvertedModel,
  options: ImportOptions,
): string {
  const size = converted.imageSize;
  const input =
    options.input === "float32"
      ? `\`pixel_values\` float32 [1, 3, ${size}, ${size}], normalised as preprocessor_config.json says`
      : `\`pixel_values\` uint8 [1, ${size}, ${size}, 3], the RGB pixels as they are`;
  return `# ${name}

Imported by \`npm run model -- import\` from a TensorFlow Lite classifier; the weights stay under that
file's licence.

| | |
|---|---|
| source | ${options.source ?? basename(file)} |
| sha256 of the source | \`${sha256(tflite)}\` |
| sha256 of model.onnx | \`${sha256(converted.onnx)}\` |
| input | ${input} |
| output | float32 [1, ${converted.labelCount}] |
| normalisation | mean ${rounded(converted.normalization.mean)}, deviation ${rounded(converted.normalization.std)} of pixels from 0 to 1 |
| weights | ${options.weights}: ${WEIGHTS_NOTE[options.weights]} |
`;
}

function rounded(values: readonly number[]): string {
  return [...new Set(values.map((value) => Number(value.toPrecision(6))))].join(", ");
}
