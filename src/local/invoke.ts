import { newProgram, printError } from "../command-line.ts";
import { invokeOnce } from "./command/invoke-once.ts";
import { modelOption } from "./command/options.ts";

const program = newProgram("invoke")
  .description(
    "Invokes the function once with an event, as it is, and prints its answer. Pictures that the event names and that " +
      "are among the samples are uploaded first. The function's log and the results that it wrote go to stderr.",
  )
  .argument("<event>", "a JSON file (there is one of every shape in events/), or - for stdin")
  .addOption(modelOption())
  .option("--data <dir>", "keep the buckets in this folder (default: nowhere)")
  .option("--json", "print the answer on one line", false)
  .addHelpText(
    "after",
    `
Exit status: 0 the function answered, 1 it ended with an error or could not be invoked, 2 wrong usage, 130 interrupted.

Examples:
  $ npm run invoke -- events/s3-put.json
  $ echo '{"bucket":"uploads","key":"photo-1.jpg"}' | npm run --silent invoke -- - --json`,
  )
  .action(async (event: string, options: { model: string; data?: string; json: boolean }) => {
    process.exitCode = await invokeOnce(event, options);
  });

await program.parseAsync().catch(printError);
