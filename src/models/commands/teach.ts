import { Command, Option } from "commander";
import { MODELS_DIR } from "../folder.ts";
import { renderTeachReport } from "../teach/print.ts";
import { type TeachOptions, teach } from "../teach/teach.ts";

export function teachCommand(): Command {
  return new Command("teach")
    .description(
      "Make a model for labels of your own, from a folder of images: a new head on a model that is here. Seconds on a CPU.",
    )
    .argument("<name>", "name of the new model")
    .requiredOption(
      "--images <dir...>",
      "images as <label>/<file>, from 5 of a label on, 20 are better; <label>/<source>/<file> where several are of one source; _other/ for what is none of the labels. Of several folders the later ones are right where they differ",
    )
    .option("--list <file...>", "only the images of these lists, lines of file<TAB>label below --images")
    .option(
      "--backbone <model...>",
      "models in models/, or paths, to build on (default: all that are here; the best is taken)",
    )
    .addOption(
      new Option(
        "--extend <model>",
        "build on this model and keep its own labels as a further head: one inference answers both",
      ).conflicts("backbone"),
    )
    .option("--models <dir>", "folder of model folders", MODELS_DIR)
    .option("--force", "replace a model of that name")
    .option("--json", "print everything as JSON")
    .addHelpText(
      "after",
      `
What is estimated is estimated by images that were left out; report.html in the model's folder shows those that were got wrong.
Not for fine detail, for what is told by position or by reading, nor for medical images.

Examples:
  $ npm run model -- pull mobilenet-v2
  $ npm run model -- teach flowers --images pictures/flowers
  $ npm run model -- teach flowers --images pictures/flowers corrections/images --force
  $ npm run model -- teach receipts --images pictures/papers --extend upload-triage
  $ npm start -- --model flowers photo.jpg`,
    )
    .action(
      async (
        name: string,
        options: Omit<TeachOptions, "name" | "lists" | "backbones"> & {
          list?: string[];
          backbone?: string[];
          json?: true;
        },
      ) => {
        const { list, backbone, json } = options;
        const report = await teach({
          ...options,
          name,
          ...(list !== undefined && { lists: list }),
          ...(backbone !== undefined && { backbones: backbone }),
        });
        console.log(json ? JSON.stringify(report, undefined, 2) : renderTeachReport(report));
      },
    );
}
