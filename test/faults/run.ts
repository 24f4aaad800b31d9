import { join } from "node:path";
import { SingleBar } from "cli-progress";
import Table from "cli-table3";
import { Command } from "commander";
import { FAULT_CLASSES, type FaultClass, simulate } from "./simulate.ts";

const options = new Command()
  .name("npm run test:faults --")
  .description(
    "Plays seeded faults against the function and checks that nothing is lost and no result is wrong.",
  )
  .option("--runs <n>", "runs", Number, 3000)
  .option("--seed <n>", "the same seed makes the same choices", Number, 1)
  .option("--only <classes>", "fault classes, separated by commas", (text) => text.split(",").map(parseClass))
  .option("--json", "print the summary as JSON")
  .parse()
  .opts<{ runs: number; seed: number; only?: FaultClass[]; json?: true }>();

function parseClass(text: string): FaultClass {
  const known = FAULT_CLASSES.find((name) => name === text);
  if (known === undefined) throw new Error(`expected one of ${FAULT_CLASSES.join(", ")}, got ${text}`);
  return known;
}

const bar = new SingleBar({ format: "{bar} {value}/{total} runs, {eta_formatted} left", noTTYOutput: false });
bar.start(options.runs, 0);
const { injected, violations, ...counts } = await simulate({
  modelDir: join(import.meta.dirname, "../../models/upload-triage"),
  seed: options.seed,
  runs: options.runs,
  ...(options.only !== undefined && { classes: options.only }),
  progress: (done) => bar.update(done),
});
bar.stop();
if (options.json) {
  console.log(JSON.stringify({ ...options, ...counts, injected: Object.fromEntries(injected), violations }));
} else {
  const table = new Table({ head: ["fault", "injected"] });
  for (const fault of FAULT_CLASSES) table.push([fault, injected.get(fault) ?? 0]);
  console.log(table.toString());
  console.log(
    `${counts.runs} runs, seed ${options.seed}: ${counts.uploads} uploads, ${counts.invocations} invocations; of the newest of each key ` +
      `${counts.results} have their result and ${counts.deadUploads} are dead letters with their reason`,
  );
  for (const violation of violations) console.log(`VIOLATION ${violation}`);
  console.log(`${violations.length} violations`);
}
// What is left of killed invocations need not be waited for.
process.exit(violations.length > 0 ? 1 : 0);
