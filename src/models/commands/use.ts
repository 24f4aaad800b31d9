import { join } from "node:path";
import { Command } from "commander";
import { MODELS_DIR } from "../folder.ts";
import { selectModel } from "../select.ts";

const LAYER_DIR = join(import.meta.dirname, "../../../layers/model");

export function useCommand(): Command {
  return new Command("use")
    .description("Choose the model that `sam build` packs: sets the link in layers/model.")
    .argument("<name>", "a folder of models/")
    .option("--models <dir>", "folder of model folders", MODELS_DIR)
    .option("--layer <dir>", "folder of the layer", LAYER_DIR)
    .addHelpText("after", "\nExample:\n  $ npm run model -- use mobilenet-v1")
    .action((name: string, options: { models: string; layer: string }) => {
      selectModel(name, options.models, options.layer);
      console.log(
        `${name} is packed from now on. Deploy it: sam build && sam deploy --parameter-overrides ModelName=${name}`,
      );
    });
}
