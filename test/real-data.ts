import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const REAL_DATA_DIR = process.env.REAL_DATA_DIR ?? resolve(import.meta.dirname, "../../shared/data");

/**
 * Path of real data that is not part of the project: photographs, Google's TFLite files, golden outputs.
 * Tests that need it are skipped by name where it is absent: `{ skip: path === undefined && "needs …" }`.
 *
 * @param name path inside the data folder, for example `tflite/imagenet_labels.txt`
 * @returns the absolute path, or `undefined` where the data is absent
 */
export function realData(name: string): string | undefined {
  const path = join(REAL_DATA_DIR, name);
  return existsSync(path) ? path : undefined;
}
