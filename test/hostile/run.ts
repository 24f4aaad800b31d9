import { join } from "node:path";
import { SingleBar } from "cli-progress";
import Table from "cli-table3";
import { Command } from "commander";
import { tryHostileInputs } from "./trial.ts";

const options = new Command()
  .name("npm run test:hostile --")
  .description(
    "Puts thousands of broken, lying and oversized pictures through the function and counts what survives.",
  )
  .option("--count <n>", "inputs to try", Number, 5000)
  .option("--seed <n>", "the same seed gives the same inputs", Number, 1)
  .option("--model <name>", "a folder in models/", "upload-triage")
  .option("--json", "print the summary as JSON")
  .parse()
  .opts<{ count: number; seed: number; model: string; json?: true }>();

const bar = new SingleBar({
  format: "{bar} {value}/{total} inputs, {eta_formatted} left",
  noTTYOutput: false,
});
bar.start(options.count, 0);
const trial = await tryHostileInputs({
  modelDir: join(import.meta.dirname, "../../models", options.model),
  seed: options.seed,
  count: options.count,
  withSlow: true,
  progress: (done) => bar.update(done),
});
bar.stop();

const rows = [...trial.kinds].map(([kind, { inputs, outcomes, worstMs, worstPeakBytes }]) => ({
  kind,
  inputs,
  classified: outcomes.get("classified") ?? 0,
  rejected: inputs - (outcomes.get("classified") ?? 0),
  worstMs: Math.round(worstMs),
  worstPeakMiB: Math.round(worstPeakBytes / 2 ** 20),
}));
if (options.json) {
  console.log(
    JSON.stringify({
      ...options,
      inputs: trial.inputs,
      controls: trial.controls,
      rows,
      violations: trial.violations,
    }),
  );
} else {
  const table = new Table({
    head: ["attack", "inputs", "classified", "rejected", "worst ms", "worst peak MiB"],
  });
  for (const row of rows) table.push(Object.values(row));
  console.log(table.toString());
  console.log(
    `${trial.inputs} inputs, seed ${options.seed}; ${trial.controls} good pictures between them, each with its normal answer unless listed below.`,
  );
  for (const violation of trial.violations) console.log(`VIOLATION ${violation}`);
  console.log(`${trial.violations.length} violations`);
}
process.exitCode = trial.violations.length > 0 ? 1 : 0;
