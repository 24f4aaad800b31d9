import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const MODEL_DIR = join(import.meta.dirname, "../models/upload-triage");

/**
 * Writes the default model into a folder, but one that takes icons for photographs and photographs for icons.
 *
 * @returns the model's folder, `confused`
 */
export async function writeConfusedModel(parent: string): Promise<string> {
  const dir = join(parent, "confused");
  await cp(MODEL_DIR, dir, { recursive: true, filter: (path) => !path.includes("training") });
  const file = join(dir, "config.json");
  const config = JSON.parse(await readFile(file, "utf8")) as { id2label: Record<string, string> };
  const swapped: Readonly<Record<string, string>> = { icon: "photo", photo: "icon" };
  const id2label = Object.fromEntries(
    Object.entries(config.id2label).map(([id, label]) => [id, swapped[label] ?? label]),
  );
  await writeFile(file, JSON.stringify({ ...config, id2label }));
  return dir;
}
