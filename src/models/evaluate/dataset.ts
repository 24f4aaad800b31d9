import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { CommandError, messageOf } from "../errors.ts";

export interface LabelledPicture {
  /** Path below the folder of pictures. */
  readonly file: string;
  /** Its true label, as the model spells it. */
  readonly label: string;
}

/**
 * The pictures of a folder in ImageFolder layout, `<label>/<file>` or `<label>/<folder>/…/<file>`, in a stable order.
 * Symbolic links are followed; hidden files are left out.
 *
 * @param labels of a model; left out, every folder's name is a label
 * @throws CommandError DATASET_WRONG where a folder's name is no label of the model, or there are no pictures.
 */
export function readImageFolder(folder: string, labels?: readonly string[]): LabelledPicture[] {
  const pictures = listFolder(folder)
    .filter(({ name }) => lookAt(join(folder, name)).isDirectory())
    .flatMap(({ name: label }) => filesBelow(folder, label).map((file) => ({ file, label })));
  return checked(pictures, labels, `${folder}, one folder a label with pictures in it`);
}

/**
 * The pictures that a list names: lines of `file<TAB>label`, the file below `folder`. Empty lines, lines that
 * begin with `#` and a header line `file<TAB>label` are skipped.
 *
 * @throws CommandError DATASET_WRONG for a line of another form, an unknown label or a missing file.
 */
export function readImageList(list: string, folder: string, labels?: readonly string[]): LabelledPicture[] {
  const pictures = readText(list)
    .split(/\r?\n/)
    .map((line, index) => ({ line, where: `line ${index + 1} of ${list}` }))
    .filter(({ line }) => line.trim() !== "" && !line.startsWith("#") && !/^file\tlabel\b/.test(line))
    .map(({ line, where }) => {
      const [file, label] = line.split("\t");
      if (!file || !label) {
        throw new CommandError(
          "DATASET_WRONG",
          `expected file<TAB>label, got ${JSON.stringify(line)} in ${where}`,
        );
      }
      if (!existsSync(join(folder, file))) {
        throw new CommandError(
          "DATASET_WRONG",
          `expected ${join(folder, file)}, named in ${where}, it is not there`,
        );
      }
      return { file, label };
    });
  return checked(pictures, labels, `${list}, lines of file<TAB>label`);
}

/** Every file below a folder; the first folder of its path may be a label. */
export function listImages(folder: string): { readonly file: string; readonly label?: string }[] {
  return filesBelow(folder, "").map((file) => {
    const [label, ...rest] = file.split(sep);
    return { file, ...(rest.length > 0 && label !== undefined && { label }) };
  });
}

function filesBelow(folder: string, path: string): string[] {
  return listFolder(join(folder, path)).flatMap(({ name }) => {
    const inner = join(path, name);
    const found = lookAt(join(folder, inner));
    if (found.isDirectory()) return filesBelow(folder, inner);
    return found.isFile() ? [inner] : [];
  });
}

function checked(
  pictures: LabelledPicture[],
  labels: readonly string[] | undefined,
  expected: string,
): LabelledPicture[] {
  if (pictures.length === 0)
    throw new CommandError("DATASET_WRONG", `expected pictures in ${expected}; got none`);
  if (labels === undefined) return pictures;
  const known = new Set(labels);
  const unknown = [...new Set(pictures.map(({ label }) => label))].filter((label) => !known.has(label));
  if (unknown.length > 0) {
    throw new CommandError(
      "DATASET_WRONG",
      `expected labels of the model (${sample(labels)}), got ${sample(unknown)}: evaluate with the model that has them, or rename the folders`,
    );
  }
  return pictures;
}

function sample(labels: readonly string[]): string {
  const shown = labels.slice(0, 7).map((label) => JSON.stringify(label));
  return `${shown.join(", ")}${labels.length > 7 ? ` and ${labels.length - 7} more` : ""}`;
}

function lookAt(path: string) {
  try {
    return statSync(path);
  } catch (error) {
    throw new CommandError(
      "DATASET_WRONG",
      `expected a file, a folder or a link to one: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

function listFolder(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith("."))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw new CommandError("DATASET_WRONG", `cannot list the pictures: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new CommandError("DATASET_WRONG", `cannot read the list: ${messageOf(error)}`, { cause: error });
  }
}
