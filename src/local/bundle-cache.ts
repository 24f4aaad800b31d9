import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
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
  if (kept?.made === made && isUnchanged(kept.hashes)) return kept.bundle;
  const fresh = await bundle(options);
  const hashes = Object.fromEntries([...SETTINGS, ...fresh.inputs].map((path) => [path, hashOf(path)]));
  await replaceFile(file, JSON.stringify({ made, hashes, bundle: fresh } satisfies Kept));
  return fresh;
}

async function readKept(file: string): Promise<Kept | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Kept);
}

function isUnchanged(before: Kept["hashes"]): boolean {
  try {
    return Object.entries(before).every(([path, known]) => hashOf(path) === known);
  } catch {
    // A file is gone: what the bundle is made of now, esbuild finds out.
    return false;
  }
}

/** Synchronous: several hundred small files, one after the other, take a third of the time that promises take. */
function hashOf(path: string): string {
  return hash("sha256", readFileSync(resolve(PROJECT_DIR, path)), "base64");
}

/** A source map names its sources from where it lies. */
export function moveSourceMap(text: string, path: string): string {
  const map = JSON.parse(text) as { sources: string[] };
  const sources = map.sources.map((source) => relative(dirname(path), resolve(MAP_DIR, source)));
  return JSON.stringify({ ...map, sources });
}
