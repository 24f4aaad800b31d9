import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that is gone when the process ends, in whatever way but SIGKILL. */
export function makeTemporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "graviton-image-classifier-"));
  process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
