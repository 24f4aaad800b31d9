import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { esbuildOptions } from "../../src/local/build.ts";
import { PROJECT_DIR, readFunctionTemplate, readTemplate } from "../../src/local/template.ts";

/** A package of which something is deployed. */
export interface ShippedPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly where: "bundle" | "layer";
}

/** What esbuild takes into the bundle, and what layers/native/Makefile keeps, with the lockfiles' versions and licences. */
export async function shippedPackages(): Promise<ShippedPackage[]> {
  const { buildProperties } = readFunctionTemplate(await readTemplate());
  const options = esbuildOptions(buildProperties);
  const { metafile } = await build({
    ...options,
    absWorkingDir: PROJECT_DIR,
    outdir: ".build/licences",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const folders = Object.keys(metafile?.inputs ?? {}).flatMap(
    (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [],
  );
  const makefile = readFileSync(join(PROJECT_DIR, "layers/native/Makefile"), "utf8");
  const runtime = /^RUNTIME := (?<names>(?:.*\\\n)*.*)$/m.exec(makefile)?.groups?.names ?? "";
  const kept = runtime.split(/[\s\\]+/).filter((name) => name !== "");
  return [
    ...read("package-lock.json", [...new Set(folders)].sort(), "bundle"),
    ...read(
      "layers/native/package-lock.json",
      kept.map((name) => `node_modules/${name}`),
      "layer",
    ),
  ];
}

function read(
  lockfile: string,
  folders: readonly string[],
  where: ShippedPackage["where"],
): ShippedPackage[] {
  const { packages } = JSON.parse(readFileSync(join(PROJECT_DIR, lockfile), "utf8")) as {
    packages: Record<string, { version: string; license: string }>;
  };
  return folders.map((folder) => {
    const entry = packages[folder];
    if (entry === undefined) throw new Error(`expected ${lockfile} to have ${folder}`);
    const name = folder.replace(/^.*node_modules\//, "");
    return { name, version: entry.version, license: entry.license, where };
  });
}
