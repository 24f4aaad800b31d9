import { Command } from "commander";
import { MODELS_DIR } from "../folder.ts";
import { type ListedModel, listModels } from "../list.ts";
import { textTable } from "../text-table.ts";

export function listCommand(): Command {
  return new Command("list")
    .description("List the models that are here: architecture, input, labels, size and hash.")
    .option("--models <dir>", "folder of model folders", MODELS_DIR)
    .option("--json", "print the list as JSON")
    .addHelpText("after", "\nExamples:\n  $ npm run model -- list\n  $ npm run model -- list --json")
    .action((options: { models: string; json?: true }) => {
      const models = listModels(options.models);
      console.log(options.json ? JSON.stringify(models, undefined, 2) : renderModels(models));
    });
}

function renderModels(models: readonly ListedModel[]): string {
  if (models.length === 0) return "No models here yet: get one with `npm run model -- pull mobilenet-v1`.";
  const sound = models.filter(({ problem }) => problem === undefined);
  const rows = sound.map((model) => [
    model.isDefault ? `${model.name} (default)` : model.name,
    model.architecture ?? "–",
    model.arithmetic ?? "–",
    model.input ?? "–",
    model.labelCount ?? 0,
    `${((model.sizeBytes ?? 0) / 1e6).toFixed(1)} MB`,
    model.sha256?.slice(0, 12) ?? "–",
  ]);
  const table = textTable([
    ["model", "architecture", "arithmetic", "input", "labels", "size", "sha256"],
    ...rows,
  ]);
  const problems = models.filter(({ problem }) => problem !== undefined);
  return [table, ...problems.map(({ name, problem }) => `${name} is no model: ${problem}`)].join("\n");
}
