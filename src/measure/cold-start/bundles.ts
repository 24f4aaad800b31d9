import { stat } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { buildFunction, esbuildOptions } from "../../local/build.ts";
import { PROJECT_DIR, readFunctionTemplate, readTemplate } from "../../local/template.ts";

/** What a cold start is measured with, built into one folder. */
export interface Bundles {
  /** The function as deployed. */
  ours: { file: string; bytes: number };
  floor: { file: string; bytes: number };
  driver: string;
  tracer: string;
  /** `Environment.Variables` of template.yaml that are known before deployment. */
  environment: Readonly<Record<string, string>>;
}

/** Builds the function, and the floor with the same esbuild options. */
export async function buildBundles(outDir: string): Promise<Bundles> {
  const { buildProperties, environment } = readFunctionTemplate(await readTemplate());
  const own = (name: string): string => join(import.meta.dirname, `${name}.ts`);
  const tools = { bundle: true, platform: "node", target: "node24", minify: true } as const;
  const floorDir = join(outDir, "floor");
  const [ours] = await Promise.all([
    buildFunction(join(outDir, "function")),
    build({
      ...esbuildOptions(buildProperties),
      absWorkingDir: PROJECT_DIR,
      entryPoints: [own("floor")],
      sourcemap: false,
      outdir: floorDir,
    }),
    build({ ...tools, entryPoints: [own("driver")], format: "esm", outfile: join(outDir, "driver.mjs") }),
    build({ ...tools, entryPoints: [own("tracer")], format: "cjs", outfile: join(outDir, "tracer.cjs") }),
  ]);
  const floor = join(floorDir, "floor.mjs");
  return {
    ours,
    floor: { file: floor, bytes: (await stat(floor)).size },
    driver: join(outDir, "driver.mjs"),
    tracer: join(outDir, "tracer.cjs"),
    environment,
  };
}
