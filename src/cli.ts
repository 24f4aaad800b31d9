import { newProgram, USAGE_STATUS } from "./command-line.ts";

interface Subcommand {
  readonly summary: string;
  /** Reads `process.argv` and runs. Loaded only when it is asked for: most of them load much. */
  readonly load: () => Promise<unknown>;
}

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  start: {
    summary: "run everything on this machine with a page, or classify the files and folders given",
    load: () => import("./local/start.ts"),
  },
  classify: {
    summary: "the same as start, for files: at least one is needed",
    load: () => import("./local/classify.ts"),
  },
  invoke: { summary: "invoke the function once with an event", load: () => import("./local/invoke.ts") },
  model: {
    summary: "get, import, evaluate, list and choose models",
    load: () => import("./models/cli.ts"),
  },
  results: {
    summary: "read results again: show, list, count, export",
    load: () => import("./results/cli.ts"),
  },
  verify: { summary: "tell whether a deployed stack works", load: () => import("./verify/cli.ts") },
  bench: { summary: "measure beside baseline, peers and floor", load: () => import("./measure/bench.ts") },
  profile: { summary: "show where the CPU time goes", load: () => import("./measure/profile.ts") },
  "cold-start": {
    summary: "measure process start to first result",
    load: () => import("./measure/cold-start.ts"),
  },
  cost: { summary: "dollars of a million images on Lambda", load: () => import("./measure/cost.ts") },
};

const program = newProgram("")
  .enablePositionalOptions()
  .usage("<command> [options]")
  .description(
    "An image classifier for AWS Lambda on Graviton: run it here, measure it, bring models, verify it.",
  )
  .addHelpText(
    "after",
    `
Each command has its own --help. Exit status: 0 done, 1 something failed, ${USAGE_STATUS} wrong usage, 130 interrupted;
model has further ones, which its help names.

Examples:
  $ graviton-image-classifier start
  $ graviton-image-classifier classify photo.jpg scans/ --csv > results.csv`,
  );

for (const [name, { summary, load }] of Object.entries(SUBCOMMANDS)) {
  program
    .command(name)
    .description(summary)
    .usage("…")
    // The subcommand's own program reads the options, --help and --version among them.
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .passThroughOptions()
    .action(async () => {
      process.argv.splice(2, 1);
      await load();
    });
}

await program.parseAsync();
