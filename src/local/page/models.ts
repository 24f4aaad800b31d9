import { basename, join } from "node:path";
import { MODELS_DIR } from "../../models/folder.ts";
import { listModelNames } from "../command/models.ts";

/**
 * The models that the page can switch to: those of `models/`, and the one that runs.
 *
 * @returns name → folder
 */
export function findModels(currentDir: string): ReadonlyMap<string, string> {
  const models = listModelNames().map((name) => [name, join(MODELS_DIR, name)] as const);
  return new Map([...models, [basename(currentDir), currentDir]]);
}
