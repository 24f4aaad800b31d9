import { Command, InvalidArgumentError, Option } from "commander";
import { checkImport, renderCheck } from "../check.ts";
import type { Comparison } from "../compare.ts";
import { MODELS_DIR } from "../folder.ts";
import { type ImportedModel, type ImportOptions, importTflite } from "../import.ts";

/** `--weights`, shared by `import` and `pull`. */
export function weightsOption(): Option {
  return new Option(
    "--weights <kind>",
    "of quantised files; fast: int8, zero point 0, for the fastest kernels; exact: the file's weights bit for bit; float32: dequantised, only for comparison",
  )
    .choices(["fast", "exact", "float32"])
    .default("fast");
}

/** `--input`, shared by `import` and `pull`. */
export function inputOption(): Option {
  return new Option(
    "--input <type>",
    "float32: normalised NCHW pixel_values; uint8: the pixels as they are, NHWC",
  )
    .choices(["float32", "uint8"])
    .default("float32");
}

/** `--check`, shared by `import` and `pull`. */
export function checkOption(): Option {
  return new Option(
    "--check <dir>",
    "images to run the model on, beside its float32 graph (default: our own samples)",
  );
}

export function importCommand(): Command {
  return new Command("import")
    .description(
      "Convert a TensorFlow Lite classifier into a model folder (ONNX, Hugging Face layout), and run it: quantised or float32.",
    )
    .argument("<file>", "the .tflite file")
    .option(
      "--labels <file>",
      "labels, one per line (default: those inside the file, or the *labels*.txt beside it)",
    )
    .option("--name <name>", "name of the model (default: from the file's name)")
    .option("--out <dir>", "folder that the model's folder is made in", MODELS_DIR)
    .addOption(weightsOption())
    .addOption(inputOption())
    .option("--mean <numbers>", "one or three, of pixels from 0 to 1, where the file does not tell", means)
    .option("--std <numbers>", "as --mean", deviations)
    .option(
      "--crop-pct <ratio>",
      "how much of the shorter side the model sees: 1 for Teachable Machine",
      ratio,
      0.875,
    )
    .addOption(checkOption())
    .option("--force", "replace a model of that name")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ npm run model -- import mobilenet_v2_1.0_224_quant.tflite --labels imagenet_labels.txt
  $ npm run model -- import classifier.tflite --name my-classifier --weights exact --input uint8
  $ npm run model -- import teachable/model.tflite --name fruit --crop-pct 1 --check pictures
  $ npm run model -- import efficientnet.tflite --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225`,
    )
    .action(async (file: string, { cropPct, check: dir, json, ...rest }: CommandOptions) => {
      const options: ImportOptions = { ...rest, cropRatio: cropPct };
      const model = importTflite(file, options);
      printImported(model, await checkImport(file, model, options, dir), json ?? false);
    });
}

interface CommandOptions extends ImportOptions {
  readonly cropPct: number;
  readonly check?: string;
  readonly json?: true;
}

/** Lines for people, or the whole result for scripts. */
export function printImported(model: ImportedModel, check: Comparison, json: boolean): void {
  if (json) {
    console.log(JSON.stringify({ ...model, check }, undefined, 2));
    return;
  }
  const { name, folder, sizeBytes, labelCount, imageSize, weights, input } = model;
  const megabytes = (sizeBytes / 1e6).toFixed(1);
  console.log(
    `${name}: ${imageSize}×${imageSize}, ${labelCount} labels, ${weights} weights, ${input} input, ${megabytes} MB → ${folder}`,
  );
  console.log(renderCheck(model, check));
}

function means(text: string): number[] {
  const numbers = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const isUsable = numbers.length === 1 || numbers.length === 3;
  if (!isUsable || !numbers.every(Number.isFinite))
    throw new InvalidArgumentError(`expected one number or three with commas, got ${text}`);
  if (numbers.some((number) => Math.abs(number) > 2))
    throw new InvalidArgumentError(`expected numbers for pixels from 0 to 1, got ${text}: divide by 255`);
  return numbers;
}

function deviations(text: string): number[] {
  const numbers = means(text);
  if (numbers.every((number) => number > 0)) return numbers;
  throw new InvalidArgumentError(`expected numbers above 0, got ${text}`);
}

function ratio(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError(`expected a number above 0, up to 1, got ${text}`);
}
