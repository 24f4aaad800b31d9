import { type Command, Option } from "commander";
import { newProgram, UsageError } from "../../command-line.ts";
import { RESULTS_AS, type ResultsAs } from "../../function/config.ts";
import {
  address,
  DEFAULT_CONCURRENCY,
  findModel,
  modelOption,
  origins,
  type StartOptions,
  wholeNumber,
} from "./options.ts";

interface Flags {
  readonly model: string;
  readonly concurrency: number;
  readonly memory?: number;
  readonly timeout?: number;
  readonly resultsAs?: ResultsAs;
  readonly port?: number;
  readonly listen?: string;
  readonly allowOrigin: readonly string[];
  readonly data?: string;
  readonly samples: boolean;
  readonly open: boolean;
  readonly json: boolean;
  readonly csv: boolean;
  readonly strict: boolean;
  readonly compare?: string;
  readonly watch?: string;
}

/** `start` runs until it is told to end, or classifies files and ends; `classify` is the latter alone. */
export function startProgram(name: "start" | "classify"): Command {
  const program = newProgram(name)
    .description(
      name === "classify"
        ? "Classifies images on this machine, through the whole local stack, and ends."
        : "Runs the image classifier on this machine, from the bundle that is deployed: a local S3 endpoint, a queue, " +
            "the function under AWS's runtime client, and a page. With files, classifies those and ends.",
    )
    .argument("[files...]", "images, folders of images, or - for one image on stdin")
    .addOption(modelOption())
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
    .addOption(
      new Option("--results-as <way>", "where results go (default: as in template.yaml)").choices(RESULTS_AS),
    )
    .option("--data <dir>", "where the buckets are kept (default: .data of the project; with files: nowhere)")
    .option("--json", "print JSON, one object on each line", false)
    .option("--csv", "with files: print a table of comma-separated values", false)
    .option(
      "--compare <model>",
      "with files: classify them by this model, too, and show where the two differ",
    )
    .option("--watch <folder>", "classify the images of a folder, and those that come into it, until Ctrl-C")
    .option("--strict", "with files: exit with status 1 when one is rejected, too", false);
  if (name === "start") addServerOptions(program);
  return program
    .addHelpText("after", name === "start" ? START_HELP : CLASSIFY_HELP)
    .action(async (files: string[], flags: Flags) => {
      const hasFiles = files.length > 0 || flags.watch !== undefined;
      if (!hasFiles && name === "classify")
        throw new UsageError("classify expects files or folders; see --help.");
      for (const flag of ["csv", "compare"] as const)
        if (!hasFiles && flags[flag]) throw new UsageError(`--${flag} is for files; see --help.`);
      if (flags.compare !== undefined && flags.watch !== undefined)
        throw new UsageError("expected --compare or --watch, got both.");
      if (flags.csv && flags.json) throw new UsageError("expected --csv or --json, got both.");
      const options = read(flags);
      // Loaded only now: help and wrong usage are told at once.
      if (hasFiles) process.exitCode = await (await import("./run-files.ts")).runFiles(files, options);
      else process.exitCode = await (await import("./serve.ts")).serve(options);
    });
}

function addServerOptions(program: Command): void {
  program
    .option(
      "--port <n>",
      "port of the page; the S3 endpoint has the next one, and 0 takes free ones (default: 4400)",
      wholeNumber(0, 65_534),
    )
    .option(
      "--listen <address>",
      "where the S3 endpoint listens beside 127.0.0.1, such as Docker's bridge; it checks no signatures",
      address,
    )
    .option("--allow-origin <origin>", "a web page that may use the S3 endpoint; repeatable", origins, [])
    .option("--no-samples", "do not upload the sample images")
    .option("--open", "open the page in a browser", false);
}

const EXIT_STATUS =
  "Exit status: 0 all files were processed (a rejected image is a result), 1 something failed, 2 wrong usage, 130 interrupted.";

const START_HELP = `
${EXIT_STATUS}

Examples:
  $ npm start
  $ npm start -- photo.jpg scans/ --model mobilenet-v1
  $ graviton-image-classifier start --port 8000 --open`;

const CLASSIFY_HELP = `
${EXIT_STATUS}

Examples:
  $ graviton-image-classifier classify photo.jpg scans/ --model mobilenet-v1
  $ graviton-image-classifier classify --json *.png | jq .document.predictions
  $ graviton-image-classifier classify scans/ --csv > results.csv
  $ graviton-image-classifier classify scans/ --compare mobilenet-v1
  $ graviton-image-classifier classify --watch inbox/`;

function read({ model, concurrency, memory, timeout, resultsAs, listen, ...others }: Flags): StartOptions {
  const { name, dir } = findModel(model);
  const {
    data,
    port,
    allowOrigin = [],
    samples = false,
    open = false,
    json,
    csv,
    strict,
    compare,
    watch,
  } = others;
  return {
    ...{ data, port, allowOrigin, samples, open, json, csv, strict, watch },
    compareDir: compare === undefined ? undefined : findModel(compare).dir,
    modelName: name,
    stack: {
      modelDir: dir,
      concurrency,
      ...(memory !== undefined && { memoryMb: memory }),
      ...(timeout !== undefined && { timeoutSeconds: timeout }),
      ...(resultsAs !== undefined && { environment: { RESULTS_AS: resultsAs } }),
      ...(listen !== undefined && { listen }),
    },
  };
}
