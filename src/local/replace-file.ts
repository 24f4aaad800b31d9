import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes in one step, because another process may be reading the file at this moment. */
export async function replaceFile(path: string, contents: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.${performance.now()}`;
  await writeFile(unfinished, contents);
  await rename(unfinished, path);
}
