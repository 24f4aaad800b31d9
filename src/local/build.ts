import { join, relative, resolve } from "node:path";
import type { BuildOptions, Loader, Plugin } from "esbuild";
import { type Bundle, keepBundle, MAP_DIR, moveSourceMap } from "./bundle-cache.ts";
import { replaceFile } from "./replace-file.ts";
import { PROJECT_DIR, readFunctionTemplate, readTemplate } from "./template.ts";

/** Where `npm run build` and `npm start` put the bundle. */
export const FUNCTION_DIR = MAP_DIR;

/**
 * Bundles the function as `sam build` would: with esbuild and the `Metadata.BuildProperties` of `ClassifierFunction`
 * in `template.yaml`, so that what runs here is what is deployed. One of before is used when nothing has changed.
 *
 * @param outDir  folder for `handler.mjs`, the other entry points and their source maps; made if missing
 * @param plugins none but in tests that take something out
 * @returns of the first entry point the bundle's absolute path, and its size without the source map
 * @throws on a build property that `sam build` does not know, and on esbuild's errors
 */
export async function buildFunction(
  outDir: string,
  plugins: Plugin[] = [],
): Promise<{ file: string; bytes: number }> {
  const { buildProperties } = readFunctionTemplate(await readTemplate());
  const options = esbuildOptions(buildProperties);
  const { files, entry } = await (plugins.length === 0
    ? keepBundle(options, bundleFunction)
    : bundleFunction(options, plugins));
  for (const [name, contents] of Object.entries(files)) {
    const path = join(outDir, name);
    await replaceFile(path, name.endsWith(".map") ? moveSourceMap(contents, path) : contents);
  }
  return { file: join(outDir, entry), bytes: Buffer.byteLength(files[entry] ?? "") };
}

async function bundleFunction(options: BuildOptions, plugins: Plugin[] = []): Promise<Bundle> {
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    ...options,
    absWorkingDir: PROJECT_DIR,
    plugins,
    outdir: MAP_DIR,
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const [first] = options.entryPoints as string[];
  const entry = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === first)?.[0];
  if (entry === undefined)
    throw new Error("esbuild made no file of the entry point that template.yaml names.");
  return {
    files: Object.fromEntries(outputFiles.map(({ path, text }) => [relative(MAP_DIR, path), text])),
    entry: relative(MAP_DIR, resolve(PROJECT_DIR, entry)),
    inputs: Object.keys(metafile.inputs),
  };
}

/**
 * Translates SAM's `BuildProperties` to esbuild's options, with the defaults that `sam build` adds (es2020, cjs,
 * minified). The names are those of aws-lambda-builders' esbuild workflow, which ignores any other silently; here
 * an unknown one is an error.
 */
export function esbuildOptions(properties: Readonly<Record<string, unknown>>): BuildOptions {
  const options: BuildOptions = {
    bundle: true,
    platform: "node",
    target: "es2020",
    format: "cjs",
    minify: true,
  };
  for (const [name, value] of Object.entries(properties)) {
    const translate = PROPERTIES[name];
    if (translate === undefined) {
      throw new Error(
        `template.yaml: ClassifierFunction has the BuildProperty ${name}, which sam build does not know. ` +
          `It knows ${Object.keys(PROPERTIES).join(", ")}.`,
      );
    }
    Object.assign(options, translate(name, value));
  }
  if (options.entryPoints === undefined) {
    throw new Error(
      "template.yaml: BuildProperties of ClassifierFunction should have EntryPoints; it has none.",
    );
  }
  return options;
}

const PROPERTIES: Readonly<Record<string, (name: string, value: unknown) => BuildOptions>> = {
  EntryPoints: (name, value) => ({ entryPoints: list(name, value) }),
  // How SAM installs packages before it calls esbuild: nothing to esbuild itself.
  UseNpmCi: () => ({}),
  Format: (name, value) => ({ format: oneOf(name, value, ["iife", "cjs", "esm"]) }),
  Target: (name, value) => ({ target: text(name, value).split(",") }),
  Minify: (name, value) => ({ minify: flag(name, value) }),
  sourcemap: (name, value) => ({ sourcemap: flag(name, value) }),
  SourcesContent: (name, value) => ({ sourcesContent: text(name, value) === "true" }),
  MainFields: (name, value) => ({ mainFields: text(name, value).split(",") }),
  External: (name, value) => ({ external: list(name, value) }),
  OutExtension: (name, value) => ({ outExtension: pairs(name, value) }),
  Banner: (name, value) => ({ banner: pairs(name, value) }),
  Loader: (name, value) => ({ loader: pairs(name, value) as Record<string, Loader> }),
};

function flag(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw wrong(name, "true or false", value);
}

/** esbuild's flags with a value; SAM passes them on as text. */
function text(name: string, value: unknown): string {
  if (typeof value === "string" || typeof value === "boolean") return String(value);
  throw wrong(name, "text", value);
}

function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((item) => item === value);
  if (found === undefined) throw wrong(name, `one of ${allowed.join(", ")}`, value);
  return found;
}

function list(name: string, value: unknown): string[] {
  if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string"))
    return value;
  throw wrong(name, "a list of texts", value);
}

/** `[".js=.mjs"]` → `{ ".js": ".mjs" }` */
function pairs(name: string, value: unknown): Record<string, string> {
  return Object.fromEntries(
    list(name, value).map((item) => {
      const at = item.indexOf("=");
      if (at <= 0) throw wrong(name, "a list of key=value", value);
      return [item.slice(0, at), item.slice(at + 1)];
    }),
  );
}

function wrong(name: string, expected: string, value: unknown): Error {
  return new Error(
    `template.yaml: BuildProperty ${name} should be ${expected}; it is ${JSON.stringify(value)}.`,
  );
}

if (import.meta.main) {
  const { file, bytes } = await buildFunction(FUNCTION_DIR);
  console.log(`${file.slice(PROJECT_DIR.length + 1)}  ${(bytes / 1024).toFixed(1)} KiB`);
}
