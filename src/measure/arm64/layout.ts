import { dirname, join } from "node:path";
import { PROJECT_DIR } from "../../local/template.ts";
import type { Layout } from "../deployed/environment.ts";
import type { Artifact } from "./artifact.ts";
import type { Arm64Machine } from "./machine.ts";
import { atLambdaPaths, canMount } from "./namespace.ts";

/** Where an artifact is laid out for a machine: an emulated one has a root of its own. */
export function artifactRoot(machine: Arm64Machine | undefined): string {
  return machine?.emulated ? machine.root : join(PROJECT_DIR, ".build/artifact");
}

/**
 * The artifact as a process on arm64 sees it: at Lambda's own paths, where this machine lets it have mounts of its own.
 *
 * @param command starts Node
 * @param model   name of the model in the layer
 */
export function arm64Layout(
  { task, opt, runtime }: Artifact,
  command: readonly string[],
  model: string,
  hiding: { readonly withoutSys?: boolean } = {},
): Layout {
  const mounted = canMount();
  const folder = mounted ? "/opt" : opt;
  return {
    command: mounted ? atLambdaPaths(command, dirname(opt), hiding) : command,
    task: mounted ? "/var/task" : task,
    runtime: mounted ? "/var/runtime" : runtime,
    nodePath: `${folder}/nodejs/node_modules`,
    environment: { MODEL_DIR: `${folder}/model/${model}` },
  };
}

/** The same bundle and model on this machine's own processor, with the project's own native packages. */
export function hostLayout({ task, opt, runtime }: Artifact, model: string): Layout {
  return {
    command: [process.execPath],
    task,
    runtime,
    nodePath: join(PROJECT_DIR, "node_modules"),
    environment: { MODEL_DIR: join(opt, "model", model) },
  };
}
