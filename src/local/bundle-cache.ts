import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import type { BuildOptions } from "esbuild";
import { replaceFile } from "./replace-file.ts";
import { PROJECT_DIR } from "./template.ts";

/** What esbuild made of the function. */
export interface Bundle {
  /** Path below the output folder → contents, source maps as of {@link MAP_DIR}. */
  readonly files: Readonly<Record<string, string>>;
  /** Path below the output folder of the first entry point. */
  readonly entry: string;
  /** Files that it was made of, below the project. */
  readonly inputs: readonly string[];
}

interface Kept {
  readonly made: string;
  readonly hashes: Readonly<Record<string, string>>;
  readonly bundle: Bundle;
}

const FILE = join(PROJECT_DIR, "node_modules/.cache/function.json");
/** Where source maps say that they are until they are written elsewhere. */
export const MAP_DIR = join(PROJECT_DIR, ".build/function");
/** What decides beside the inputs which of them are taken, and which esbuild makes the bundle. */
const SETTINGS = ["tsconfig.json", "package.json", "package-lock.json"];

/** The bundle of before, as long as options and the bytes of all that it was made of are the same; else a new one. */
export async function keepBundle(
  options: BuildOptions,
  bundle: (options: BuildOptions) => Promise<Bundle>,
  file = FILE,
): Promise<Bundle> {
  const made = JSON.stringify(options);
  const kept = await readKept(file);
  if (kept?.made === made && (await isUnchanged(kept.hashes))) return kept.bundle;
  const fresh = await bundle(options);
  const hashes = await hashAll([...SETTINGS, ...fresh.inputs]);
  await replaceFile(file, JSON.stringify({ made, hashes, bundle: fresh } satisfies Kept));
  return fresh;
}

async function readKept(file: string): Promise<Kept | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Kept);
}

async function isUnchanged(before: Kept["hashes"]): Promise<boolean> {
  const now = await hashAll(Object.keys(before)).catch(() => undefined);
  return now !== undefined && Object.entries(before).every(([path, hash]) => now[path] === hash);
}

async function hashAll(paths: readonly string[]): Promise<Record<string, string>> {
  const hash = async (path: string) => {
    const bytes = await readFile(resolve(PROJECT_DIR, path));
    return [path, createHash("sha256").update(bytes).digest("base64")] as const;
  };
  return Object.fromEntries(await Promise.all(paths.map(hash)));
}

/** A source map names its sources from where it lies. */
export function moveSourceMap(text: string, path: string): string {
  const map = JSON.parse(text) as { sources: string[] };
  const sources = map.sources.map((source) => relative(dirname(path), resolve(MAP_DIR, source)));
  return JSON.stringify({ ...map, sources });
}
