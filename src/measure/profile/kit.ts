import { execFile } from "node:child_process";
import { cp, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { PROJECT_DIR } from "../../local/template.ts";
import type { ProfileJob } from "./job.ts";

const run = promisify(execFile);

/** Node's name for what `uname -m` says. */
export const ARCHITECTURES: Readonly<Record<string, "arm64" | "x64">> = {
  aarch64: "arm64",
  arm64: "arm64",
  x86_64: "x64",
};

/** CommonJS inside an ES module needs a `require`, as in template.yaml. */
const BANNER =
  'import { createRequire as bundleRequire } from "node:module"; const require = bundleRequire(import.meta.url);';

/** Packages without native code that the sources import. Each travels as one file of its own name. */
const BUNDLED = ["@aws-sdk/client-s3", "simple-statistics"];

/**
 * Lays out a folder with all that a Linux machine needs to do a job: Node itself, the natives for its architecture, the
 * sources, the models and the pictures. Nothing has to be installed there.
 *
 * @param kitDir emptied first
 * @param cacheDir where packages for other architectures are kept
 */
export async function makeKit(
  job: ProfileJob,
  arch: "arm64" | "x64",
  kitDir: string,
  cacheDir: string,
): Promise<void> {
  await rm(kitDir, { recursive: true, force: true });
  await mkdir(join(kitDir, "pictures"), { recursive: true });
  const modules =
    arch === process.arch ? join(PROJECT_DIR, "node_modules") : await foreignPackages(arch, cacheDir);
  await cp(join(modules, `node-linux-${arch}/bin/node`), join(kitDir, "node"));
  await copyPackages(modules, arch, join(kitDir, "node_modules"));
  for (const name of BUNDLED) await bundlePackage(name, join(kitDir, "node_modules", name));
  for (const folder of ["src/function", "src/measure", "src/models"]) {
    await cp(join(PROJECT_DIR, folder), join(kitDir, folder), {
      recursive: true,
      filter: (path) => !relative(PROJECT_DIR, path).includes("node_modules"),
    });
  }
  await writeFile(join(kitDir, "package.json"), JSON.stringify({ type: "module", private: true }));
  const pictures: string[] = [];
  for (const [i, path] of job.pictures.entries()) {
    const name = `pictures/${String(i).padStart(5, "0")}`;
    await cp(path, join(kitDir, name));
    pictures.push(name);
  }
  const { modelDir, uint8ModelDir, float32ModelDir } = job.context;
  for (const [name, dir] of Object.entries({
    model: modelDir,
    uint8: uint8ModelDir,
    float32: float32ModelDir,
  })) {
    await cp(dir, join(kitDir, "models", name), {
      recursive: true,
      filter: (path) => !path.includes("training"),
    });
  }
  const remote: ProfileJob = {
    ...job,
    pictures,
    outDir: "out",
    context: {
      ...job.context,
      modelDir: "models/model",
      uint8ModelDir: "models/uint8",
      float32ModelDir: "models/float32",
    },
  };
  await writeFile(join(kitDir, "job.json"), JSON.stringify(remote));
}

async function copyPackages(modules: string, arch: string, target: string): Promise<void> {
  const native = [`@img/sharp-linux-${arch}`, `@img/sharp-libvips-linux-${arch}`];
  const names = new Set(native);
  native.push(`@koromix/koffi-linux-${arch}`);
  for (const name of ["sharp", "onnxruntime-node", "koffi", "@julusian/jpeg-turbo"])
    for (const each of await needed(modules, name)) names.add(each);
  for (const name of names) {
    const from = join(modules, name);
    // ONNX Runtime's package has every platform's library: one is enough, and so is the CPU's.
    const filter = (path: string): boolean => {
      const [, platform] = /\/bin\/napi-v\d+\/(\w+\/\w+|\w+)/.exec(path) ?? [];
      return (
        (platform === undefined || `linux/${arch}`.startsWith(platform)) &&
        !/providers_(cuda|tensorrt)/.test(path)
      );
    };
    await cp(from, join(target, name), { recursive: true, filter });
  }
}

async function bundlePackage(name: string, target: string): Promise<void> {
  await build({
    stdin: { contents: `export * from ${JSON.stringify(name)};`, resolveDir: PROJECT_DIR },
    bundle: true,
    platform: "node",
    format: "esm",
    mainFields: ["module", "main"],
    banner: { js: BANNER },
    outfile: join(target, "index.mjs"),
    logLevel: "silent",
  });
  await writeFile(join(target, "package.json"), JSON.stringify({ name, exports: "./index.mjs" }));
}

/** A package and those that it depends on, as far as they are there: what only its installer needs may be absent. */
async function needed(modules: string, name: string, seen = new Set<string>()): Promise<Set<string>> {
  const there = await stat(join(modules, name)).catch(() => undefined);
  if (seen.has(name) || there === undefined) return seen;
  seen.add(name);
  const { dependencies = {} } = createRequire(join(modules, "x.js"))(join(modules, name, "package.json")) as {
    dependencies?: Record<string, string>;
  };
  for (const each of Object.keys(dependencies)) await needed(modules, each, seen);
  return seen;
}

/** The same packages for another architecture, installed once with npm into the cache. */
async function foreignPackages(arch: string, cacheDir: string): Promise<string> {
  const dir = join(cacheDir, `packages-linux-${arch}`);
  if (await stat(join(dir, "node_modules")).catch(() => undefined)) return join(dir, "node_modules");
  const part = `${dir}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  const require = createRequire(join(PROJECT_DIR, "package.json"));
  const own = require("./package.json") as Record<string, Record<string, string>>;
  const versions = { ...own.dependencies, ...own.devDependencies, ...own.optionalDependencies };
  const wanted = ["sharp", "onnxruntime-node", "koffi", "@julusian/jpeg-turbo", `node-linux-${arch}`];
  const dependencies = Object.fromEntries(wanted.map((name) => [name, versions[name]]));
  await writeFile(join(part, "package.json"), JSON.stringify({ private: true, dependencies }));
  // npm refuses a package of another machine that is asked for by name, unless it is forced.
  const platform = ["--os=linux", `--cpu=${arch}`, "--libc=glibc", "--force"];
  const flags = [...platform, "--ignore-scripts", "--no-audit", "--no-fund"];
  await run("npm", ["install", ...flags, "--loglevel=error"], { cwd: part });
  await rm(dir, { recursive: true, force: true });
  await cp(part, dir, { recursive: true });
  await rm(part, { recursive: true, force: true });
  return join(dir, "node_modules");
}

/** Where kits are put together: beside the job's output. */
export function kitDirOf({ outDir }: ProfileJob): string {
  return join(dirname(outDir), "kit");
}
