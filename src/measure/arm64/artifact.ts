import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildFunction } from "../../local/build.ts";
import { PROJECT_DIR } from "../../local/template.ts";

const run = promisify(execFile);

/** What Lambda would unpack, laid out below a folder that stands for `/`. */
export interface Artifact {
  /** `/var/task`: the bundle and its source map. */
  readonly task: string;
  /** `/opt`: both layers, one over the other as Lambda lays them. */
  readonly opt: string;
  /** `/var/runtime`: the official runtime interface client, and the stand-in for its native part. */
  readonly runtime: string;
}

/**
 * Builds the function and both layers below `root`, as `sam build` does: template.yaml's properties, the Makefiles.
 *
 * @param model     name of a model folder
 * @param modelsDir folder that it lies in; the project's `models` unless given
 */
export async function buildArtifact(root: string, model: string, modelsDir?: string): Promise<Artifact> {
  const artifact = {
    task: join(root, "var/task"),
    opt: join(root, "opt"),
    runtime: join(root, "var/runtime"),
  };
  for (const folder of Object.values(artifact)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  await Promise.all([
    buildFunction(artifact.task),
    buildNativeLayer(artifact.opt),
    buildModelLayer(artifact.opt, {
      MODEL: model,
      ...(modelsDir !== undefined && { MODELS_DIR: modelsDir }),
    }),
  ]);
  copyFileSync(
    join(PROJECT_DIR, "node_modules/aws-lambda-ric/index.mjs"),
    join(artifact.runtime, "index.mjs"),
  );
  copyFileSync(
    join(PROJECT_DIR, "src/local/lambda/rapid-client.cjs"),
    join(artifact.runtime, "rapid-client.cjs"),
  );
  return artifact;
}

export async function buildNativeLayer(folder: string): Promise<void> {
  await makeLayer("native", "build-NativeLayer", { ARTIFACTS_DIR: folder });
}

export async function buildModelLayer(
  folder: string,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  await makeLayer("model", "build-ModelLayer", { ARTIFACTS_DIR: folder, ...variables });
}

async function makeLayer(
  layer: string,
  target: string,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const { npm_config_ignore_scripts: _, MODEL: __, ...env } = process.env;
  try {
    const given = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    await run("make", ["--silent", target, ...given], { cwd: join(PROJECT_DIR, "layers", layer), env });
  } catch (error) {
    throw new Error(`make ${target} failed: ${(error as { stderr?: string }).stderr?.trim()}`, {
      cause: error,
    });
  }
}
