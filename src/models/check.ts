import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { type Comparison, compareModels, SAMPLES_DIR, WORTHWHILE } from "./compare.ts";
import { CommandError, messageOf } from "./errors.ts";
import { type ImportedModel, type ImportOptions, importTflite } from "./import.ts";
import { textTable } from "./text-table.ts";

const EXTENSIONS = new Set([".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".heic", ".heif"]);
/** So many images are compared, and so many of them shown. */
const MOST = 200;
const SHOWN = 8;

/**
 * Runs what was imported, beside the same file's float32 graph.
 *
 * @param dir images to run; our own samples where left out
 * @throws CommandError DATASET_WRONG, MODEL_INVALID
 */
export async function checkImport(
  file: string,
  imported: ImportedModel,
  options: ImportOptions,
  dir = SAMPLES_DIR,
): Promise<Comparison> {
  const files = listImages(dir);
  const out = mkdtempSync(join(tmpdir(), "model-float-"));
  try {
    const float =
      imported.arithmetic === "float32"
        ? imported
        : importTflite(file, { ...options, weights: "float32", out, name: "float32" });
    return await compareModels(imported.folder, float.folder, { dir, files });
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    const message = `${imported.folder} was written, but does not run: ${messageOf(cause)}`;
    throw new CommandError("MODEL_INVALID", message, { cause });
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** @returns names of images in a folder and below, spread over all where there are many */
function listImages(dir: string): string[] {
  if (!existsSync(dir)) {
    if (dir === SAMPLES_DIR) return [];
    throw new CommandError("DATASET_WRONG", `expected a folder of images, there is no ${dir}`);
  }
  const all = readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => EXTENSIONS.has(extname(name).toLowerCase()))
    .sort();
  if (all.length === 0) throw new CommandError("DATASET_WRONG", `expected images in ${dir}, got none`);
  const step = Math.max(1, all.length / MOST);
  const count = Math.min(all.length, MOST);
  return Array.from({ length: count }, (_, index) => all[Math.floor(index * step)] ?? "");
}

/** What people read of it. */
export function renderCheck({ arithmetic }: ImportedModel, check: Comparison): string {
  const isInteger = arithmetic === "int8";
  const { images, rejected, same, cpuMs } = check;
  const step = Math.max(1, Math.floor(images.length / SHOWN));
  const shown = images.filter((_, index) => index % step === 0).slice(0, SHOWN);
  const lines: string[] = [];
  if (shown.length > 0) {
    const head = isInteger ? ["image", "INT8", "float32"] : ["image", "float32"];
    const rows = shown.map(({ file, prediction, reference }) => [
      file,
      ...[prediction, reference]
        .slice(0, head.length - 1)
        .map((first) => (first ? `${first.label} ${first.score.toFixed(2)}` : "–")),
    ]);
    lines.push(textTable([head, ...rows]));
  }
  for (const { file, code } of rejected.slice(0, SHOWN)) lines.push(`${file} is rejected: ${code}`);
  if (isInteger && images.length > 0)
    lines.push(`The same first label as the float32 graph: ${same} of ${images.length} images.`);
  const ratio = cpuMs.reference / cpuMs.model;
  const ours = `${cpuMs.model.toFixed(2)} ms`;
  if (!isInteger) {
    lines.push(
      `CPU time per inference, one thread: ${ours} in float32. A quantised model is mostly 2 to 3 times as fast: \`npm run model -- quantize NAME --images DIR\`, or quantise in TensorFlow and import again.`,
    );
    return lines.join("\n");
  }
  lines.push(
    `CPU time per inference, one thread: INT8 ${ours}, float32 ${cpuMs.reference.toFixed(2)} ms (${ratio.toFixed(1)} times as fast).`,
  );
  if (ratio < WORTHWHILE) {
    lines.push(
      `Warning: INT8 is not faster here (${process.arch}), as with small networks. Import with --weights float32 for the same labels without rounding, or measure on the machine that will run it: \`npm run bench\`.`,
    );
  }
  return lines.join("\n");
}
