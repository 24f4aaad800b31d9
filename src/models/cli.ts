import { CommanderError } from "commander";
import { newProgram } from "../command-line.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { importCommand } from "./commands/import.ts";
import { listCommand } from "./commands/list.ts";
import { pullCommand } from "./commands/pull.ts";
import { quantizeCommand } from "./commands/quantize.ts";
import { teachCommand } from "./commands/teach.ts";
import { useCommand } from "./commands/use.ts";
import { CommandError, EXIT_STATUS } from "./errors.ts";

const program = newProgram("model")
  .usage("<command> [options]")
  .description(
    "Get, import, quantize, teach, evaluate and list the models that the function can be deployed with, and choose one.",
  )
  .addCommand(importCommand())
  .addCommand(pullCommand())
  .addCommand(quantizeCommand())
  .addCommand(teachCommand())
  .addCommand(evaluateCommand())
  .addCommand(listCommand())
  .addCommand(useCommand())
  .addHelpText(
    "after",
    `
Exit status: 0 done, 1 crashed, ${Object.entries(EXIT_STATUS)
      .map(([code, status]) => `${status} ${code}`)
      .join(", ")}.

Example:
  $ npm run model -- import mobilenet_v2_1.0_224_quant.tflite --labels imagenet_labels.txt`,
  );

// Subcommands do not inherit it; without it commander exits with status 1 where usage is at fault.
for (const command of [program, ...program.commands]) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommandError) {
    console.error(`${error.code}: ${error.message}`);
    process.exitCode = error.exitStatus;
  } else if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_STATUS.USAGE;
  } else {
    throw error;
  }
}
