import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { CommandError } from "./errors.ts";

/** Where models live, and which one the function is deployed with. */
export const MODELS_DIR = join(import.meta.dirname, "../../models");
export const DEFAULT_MODEL = "upload-triage";
/** Seven labels in the published benchmark's architecture, MobileNet v1 1.0 224: what the bench compares with. */
export const PUBLISHED_ARCHITECTURE = "upload-triage-224";
/** In the repository; the others in `models/` are the user's. */
export const OWN_MODELS: readonly string[] = [DEFAULT_MODEL, PUBLISHED_ARCHITECTURE];

/** The folder of a model that is given by its name in `models`, or by its path. It need not be there. */
export function modelFolder(nameOrPath: string, models = MODELS_DIR): string {
  const named = join(models, nameOrPath);
  return basename(nameOrPath) === nameOrPath && existsSync(named) ? named : resolve(nameOrPath);
}

/** How the function prepares images for a model: the fields of `preprocessor_config.json` that depend on it. */
export interface Preprocessing {
  /** Side of the model's input in pixels. */
  readonly imageSize: number;
  /** How much of the shorter side the model sees. 7/8 unless said otherwise. */
  readonly cropRatio?: number;
  /** Per channel, of pixels from 0 to 1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** `config.json` in the Hugging Face layout. */
export function modelConfig(labels: readonly string[], extra: Readonly<Record<string, unknown>>): object {
  return {
    ...extra,
    num_labels: labels.length,
    id2label: Object.fromEntries(labels.map((label, index) => [index, label])),
    label2id: Object.fromEntries(labels.map((label, index) => [label, index])),
  };
}

/**
 * `preprocessor_config.json`: shorter side to S / 0.875, the centre S × S of it (6 to 7 points of top-1 over
 * stretching the picture), Lanczos (Pillow's filter 1).
 */
export function preprocessorConfig({ imageSize, cropRatio = 0.875, mean, std }: Preprocessing): object {
  return {
    do_resize: true,
    size: { shortest_edge: Math.round(imageSize / cropRatio) },
    resample: 1,
    do_center_crop: true,
    crop_size: { height: imageSize, width: imageSize },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: toRgb(mean),
    image_std: toRgb(std),
  };
}

function toRgb(values: readonly number[]): number[] {
  return [0, 1, 2].map((channel) => values[values.length === 1 ? 0 : channel] ?? 0);
}

const MODEL_FILES = ["config.json", "preprocessor_config.json", "README.md"] as const;
/** What a model's folder holds besides: the graph, its weights beside it, and the page that `teach` writes. */
const OTHER_FILES = /^(onnx|model\.onnx([._]data.*)?|report\.html)$/;
type ModelFiles = Readonly<
  Record<(typeof MODEL_FILES)[number], Uint8Array | string> & Record<string, Uint8Array | string>
>;

/** @throws CommandError USAGE for a name that would not do as a folder's. */
export function assertModelName(name: string): void {
  if (/^[\w][\w.-]*$/.test(name)) return;
  throw new CommandError(
    "USAGE",
    `expected a name of letters, digits, ".", "_", "-", got ${JSON.stringify(name)}`,
  );
}

/** Refuses to overwrite a model unless told to, and a folder that holds more than a model always. */
export function assertReplaceable(folder: string, force: boolean): void {
  if (!existsSync(folder)) return;
  if (!force) {
    throw new CommandError(
      "ALREADY_THERE",
      `expected no ${folder}, it exists: pass --force to replace it or --name for another name`,
    );
  }
  const known: readonly string[] = MODEL_FILES;
  const foreign = readdirSync(folder).filter((name) => !known.includes(name) && !OTHER_FILES.test(name));
  if (foreign.length > 0) {
    throw new CommandError(
      "ALREADY_THERE",
      `expected only ${known.join(", ")} in ${folder}, got ${foreign.slice(0, 5).join(", ")}: pass --name for another name`,
    );
  }
}

/** Writes a model folder whole: a reader sees the old one or the new one, never half of one. */
export function writeModelFolder(folder: string, files: ModelFiles): void {
  mkdirSync(dirname(folder), { recursive: true });
  const fresh = mkdtempSync(join(dirname(folder), `.${basename(folder)}-`));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(fresh, name)), { recursive: true });
      writeFileSync(join(fresh, name), content);
    }
    // mkdtemp makes folders private; a model that ends in a layer must be readable by everybody.
    chmodSync(fresh, 0o755);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

export function toJson(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
