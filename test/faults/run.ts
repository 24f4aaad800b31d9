import { join } from "node:path";
import Table from "cli-table3";
import { Command, InvalidArgumentError, Option } from "commander";
import { RESULTS_AS, type ResultsAs } from "../../src/function/config.ts";
import { startProgress } from "../../src/progress.ts";
import { printMechanisms, tryMechanisms } from "./mutate.ts";
import { STAGES, type Stage, simulateProcesses } from "./processes.ts";
import { FAULT_CLASSES, type FaultClass, simulate } from "./simulate.ts";

const MODEL_DIR = join(import.meta.dirname, "../../models/upload-triage");

const options = new Command()
  .name("npm run test:faults --")
  .description(
    "Plays seeded faults against the function and checks that nothing is lost and no result is wrong.",
  )
  .option("--runs <n>", "runs", Number, 1000)
  .option("--processes <n>", "runs with real processes under the runtime client", Number, 300)
  .option("--mutations", "instead: disable one mechanism after the other, and see that its fault is noticed")
  .addOption(
    new Option("--results-as <way>", "where the function puts results").choices(RESULTS_AS).default("object"),
  )
  .option("--seed <n>", "the same seed makes the same choices", Number, 1)
  .option("--only <faults>", "faults of the table, separated by commas", (text) =>
    text.split(",").map(parseFault),
  )
  .option("--stop", "play no further runs once an invariant is broken")
  .option("--json", "print the summary as JSON")
  .parse()
  .opts<{
    runs: number;
    processes: number;
    seed: number;
    resultsAs: ResultsAs;
    only?: (FaultClass | Stage)[];
    mutations?: true;
    stop?: true;
    json?: true;
  }>();

function parseFault(text: string): FaultClass | Stage {
  const all = [...FAULT_CLASSES, ...STAGES];
  const known = all.find((name) => name === text);
  if (known === undefined) throw new InvalidArgumentError(`Expected some of ${all.join(", ")}; got ${text}.`);
  return known;
}

if (options.mutations) {
  const tried = await tryMechanisms({ modelDir: MODEL_DIR, seed: options.seed });
  printMechanisms(tried);
  process.exit(tried.every(({ noticed }) => noticed !== undefined) ? 0 : 1);
}

const { seed, only, resultsAs } = options;
const shared = { modelDir: MODEL_DIR, resultsAs, seed, stopAtViolation: options.stop === true };
const progress = startProgress({ label: "faults", total: options.runs + options.processes, unit: "runs" });
const simulated = await simulate({
  ...shared,
  runs: options.runs,
  ...(only !== undefined && { classes: FAULT_CLASSES.filter((fault) => only.includes(fault)) }),
  progress: progress.update,
});
const processes = await simulateProcesses({
  ...shared,
  runs: options.processes,
  ...(only !== undefined && { stages: STAGES.filter((stage) => only.includes(stage)) }),
  progress: (done) => progress.update(options.runs + done),
});
progress.stop();
const violations = [...simulated.violations, ...processes.violations];
if (options.json) {
  const withCounts = ({ injected, ...rest }: typeof simulated | typeof processes) => ({
    ...rest,
    injected: Object.fromEntries(injected),
  });
  console.log(
    JSON.stringify({
      ...options,
      simulated: withCounts(simulated),
      processes: withCounts(processes),
      violations,
    }),
  );
} else {
  const table = new Table({ head: ["fault", "injected"] });
  for (const fault of FAULT_CLASSES) table.push([fault, simulated.injected.get(fault) ?? 0]);
  for (const stage of STAGES) table.push([`process, ${stage}`, processes.injected.get(stage) ?? 0]);
  console.log(table.toString());
  for (const [what, { runs, uploads, results, deadUploads }] of Object.entries({ simulated, processes })) {
    console.log(
      `${runs} runs, ${what}, results as ${resultsAs}, seed ${seed}: ${uploads} uploads; of the newest of each key ${results} have their result and ` +
        `${deadUploads} are dead letters with their reason`,
    );
  }
  for (const violation of violations) console.log(`VIOLATION ${violation}`);
  console.log(`${violations.length} violations`);
}
// What is left of killed invocations need not be waited for.
process.exit(violations.length > 0 ? 1 : 0);
