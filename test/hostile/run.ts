import { join } from "node:path";
import Table from "cli-table3";
import { Command, Option } from "commander";
import { RESULTS_AS, type ResultsAs } from "../../src/function/config.ts";
import { startProgress } from "../../src/progress.ts";
import { type Trial, tryHostileInputs, type Violation } from "./trial.ts";

const options = new Command()
  .name("npm run test:hostile --")
  .description(
    "Puts thousands of broken, lying and oversized pictures through the built function, under Lambda's limits.",
  )
  .option("--count <n>", "inputs to try", Number, 5500)
  .option("--seed <n>", "the same seed gives the same inputs", Number, 1)
  .option("--like <text>", "only inputs whose name contains this, such as heic", "")
  .option("--model <name>", "a folder in models/", "upload-triage")
  .addOption(
    new Option("--results-as <way>", "where the function puts results").choices(RESULTS_AS).default("object"),
  )
  .option("--json", "print the summary as JSON")
  .parse()
  .opts<{ count: number; seed: number; like: string; model: string; resultsAs: ResultsAs; json?: true }>();

const progress = startProgress({ label: "hostile", total: options.count, unit: "inputs" });
const trial = await tryHostileInputs({
  modelDir: join(import.meta.dirname, "../../models", options.model),
  resultsAs: options.resultsAs,
  seed: options.seed,
  like: options.like,
  count: options.count,
  withSlow: true,
  progress: progress.update,
});
progress.stop();
if (options.json) {
  const { inputs, controls, violations } = trial;
  console.log(JSON.stringify({ ...options, inputs, controls, families: rowsOf(trial), violations }));
} else {
  printTables(trial);
}
process.exitCode = trial.violations.length > 0 ? 1 : 0;

function rowsOf({ families }: Trial) {
  return [...families].map(([family, { inputs, outcomes, worstMs, worstPeakBytes }]) => ({
    family,
    inputs,
    outcomes: Object.fromEntries(outcomes),
    worstMs: Math.round(worstMs),
    worstMiB: Math.round(worstPeakBytes / 2 ** 20),
  }));
}

function printTables(trial: Trial): void {
  const codes = [...new Set([...trial.families.values()].flatMap(({ outcomes }) => [...outcomes.keys()]))];
  codes.sort((a, b) => a.localeCompare(b));
  const table = new Table({ head: ["attack", "inputs", ...codes, "worst ms", "worst MiB"] });
  for (const { family, inputs, outcomes, worstMs, worstMiB } of rowsOf(trial)) {
    table.push([family, inputs, ...codes.map((code) => outcomes[code] ?? 0), worstMs, worstMiB]);
  }
  console.log(table.toString());
  const count = (...kinds: Violation[]) => trial.violations.filter(([kind]) => kinds.includes(kind)).length;
  console.log(
    `${trial.inputs} inputs, results as ${options.resultsAs}, seed ${options.seed}, ${trial.controls} good pictures between them`,
  );
  console.log(
    `crashes ${count("crash")} · wrong answers ${count("wrong answer")} · without a code ${count("no code")} · over time ${count("over time")} · over memory ${count("over memory")}`,
  );
  for (const [kind, text] of trial.violations) console.log(`VIOLATION, ${kind}: ${text}`);
}
