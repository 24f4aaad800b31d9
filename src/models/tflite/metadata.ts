import { unzipSync } from "fflate";
import { CommandError, messageOf } from "../errors.ts";
import type { TfliteModel } from "./reader.ts";
import { Table } from "./table.ts";

/** What a file says about its own use, in TensorFlow Lite's metadata (file identifier M001) and the archive behind it. */
export interface TfliteMetadata {
  /** Input pixels x of 0 to 255 are normalised as (x - mean) / std; one number, or one per channel. */
  readonly normalization: { readonly mean: readonly number[]; readonly std: readonly number[] } | undefined;
  /** Labels in order of class index, by output tensor. */
  readonly labels: readonly (string | undefined)[];
}

const FIELD = {
  model: { subgraphs: 3 },
  subgraph: { inputs: 2, outputs: 3 },
  tensor: { processUnits: 4, files: 6 },
  processUnit: { optionsType: 0, options: 1 },
  normalization: { mean: 0, std: 1 },
  file: { name: 0, type: 2, locale: 3 },
};
const NORMALIZATION_OPTIONS = 1;
/** AssociatedFileType: labels along an axis, and labels of a tensor's values. */
const LABEL_TYPES = [2, 3];

/** @throws CommandError FILE_UNREADABLE where the metadata is damaged */
export function readMetadata(model: TfliteModel, file: Uint8Array): TfliteMetadata {
  const bytes = model.metadata.get("TFLITE_METADATA");
  if (bytes === undefined) return { normalization: undefined, labels: [] };
  const [subgraph] = Table.root(bytes).tables(FIELD.model.subgraphs);
  const [input] = subgraph?.tables(FIELD.subgraph.inputs) ?? [];
  const options = input
    ?.tables(FIELD.tensor.processUnits)
    .find((unit) => unit.byte(FIELD.processUnit.optionsType, 0) === NORMALIZATION_OPTIONS)
    ?.table(FIELD.processUnit.options);
  return {
    normalization: options && {
      mean: options.floats(FIELD.normalization.mean),
      std: options.floats(FIELD.normalization.std),
    },
    labels: (subgraph?.tables(FIELD.subgraph.outputs) ?? []).map((output) => readLabelsOf(output, file)),
  };
}

/** The label file of an output; of several languages the one that names none, or the first. */
function readLabelsOf(output: Table, file: Uint8Array): string | undefined {
  const labelFiles = output
    .tables(FIELD.tensor.files)
    .filter((associated) => LABEL_TYPES.includes(associated.byte(FIELD.file.type, 0)));
  const chosen =
    labelFiles.find((associated) => associated.string(FIELD.file.locale) === "") ?? labelFiles[0];
  if (chosen === undefined) return undefined;
  const name = chosen.string(FIELD.file.name);
  try {
    const member = unzipSync(fromArchive(file), { filter: (entry) => entry.name === name })[name];
    return member && new TextDecoder().decode(member);
  } catch (error) {
    throw new CommandError(
      "FILE_UNREADABLE",
      `expected ${name} in the archive at the end of the file, which cannot be read: ${messageOf(error)}; pass the labels with --labels`,
      { cause: error },
    );
  }
}

const END_OF_DIRECTORY = Buffer.from("PK\x05\x06");

/** Writers count offsets from the beginning of the file, or of the archive behind it: what they were counted from. */
function fromArchive(file: Uint8Array): Uint8Array {
  const view = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const end = view.lastIndexOf(END_OF_DIRECTORY);
  if (end < 0 || end + 20 > view.length) return file;
  const begin = end - view.readUInt32LE(end + 12) - view.readUInt32LE(end + 16);
  return begin > 0 ? file.subarray(begin) : file;
}
