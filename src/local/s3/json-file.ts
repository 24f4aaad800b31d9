import { rename, writeFile } from "node:fs/promises";

/** Writes JSON so that a reader finds the old or the new file, never half of one. */
export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(value));
  await rename(`${file}.new`, file);
}
