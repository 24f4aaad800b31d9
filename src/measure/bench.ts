import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { Option } from "commander";
import { newProgram, printError } from "../command-line.ts";
import { findModel, modelOption, wholeNumber } from "../local/command/options.ts";
import { PUBLISHED_ARCHITECTURE } from "../models/folder.ts";
import { startProgress } from "../progress.ts";
import { benchChart } from "./charts.ts";
import { firstCores } from "./cores.ts";
import { judge } from "./criteria.ts";
import { describeMachine } from "./machine.ts";
import { measureWorkload } from "./measure.ts";
import type { BenchReport, WorkloadReport } from "./report.ts";
import { ROWS, rowIds } from "./rows/catalog.ts";
import { aboutScale, judgeScale, runOrder, type ScaleReport, scaleChart, scaleSections } from "./scale.ts";
import { runAtScale, type ScaleRun } from "./scale-run.ts";
import { aboutBench, benchSections, markdownReport, type Section, terminalReport } from "./tables.ts";
import { generatedWorkload, PICTURE_KINDS, type PictureKindName } from "./workload.ts";

const PROJECT_DIR = resolve(import.meta.dirname, "../..");
const DATA_DIR = join(PROJECT_DIR, ".data/measure");

interface BenchOptions {
  images?: string;
  pictures: PictureKindName | "both";
  count?: number;
  rounds?: number;
  only?: string[];
  model: string;
  inFlight: number;
  cores?: number;
  quick?: boolean;
  scale?: boolean;
  json?: boolean;
  out?: string;
}

const program = newProgram("bench")
  .description("Measures the classifier beside the published baseline, its peers and its floor.")
  .option("--images <dir>", "your own pictures instead of generated ones")
  .addOption(
    new Option("--pictures <kind>", "which pictures are generated")
      .choices([...Object.keys(PICTURE_KINDS), "both"])
      .default("both"),
  )
  .option("--count <n>", "pictures (default: 100 small ones, 12 of 12 MP)", wholeNumber(1, 10_000))
  .option("--rounds <n>", "alternated rounds of each row (default: 11)", wholeNumber(1, 1000))
  .option("--only <rows>", `rows, with commas: ${ROWS.map(({ id }) => id).join(",")}`, rowIds)
  .addOption(modelOption(PUBLISHED_ARCHITECTURE))
  .option("--in-flight <n>", "pictures in flight, as IMAGES_IN_FLIGHT", wholeNumber(1, 32), 3)
  .addOption(
    new Option("--cores <n>", "cores that each row is kept to: on Lambda 1,769 MB give the time of one")
      .argParser(wholeNumber(1, 1024))
      .conflicts("scale"),
  )
  .option("--quick", "few pictures and rounds: to see that everything runs, not to quote")
  .option("--scale", "instead: 100, 1,000 and 10,000 pictures through the whole local stack")
  .option("--json", "print the report as JSON")
  .option("--out <prefix>", "also write PREFIX.md with all tables and PREFIX.svg with the chart")
  .addHelpText(
    "after",
    `
Peers (transformers.js, jimp) are installed into src/measure/peers on the first run. Rows of Python run where
python3, or $PYTHON, has Pillow and NumPy. What cannot run is left out by name.

Exit status: 0 when it measured, whatever it found; 1 when it could not.`,
  )
  .action((options: BenchOptions) => (options.scale ? benchScale(options) : benchRows(options)));

/** Which workloads to run, and how many pictures and rounds of each. */
function workloadsOf(
  options: BenchOptions,
): { name: string; kind?: PictureKindName; count: number; rounds: number }[] {
  const rounds = options.rounds ?? (options.quick ? 2 : 11);
  if (options.images !== undefined) {
    return [{ name: basename(resolve(options.images)), count: options.count ?? 100, rounds }];
  }
  const kinds = options.pictures === "both" ? (["small", "12mp"] as const) : [options.pictures];
  const usual = options.quick ? { small: 10, "12mp": 2 } : { small: 100, "12mp": 12 };
  return kinds.map((kind) => ({ name: kind, kind, count: options.count ?? usual[kind], rounds }));
}

async function benchRows(options: BenchOptions): Promise<void> {
  const model = findModel(options.model);
  const cores = options.cores === undefined ? undefined : firstCores(options.cores);
  const workloads: WorkloadReport[] = [];
  for (const workload of workloadsOf(options)) {
    workloads.push(
      await measureWorkload({
        ...workload,
        modelDir: resolve(model.dir),
        imagesInFlight: options.inFlight,
        dataDir: DATA_DIR,
        ...(cores === undefined ? {} : { cores }),
        ...(options.images === undefined ? {} : { imagesDir: options.images }),
        ...(options.only === undefined ? {} : { only: options.only }),
      }),
    );
  }
  const report: BenchReport = {
    schemaVersion: 1,
    command: commandLine(),
    machine: describeMachine(),
    model: model.name,
    imagesInFlight: options.inFlight,
    ...(cores === undefined ? {} : { coresPerRow: cores.count }),
    workloads,
  };
  const criteria = judge(workloads);
  await present(
    options,
    "Bench",
    { ...report, criteria },
    aboutBench(report),
    benchSections(report, criteria),
    () => benchChart(report),
  );
}

async function benchScale(options: BenchOptions): Promise<void> {
  const model = findModel(options.model);
  const concurrency = availableParallelism();
  const sizes = options.quick ? [20, 50, 100] : [100, 1000, 10_000];
  const paths = await generatedWorkload(PICTURE_KINDS.small, 100, join(DATA_DIR, "pictures"));
  const order = runOrder(sizes);
  const total = order.reduce((sum, size) => sum + size, 0);
  const progress = startProgress({ label: "scale", total, unit: "pictures" });
  const runs: ScaleRun[] = [];
  let before = 0;
  try {
    for (const size of order) {
      const scaled = { modelDir: resolve(model.dir), paths, concurrency };
      runs.push(await runAtScale(size, scaled, (done) => progress.update(before + done)));
      before += size;
    }
  } finally {
    progress.stop();
  }
  const report: ScaleReport = {
    schemaVersion: 1,
    command: commandLine(),
    machine: describeMachine(),
    model: model.name,
    concurrency,
    runs,
  };
  const whole = { ...report, criteria: judgeScale(runs) };
  await present(options, "Scale", whole, aboutScale(report), scaleSections(report), () => scaleChart(report));
}

/** Prints a report, and writes it as a page with its chart where that was asked for. */
async function present(
  { json, out }: BenchOptions,
  title: string,
  report: object,
  about: readonly string[],
  sections: readonly Section[],
  chart: () => string,
): Promise<void> {
  console.log(json ? JSON.stringify(report, undefined, 2) : terminalReport(about, sections));
  if (out === undefined) return;
  await writeFile(`${out}.svg`, chart());
  await writeFile(`${out}.md`, markdownReport(title, about, sections, `${basename(out)}.svg`));
  console.error(`written: ${relative(".", `${out}.md`)}, ${relative(".", `${out}.svg`)}`);
}

/** How to repeat this run: without the options that only say what becomes of the report. */
function commandLine(): string {
  const args = process.argv.slice(2);
  const out = args.indexOf("--out");
  const kept = args.filter((arg, i) => arg !== "--json" && (out < 0 || (i !== out && i !== out + 1)));
  return kept.length === 0 ? "npm run bench" : `npm run bench -- ${kept.join(" ")}`;
}

await program.parseAsync().catch(printError);
