import { writeFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { type Classifier, createClassifier } from "../../function/classifier.ts";
import { loadModel, type Model } from "../../function/model/load.ts";
import { startProgress } from "../../progress.ts";
import { CommandError, messageOf } from "../errors.ts";
import { type Accuracy, measureAccuracy } from "../evaluate/accuracy.ts";
import { classifyPictures } from "../evaluate/classify.ts";
import { drawConfusionMatrix, MAX_SVG_CLASSES } from "../evaluate/confusion-svg.ts";
import { readImageFolder, readImageList } from "../evaluate/dataset.ts";
import { MAX_TABLE_CLASSES, renderReport } from "../evaluate/report.ts";
import { DEFAULT_MODEL, modelFolder } from "../folder.ts";
import { DEPLOYED_SETTINGS } from "../settings.ts";

interface EvaluateOptions {
  readonly model: string;
  readonly images: string;
  readonly list?: string;
  readonly topK: number;
  readonly minTop1?: number;
  readonly applyIccProfile?: true;
  readonly confusionSvg?: string;
  readonly json?: true;
}

export function evaluateCommand(): Command {
  return new Command("evaluate")
    .description("Measure a model's accuracy on labelled pictures, through the function's own code.")
    .requiredOption("--images <dir>", "pictures as <label>/<file>, the label spelt as the model spells it")
    .option("--model <name>", "a model in models/, or the path of a model folder", DEFAULT_MODEL)
    .option(
      "--list <file>",
      "evaluate only the pictures of this list, lines of file<TAB>label below --images",
    )
    .option("--top-k <k>", "how many predictions may hold the right one for top-k", wholeNumber, 5)
    .option("--min-top-1 <percent>", "fail when top-1 is lower: an accuracy gate", percentage)
    .option("--apply-icc-profile", "decode as with APPLY_ICC_PROFILE=true")
    .option(
      "--confusion-svg <file>",
      `write the confusion matrix as a picture (up to ${MAX_SVG_CLASSES} classes)`,
    )
    .option("--json", "print everything as JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ npm run model -- evaluate --images pictures
  $ npm run model -- evaluate --model mobilenet-v1 --images imagenet-samples --min-top-1 70
  $ npm run model -- evaluate --images pictures --list held-out.tsv --confusion-svg confusion.svg`,
    )
    .action(evaluate);
}

async function evaluate(options: EvaluateOptions): Promise<void> {
  const { images: folder, list, topK } = options;
  const classifier = await openClassifier(options);
  const { model } = classifier;
  const pictures =
    list === undefined ? readImageFolder(folder, model.labels) : readImageList(list, folder, model.labels);
  const progress = startProgress({ label: "evaluating", total: pictures.length, unit: "pictures" });
  const { judgements, unreadable } = await classifyPictures(classifier, pictures, {
    folder,
    inFlight: 2 * DEPLOYED_SETTINGS.decodesInFlight,
    onProgress: (done) => progress.update(done),
  }).finally(() => progress.stop());
  const accuracy = measureAccuracy(judgements, topK);

  if (options.confusionSvg !== undefined) writeConfusionSvg(options.confusionSvg, accuracy, model);
  if (options.json) {
    const { name, sha256 } = model;
    console.log(JSON.stringify({ model: { name, sha256 }, ...accuracy, unreadable }, undefined, 2));
  } else {
    console.log(renderReport(accuracy, shownLabels(model, accuracy, MAX_TABLE_CLASSES), unreadable));
  }
  if (options.minTop1 !== undefined && 100 * accuracy.top1 < options.minTop1) {
    throw new CommandError(
      "BELOW_THRESHOLD",
      `expected top-1 of at least ${options.minTop1}%, got ${(100 * accuracy.top1).toFixed(2)}%`,
    );
  }
  if (unreadable.length > 0) {
    throw new CommandError(
      "PICTURES_UNREADABLE",
      `expected pictures that the function accepts, got ${unreadable.length} that it rejects (listed above)`,
    );
  }
}

async function openClassifier(options: EvaluateOptions): Promise<Classifier> {
  const { model: nameOrFolder, topK, applyIccProfile = false } = options;
  try {
    return await createClassifier(await loadModel(modelFolder(nameOrFolder)), {
      ...DEPLOYED_SETTINGS,
      topK,
      applyIccProfile,
    });
  } catch (error) {
    throw new CommandError(
      "MODEL_INVALID",
      `${messageOf(error)}; \`npm run model -- list\` shows what is here`,
      {
        cause: error,
      },
    );
  }
}

function writeConfusionSvg(file: string, accuracy: Accuracy, model: Model): void {
  const labels = shownLabels(model, accuracy, MAX_SVG_CLASSES);
  if (labels.length > MAX_SVG_CLASSES) {
    throw new CommandError(
      "USAGE",
      `expected at most ${MAX_SVG_CLASSES} classes for --confusion-svg, got ${labels.length}: leave it out`,
    );
  }
  const title = `${model.name}: top-1 ${(100 * accuracy.top1).toFixed(1)}% of ${accuracy.count} pictures`;
  try {
    writeFileSync(file, drawConfusionMatrix(accuracy, labels, title));
  } catch (error) {
    throw new CommandError("FILE_UNREADABLE", `cannot write the picture: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** All labels of a model with few; of one with many, those that occur as a true or a predicted label. */
function shownLabels(model: Model, { confusions }: Accuracy, few: number): readonly string[] {
  if (model.labels.length <= few) return model.labels;
  return [...new Set(confusions.flatMap(({ label, predicted }) => [label, predicted]))].sort();
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError(`expected a whole number from 1, got ${text}`);
  return value;
}

function percentage(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 100))
    throw new InvalidArgumentError(`expected 0 to 100, got ${text}`);
  return value;
}
