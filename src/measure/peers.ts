import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** Where the peers of the bench are kept: their own package.json, lockfile and (git-ignored) node_modules. */
export const PEERS_DIR = join(import.meta.dirname, "peers");

/**
 * Installs the peers unless they are there and newer than their lockfile.
 *
 * @returns why they are not there, where they could not be installed (no network, most likely)
 */
export async function installPeers(log: (line: string) => void): Promise<string | undefined> {
  const installed = await stat(join(PEERS_DIR, "node_modules/.package-lock.json")).catch(() => undefined);
  const wanted = await stat(join(PEERS_DIR, "package-lock.json"));
  if (installed !== undefined && installed.mtimeMs >= wanted.mtimeMs) return undefined;
  log("installing the peers (transformers.js and jimp, about 500 MB, once) …");
  try {
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    await promisify(execFile)("npm", ["ci", ...options], { cwd: PEERS_DIR });
    return undefined;
  } catch (error) {
    return `npm ci in src/measure/peers failed: ${String((error as Error).message)
      .trim()
      .split("\n")
      .at(-1)}`;
  }
}
