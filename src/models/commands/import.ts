import { Command, Option } from "commander";
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

export function importCommand(): Command {
  return new Command("import")
    .description(
      "Convert a quantised TensorFlow Lite classifier into a model folder (ONNX, Hugging Face layout).",
    )
    .argument("<file>", "the .tflite file")
    .option("--labels <file>", "labels, one a line (default: the *labels*.txt beside the file)")
    .option("--name <name>", "name of the model (default: from the file's name)")
    .option("--out <dir>", "folder that the model's folder is made in", MODELS_DIR)
    .addOption(weightsOption())
    .addOption(inputOption())
    .option("--force", "replace a model of that name")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ npm run model -- import mobilenet_v2_1.0_224_quant.tflite --labels imagenet_labels.txt
  $ npm run model -- import classifier.tflite --name my-classifier --weights exact --input uint8`,
    )
    .action((file: string, options: ImportOptions & { json?: true }) => {
      printImported(importTflite(file, options), options.json ?? false);
    });
}

/** One line for people, or the whole result for scripts. */
export function printImported(model: ImportedModel, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(model, undefined, 2));
    return;
  }
  const { name, folder, sizeBytes, labelCount, imageSize, weights, input } = model;
  const megabytes = (sizeBytes / 1e6).toFixed(1);
  console.log(
    `${name}: ${imageSize}×${imageSize}, ${labelCount} labels, ${weights} weights, ${input} input, ${megabytes} MB → ${folder}`,
  );
}
