import { Command } from "commander";
import {
  address,
  DEFAULT_CONCURRENCY,
  findModel,
  modelOption,
  origins,
  type StartOptions,
  wholeNumber,
} from "./command/options.ts";
import { printError } from "./command/print-error.ts";
import { runFiles } from "./command/run-files.ts";
import { serve } from "./command/serve.ts";

interface Flags {
  readonly model: string;
  readonly concurrency: number;
  readonly memory?: number;
  readonly timeout?: number;
  readonly port?: number;
  readonly listen?: string;
  readonly allowOrigin: readonly string[];
  readonly data?: string;
  readonly samples: boolean;
  readonly open: boolean;
  readonly json: boolean;
  readonly strict: boolean;
}

const program = new Command("npm start --")
  .description(
    "Runs the image classifier on this machine, from the bundle that is deployed: a local S3 endpoint, a queue, the\n" +
      "function under AWS's runtime client, and a page. With files, classifies those and ends.",
  )
  .argument("[files...]", "pictures, or folders of pictures; without any, runs until Ctrl-C")
  .addOption(modelOption)
  .option(
    "--concurrency <n>",
    "environments of the function at once",
    wholeNumber(1, 64),
    DEFAULT_CONCURRENCY,
  )
  .option(
    "--memory <MB>",
    "memory of an environment (default: as in template.yaml)",
    wholeNumber(128, 10_240),
  )
  .option("--timeout <s>", "time of an invocation (default: as in template.yaml)", wholeNumber(1, 900))
  .option(
    "--port <n>",
    "port of the page; the S3 endpoint has the next one (default: 4400)",
    wholeNumber(1, 65_534),
  )
  .option(
    "--listen <address>",
    "where the S3 endpoint listens beside 127.0.0.1, such as Docker's bridge; it checks no signatures",
    address,
  )
  .option("--allow-origin <origin>", "a web page that may use the S3 endpoint; repeatable", origins, [])
  .option("--data <dir>", "where the buckets are kept (default: .data; with files: nowhere)")
  .option("--no-samples", "do not upload the sample pictures")
  .option("--open", "open the page in a browser", false)
  .option("--json", "print JSON, one object a line", false)
  .option("--strict", "with files: exit with status 1 when one is rejected, too", false)
  .addHelpText(
    "after",
    `
Exit status: 0 all files were processed (a rejected picture is a result), 1 something failed, 130 interrupted.

Examples:
  $ npm start
  $ npm start -- photo.jpg scans/ --model mobilenet-v1
  $ npm start --silent -- --json *.png | jq .document.predictions`,
  )
  .action(async (files: string[], flags: Flags) => {
    process.exitCode = await (files.length > 0 ? runFiles(files, read(flags)) : serve(read(flags)));
  });

function read({ model, concurrency, memory, timeout, port, listen, data, ...others }: Flags): StartOptions {
  const { name, dir } = findModel(model);
  return {
    ...others,
    modelName: name,
    data,
    port,
    stack: {
      modelDir: dir,
      concurrency,
      ...(memory !== undefined && { memoryMb: memory }),
      ...(timeout !== undefined && { timeoutSeconds: timeout }),
      ...(listen !== undefined && { listen }),
    },
  };
}

await program.parseAsync().catch(printError);
