import { join, relative } from "node:path";
import { Command, Option } from "commander";
import { checkImport } from "../check.ts";
import { CommandError } from "../errors.ts";
import { MODELS_DIR } from "../folder.ts";
import { DEFAULT_ENDPOINT, parseRepository, type Repository } from "../hub/api.ts";
import { type PulledModel, pullFromHub } from "../hub/pull.ts";
import { DEFAULT_BASE_URL, PUBLISHED_MODELS } from "../published.ts";
import { type PullOptions, pullModel } from "../pull.ts";
import { textTable } from "../text-table.ts";
import { checkOption, inputOption, printImported, weightsOption } from "./import.ts";

const DOWNLOADS_DIR = join(import.meta.dirname, "../../../.data/downloads");

export function pullCommand(): Command {
  const models = Object.entries(PUBLISHED_MODELS);
  return new Command("pull")
    .description(
      "Download a model and check its hash: one of Google's, which is imported, or a classifier of the Hugging Face hub, of which the ONNX file is taken that is fastest here.",
    )
    .argument("<model>", "one of the models below, or OWNER/NAME[@revision] on the hub")
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
    .addOption(
      new Option("--endpoint <url>", "the hub, or a mirror of it")
        .env("HF_ENDPOINT")
        .default(DEFAULT_ENDPOINT),
    )
    .addOption(
      new Option("--token <token>", "for private and gated models of the hub; better in the environment").env(
        "HF_TOKEN",
      ),
    )
    .option("--file <path>", "this ONNX file of the hub's model, whatever its speed")
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
  $ npm run model -- pull mobilenet-v1 --from mobilenet_v1_1.0_224_quant_and_labels.zip --input uint8
  $ npm run model -- pull Xenova/resnet-18
  $ HF_TOKEN=hf_… npm run model -- pull my-team/classifier@v2 --name uploads`,
    )
    .action(async (key: string, { check: dir, json, ...options }: CommandOptions) => {
      const published = PUBLISHED_MODELS[key];
      const repository = parseRepository(key);
      if (published === undefined && repository !== undefined) {
        await pullRepository(repository, options, json ?? false);
        return;
      }
      if (published === undefined) {
        const known = Object.keys(PUBLISHED_MODELS).join(", ");
        throw new CommandError("USAGE", `expected ${known} or OWNER/NAME[@revision], got ${key}`);
      }
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
  readonly endpoint: string;
  readonly token?: string;
  readonly file?: string;
}

async function pullRepository(
  repository: Repository,
  { endpoint, token, out = MODELS_DIR, ...options }: Omit<CommandOptions, "check" | "json">,
  json: boolean,
): Promise<void> {
  const hub = { endpoint: endpoint.replace(/\/+$/, ""), token };
  const pulled = await pullFromHub(repository, { ...options, out, hub });
  console.log(json ? JSON.stringify(pulled, undefined, 2) : renderPulled(pulled));
}

function renderPulled({ name, folder, repository, commit, candidates }: PulledModel): string {
  const rows = candidates.map(
    ({ path, arithmetic, sizeBytes, cpuMs, speedup, same, images, problem, isTaken }) => [
      isTaken ? `${path} (taken)` : path,
      arithmetic,
      `${(sizeBytes / 1e6).toFixed(1)} MB`,
      cpuMs === undefined ? "–" : `${cpuMs.toFixed(2)} ms`,
      speedup === undefined ? "–" : `${speedup.toFixed(2)}×`,
      problem ?? `${same} of ${images}`,
    ],
  );
  const elsewhere =
    candidates.length === 1 || process.arch === "arm64"
      ? ""
      : `
Measured on ${process.arch}. What Graviton needs for it: npm run profile -- --arm64 --session --model ${relative(process.cwd(), folder)}; another file: --file PATH`;
  return `${textTable([["file", "arithmetic", "size", "CPU", "speed", "same labels"], ...rows])}
${name}: ${repository} at ${commit.slice(0, 12)} → ${folder}${elsewhere}`;
}
