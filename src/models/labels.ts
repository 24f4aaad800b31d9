import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { CommandError, messageOf } from "./errors.ts";

/** Where labels are looked for, in this order. */
export interface LabelSources {
  /** Given by the user. */
  readonly file: string | undefined;
  /** Text inside the model file. */
  readonly inModel: string | undefined;
  /** Beside it lies, often, the one label file that fits. */
  readonly modelFile: string;
}

/**
 * Labels in order of class index, one per line.
 *
 * @param counts how many the model can have; another number of lines is refused
 */
export function readLabels({ file, inModel, modelFile }: LabelSources, counts: readonly number[]): string[] {
  const [lines, source] =
    file !== undefined
      ? [readLines(file), file]
      : inModel !== undefined
        ? [parseLabels(inModel), `the metadata of ${basename(modelFile)}`]
        : readNeighbour(modelFile, counts);
  if (counts.includes(lines.length)) return lines;
  throw new CommandError(
    "LABELS_WRONG",
    `expected ${counts.join(" or ")} labels, one for each output of the model, got ${lines.length} in ${source}: pass the right file with --labels`,
  );
}

/**
 * The label file beside a model file: the one text file there with "label" in its name and as many lines as
 * the model has classes; of several, the one whose name begins as the model's does.
 */
function readNeighbour(modelFile: string, counts: readonly number[]): [lines: string[], source: string] {
  const folder = dirname(modelFile);
  const stem = basename(modelFile).replace(/\.tflite$/, "");
  const named = readdirSync(folder).filter((name) => /label/i.test(name) && name.endsWith(".txt"));
  const fitting = named.filter((name) => counts.includes(readLines(join(folder, name)).length));
  const best = fitting.length > 1 ? fitting.filter((name) => name.startsWith(stem)) : fitting;
  const [found] = best;
  if (found === undefined || best.length > 1) {
    const seen = named.length > 0 ? ` (${named.join(", ")})` : "";
    throw new CommandError(
      "LABELS_WRONG",
      `expected one *labels*.txt with ${counts.join(" or ")} lines in ${folder}, got ${fitting.length} among ${named.length}${seen}: pass one with --labels FILE`,
    );
  }
  return [readLines(join(folder, found)), found];
}

function readLines(file: string): string[] {
  try {
    return parseLabels(readFileSync(file, "utf8"));
  } catch (error) {
    throw new CommandError("FILE_UNREADABLE", `cannot read the labels: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function parseLabels(text: string): string[] {
  return withoutNumbers(
    text
      .replace(/^\uFEFF/, "")
      .trimEnd()
      .split(/\r?\n/)
      .map((line) => line.trim()),
  );
}

/** "0 fresh apple": where every line begins with its own number, as Teachable Machine writes, it is no part of the label. */
function withoutNumbers(lines: string[]): string[] {
  const parts = lines.map((line) => /^(\d+)(?:\s*[:,;]\s*|\s+)(\S.*)$/.exec(line));
  const isNumbered = parts.every((part, index) => Number(part?.[1]) === index);
  return isNumbered ? parts.map((part) => part?.[2] ?? "") : lines;
}
