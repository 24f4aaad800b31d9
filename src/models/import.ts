import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type ConvertedModel, type ConvertOptions, convertModel } from "./convert/graph.ts";
import { CommandError, messageOf } from "./errors.ts";
import {
  assertReplaceable,
  MODELS_DIR,
  modelConfig,
  preprocessorConfig,
  sha256,
  toJson,
  writeModelFolder,
} from "./folder.ts";
import { findLabelsFile, readLabels } from "./labels.ts";
import { readTflite } from "./tflite/reader.ts";

export interface ImportOptions {
  readonly labels?: string;
  /** Folder name; from the file's name where left out. */
  readonly name?: string;
  /** Where model folders are kept. */
  readonly out?: string;
  readonly weights: ConvertOptions["weights"];
  readonly input: ConvertOptions["input"];
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
  readonly weights: ConvertOptions["weights"];
  readonly input: ConvertOptions["input"];
}

/**
 * Imports a quantised TensorFlow Lite classifier as a model folder in the Hugging Face layout.
 *
 * @throws CommandError FILE_UNREADABLE, MODEL_UNSUPPORTED, LABELS_WRONG or ALREADY_THERE.
 */
export function importTflite(file: string, options: ImportOptions): ImportedModel {
  const name = options.name ?? defaultName(file);
  if (!/^[\w][\w.-]*$/.test(name)) {
    throw new CommandError(
      "USAGE",
      `expected a name of letters, digits, ".", "_", "-", got ${JSON.stringify(name)}`,
    );
  }
  const folder = join(options.out ?? MODELS_DIR, name);
  assertReplaceable(folder, options.force ?? false);
  const tflite = readFile(file);
  const converted = convertModel(readTflite(tflite), {
    weights: options.weights,
    input: options.input,
    name,
    metadata: { source_sha256: sha256(tflite), weights: options.weights },
  });
  const labels = readLabels(
    options.labels ?? findLabelsFile(file, converted.labelCount),
    converted.labelCount,
  );
  writeModelFolder(folder, {
    "model.onnx": converted.onnx,
    "config.json": toJson(modelConfig(labels, architectureOf(file))),
    "preprocessor_config.json": toJson(
      preprocessorConfig({
        imageSize: converted.imageSize,
        // The graph's real input is scale · (pixel - zero point); (pixel/255 - mean) / std is the same number.
        imageMean: converted.pixels.zeroPoint / 255,
        imageStd: 1 / (255 * converted.pixels.scale),
      }),
    ),
    "README.md": modelCard(name, file, tflite, converted, options),
  });
  return {
    ...{ name, folder, weights: options.weights, input: options.input },
    sha256: sha256(converted.onnx),
    sizeBytes: converted.onnx.length,
    labelCount: converted.labelCount,
    imageSize: converted.imageSize,
  };
}

/** `mobilenet_v2_1.0_224_quant.tflite` → `mobilenet-v2-1.0-224`. */
export function defaultName(file: string): string {
  return basename(file, ".tflite")
    .replace(/[_-]quant(ized)?$/, "")
    .replaceAll("_", "-");
}

function readFile(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
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
  float32: "dequantised to float32, for comparison only",
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

Imported by \`npm run model -- import\` from a quantised TensorFlow Lite classifier; the weights stay under that
file's licence.

| | |
|---|---|
| source | ${options.source ?? basename(file)} |
| sha256 of the source | \`${sha256(tflite)}\` |
| sha256 of model.onnx | \`${sha256(converted.onnx)}\` |
| input | ${input} |
| output | \`logits\` float32 [1, ${converted.labelCount}] |
| weights | ${options.weights}: ${WEIGHTS_NOTE[options.weights]} |
`;
}
