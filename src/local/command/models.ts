import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { MODELS_DIR } from "../../models/folder.ts";

/** Names of the folders of `models/` that hold a model, in alphabetical order. */
export function listModelNames(): string[] {
  if (!existsSync(MODELS_DIR)) return [];
  return readdirSync(MODELS_DIR)
    .filter((name) => existsSync(join(MODELS_DIR, name, "config.json")))
    .sort();
}
