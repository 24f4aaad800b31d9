import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { CommandError, messageOf } from "./errors.ts";

/**
 * Labels in order of class index, one a line.
 *
 * @param count classes of the model; a file with another number of lines is refused
 */
export function readLabels(file: string, count: number): string[] {
  const labels = readLines(file);
  if (labels.length !== count) {
    throw new CommandError(
      "LABELS_WRONG",
      `expected ${count} labels, one for each output of the model, got ${labels.length} in ${file}: pass the right file with --labels`,
    );
  }
  return labels;
}

/**
 * The label file beside a model file: the one text file there with "label" in its name and as many lines as
 * the model has classes; of several, the one whose name begins as the model's does.
 */
export function findLabelsFile(modelFile: string, count: number): string {
  const folder = dirname(modelFile);
  const stem = basename(modelFile).replace(/\.tflite$/, "");
  const named = readdirSync(folder).filter((name) => /label/i.test(name) && name.endsWith(".txt"));
  const fitting = named.filter((name) => readLines(join(folder, name)).length === count);
  const best = fitting.length > 1 ? fitting.filter((name) => name.startsWith(stem)) : fitting;
  const [found] = best;
  if (found === undefined || best.length > 1) {
    const seen = named.length > 0 ? ` (${named.join(", ")})` : "";
    throw new CommandError(
      "LABELS_WRONG",
      `expected one *labels*.txt with ${count} lines in ${folder}, got ${fitting.length} among ${named.length}${seen}: pass one with --labels FILE`,
    );
  }
  return join(folder, found);
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8")
      .trimEnd()
      .split(/\r?\n/)
      .map((line) => line.trim());
  } catch (error) {
    throw new CommandError("FILE_UNREADABLE", `cannot read the labels: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
