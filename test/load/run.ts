import { join } from "node:path";
import Table from "cli-table3";
import { Command, Option } from "commander";
import { RESULTS_AS, type ResultsAs } from "../../src/function/config.ts";
import { type Progress, startProgress } from "../../src/progress.ts";
import { type Load, pushPictures } from "./load.ts";

const options = new Command()
  .name("npm run test:load --")
  .description(
    "Pushes pictures through the whole local stack as fast as it classifies them, then twice as fast, and waits until all has drained.",
  )
  .option("--pictures <n>", "uploads in each of the two phases", Number, 20_000)
  .option("--concurrency <n>", "environments at once", Number, 2)
  .addOption(
    new Option("--results-as <way>", "where the function puts results").choices(RESULTS_AS).default("object"),
  )
  .option("--json", "print the summary as JSON")
  .parse()
  .opts<{ pictures: number; concurrency: number; resultsAs: ResultsAs; json?: true }>();

const progress = new Map<string, Progress>();
const load = await pushPictures({
  modelDir: join(import.meta.dirname, "../../models/upload-triage"),
  resultsAs: options.resultsAs,
  pictures: options.pictures,
  concurrency: options.concurrency,
  progress: showProgress,
});
for (const shown of progress.values()) shown.stop();
if (options.json) console.log(JSON.stringify({ ...options, ...load }));
else printTables(load);
const isWell = load.phases.every(({ lost, wrong, deadLetters }) => lost + wrong + deadLetters === 0);
process.exitCode = isWell && load.functionMemory.verdict !== "growing" && load.deaths === 0 ? 0 : 1;

function showProgress(phase: string, done: number): void {
  const shown =
    progress.get(phase) ?? startProgress({ label: phase, total: options.pictures, unit: "results" });
  progress.set(phase, shown);
  shown.update(done);
}

function printTables({ phases, functionMemory, environments, deaths }: Load): void {
  const head = ["phase", "uploads", "results", "lost", "wrong", "dead", "uploads/s", "results/s"];
  const table = new Table({ head: [...head, "backlog", "drain s", "p50 ms", "p99 ms", "worst ms"] });
  for (const phase of phases) {
    const { latencyMs } = phase;
    table.push([
      phase.name,
      phase.uploads,
      phase.results,
      phase.lost,
      `${phase.wrong} of ${phase.sampled} read`,
      phase.deadLetters,
      phase.uploadsPerSecond.toFixed(1),
      phase.resultsPerSecond.toFixed(1),
      phase.worstBacklog,
      phase.drainSeconds.toFixed(1),
      Math.round(latencyMs.p50),
      Math.round(latencyMs.p99),
      Math.round(latencyMs.worst),
    ]);
  }
  console.log(table.toString());
  const { earlyMb, lateMb, peakMb, verdict } = functionMemory;
  console.log(
    `${environments} environments, ${deaths} died; memory of the fullest ${Math.round(earlyMb)} MB in the second quarter, ` +
      `${Math.round(lateMb)} MB in the last, ${Math.round(peakMb)} MB at most: ${verdict}`,
  );
}
