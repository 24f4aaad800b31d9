import { join } from "node:path";
import { Argument, Command, Option } from "commander";
import { checkImport } from "../check.ts";
import { CommandError } from "../errors.ts";
import { MODELS_DIR } from "../folder.ts";
import { DEFAULT_BASE_URL, PUBLISHED_MODELS } from "../published.ts";
import { type PullOptions, pullModel } from "../pull.ts";
import { checkOption, inputOption, printImported, weightsOption } from "./import.ts";

const DOWNLOADS_DIR = join(import.meta.dirname, "../../../.data/downloads");

export function pullCommand(): Command {
  const models = Object.entries(PUBLISHED_MODELS);
  return new Command("pull")
    .description("Download a published model, check its hash and import it.")
    .addArgument(new Argument("<model>", "what to download").choices(Object.keys(PUBLISHED_MODELS)))
    .option("--from <archive>", "import this archive, downloaded before, instead of downloading it")
    .option("--labels <file>", "labels, one a line (default: those published with the model)")
    .option("--name <name>", "name of the model (default: the published one's)")
    .option("--out <dir>", "folder that the model's folder is made in", MODELS_DIR)
    .option("--downloads <dir>", "folder that archives are kept in", DOWNLOADS_DIR)
    .addOption(
      new Option("--base-url <url>", "mirror to download from")
        .env("MODEL_BASE_URL")
        .default(DEFAULT_BASE_URL),
    )
    .addOption(weightsOption())
    .addOption(inputOption())
    .addOption(checkOption())
    .option("--force", "replace a model of that name")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Models:
${models.map(([name, { description }]) => `  ${name}  ${description}`).join("\n")}

Examples:
  $ npm run model -- pull mobilenet-v1
  $ npm run model -- pull mobilenet-v1 --from mobilenet_v1_1.0_224_quant_and_labels.zip --input uint8`,
    )
    .action(async (key: string, { check: dir, json, ...options }: CommandOptions) => {
      const published = PUBLISHED_MODELS[key];
      if (published === undefined) throw new CommandError("USAGE", `expected a published model, got ${key}`);
      await pullModel(published, {
        ...options,
        name: options.name ?? key,
        async onImported(file, model, importOptions) {
          printImported(model, await checkImport(file, model, importOptions, dir), json ?? false);
        },
      });
    });
}

interface CommandOptions extends Omit<PullOptions, "name" | "onImported"> {
  readonly name?: string;
  readonly check?: string;
  readonly json?: true;
}
