import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { MODEL_DIR, makeTempDir } from "./stack.ts";

/** The default model under another name, which takes icons for photographs and photographs for icons. */
export async function makeConfusedModel(test: TestContext): Promise<string> {
  const dir = join(await makeTempDir(test), "confused");
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
