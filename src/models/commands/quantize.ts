import { Command, InvalidArgumentError } from "commander";
import { MODELS_DIR } from "../folder.ts";
import { type QuantizedModel, type QuantizeOptions, quantizeModel } from "../quantize/quantize.ts";
import { textTable } from "../text-table.ts";

export function quantizeCommand(): Command {
  return new Command("quantize")
    .description(
      "Make an INT8 model of a float32 convolutional one, with images to measure its ranges on, and compare the two.",
    )
    .argument("<model>", "a model in models/, or the path of a model folder")
    .requiredOption(
      "--images <dir>",
      "images like those that will come, about 200; in folders named as the labels, accuracy is shown too",
    )
    .option("--name <name>", "name of the new model (default: the old one's with -int8)")
    .option(
      "--calibration-images <n>",
      "at most so many, up to half of them, calibrate; the others check",
      count,
      100,
    )
    .option(
      "--min-agreement <percent>",
      "write nothing when fewer of the images keep their label",
      percentage,
      0.95,
    )
    .option("--models <dir>", "folder of model folders", MODELS_DIR)
    .option("--force", "replace a model of that name")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Nothing is written that is not faster. For plain convolutional networks (MobileNet, ResNet and their like); transformers gain
little from it.

Examples:
  $ npm run model -- quantize resnet18 --images pictures
  $ npm run model -- quantize my-net --images pictures --name my-net-small --min-agreement 98`,
    )
    .action(async (model: string, options: Omit<QuantizeOptions, "model"> & { json?: true }) => {
      const quantized = await quantizeModel({ ...options, model });
      console.log(options.json ? JSON.stringify(quantized, undefined, 2) : render(quantized));
    });
}

function render(model: QuantizedModel): string {
  const { agreement, images, accuracy, cpuMs, layers, sizeBytes, name, folder } = model;
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  const table = textTable([
    ["", "float32", "INT8"],
    ["CPU of one inference", `${cpuMs.float.toFixed(2)} ms`, `${cpuMs.quantized.toFixed(2)} ms`],
    ["size", `${(sizeBytes.float / 1e6).toFixed(1)} MB`, `${(sizeBytes.quantized / 1e6).toFixed(1)} MB`],
    ...(accuracy === undefined
      ? []
      : [[`right, of ${accuracy.images}`, percent(accuracy.float), percent(accuracy.quantized)]]),
    [`same label, of ${images}`, "", percent(agreement)],
  ]);
  return `${table}
${name}: ${layers.quantized} of ${layers.all} layers in integers, ${(cpuMs.float / cpuMs.quantized).toFixed(2)}× as fast → ${folder}`;
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 10) return value;
  throw new InvalidArgumentError(`expected a whole number from 10, got ${text}`);
}

function percentage(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 100) return value / 100;
  throw new InvalidArgumentError(`expected 0 to 100, got ${text}`);
}
