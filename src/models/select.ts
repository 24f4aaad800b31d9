import { existsSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { CommandError } from "./errors.ts";

const NEEDED = ["config.json", "preprocessor_config.json"];

/**
 * Links a model's folder into the layer's folder, in place of the one that was linked before.
 *
 * @throws {CommandError} `MODEL_INVALID` when there is no such model, or the layer's folder holds one that is no link
 */
export function selectModel(name: string, modelsDir: string, layerDir: string): void {
  const folder = join(modelsDir, name);
  const missing = NEEDED.find((file) => !existsSync(join(folder, file)));
  if (missing !== undefined) {
    throw new CommandError(
      "MODEL_INVALID",
      `expected a model folder ${folder}, it has no ${missing}: \`npm run model -- list\` shows what is there`,
    );
  }
  const entries = readdirSync(layerDir, { withFileTypes: true });
  const foreign = entries.find((entry) => entry.isDirectory());
  if (foreign !== undefined) {
    throw new CommandError(
      "MODEL_INVALID",
      `expected links alone in ${layerDir}, but ${foreign.name} is a folder: move it away`,
    );
  }
  for (const entry of entries) if (entry.isSymbolicLink()) rmSync(join(layerDir, entry.name));
  symlinkSync(relative(layerDir, folder), join(layerDir, name));
}
