import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { newProgram } from "../command-line.ts";
import { RESULTS_AS, type ResultsAs } from "../function/config.ts";
import { PROJECT_DIR, readFunctionTemplate, readTemplate } from "../local/template.ts";
import { startProgress } from "../progress.ts";
import { type MeasuredBatch, measureWork } from "./cost/measure.ts";
import { metricQueries, readMetrics } from "./cost/metrics-file.ts";
import { type Assumptions, dollarsPerMillion, REQUESTS, type Work } from "./cost/model.ts";
import { PRICES } from "./cost/prices.ts";
import { costChart, costText } from "./cost/print.ts";
import type { CostReport } from "./cost/report.ts";
import { BATCH_SIZES, best, settingOf, sweep } from "./cost/sweep.ts";
import { describeMachine } from "./machine.ts";
import { terminalTable } from "./tables.ts";
import { generatedWorkload, PICTURE_KINDS, picturesIn } from "./workload.ts";

interface Options {
  metrics?: string;
  metricQueries?: string;
  resultsAs: ResultsAs;
  memory?: number;
  model: string;
  images?: string;
  invocations: number;
  s3Ms: number;
  coldStarts: number;
  armRatio: number;
  x86Ratio: number;
  svg?: string;
  json?: boolean;
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0)) throw new InvalidArgumentError("Expected a number of at least 0.");
  return value;
}

function count(text: string): number {
  const value = number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError("Expected a whole number above 0.");
  return value;
}

const program = newProgram("cost")
  .description("Dollars a million pictures on Lambda, by memory and batch size, beside the alternatives.")
  .option(
    "--metrics <file>",
    "what GetMetricData says of the deployed function, instead of a measurement here",
  )
  .option("--memory <mb>", "with --metrics: the function's memory (default: template.yaml's)", count)
  .addOption(
    new Option("--results-as <way>", "with --metrics: the stack's ResultsAs")
      .choices(RESULTS_AS)
      .default("object"),
  )
  .option("--metric-queries <function>", "print the queries whose answer --metrics reads")
  .option("--model <dir>", "model folder", join(PROJECT_DIR, "models/upload-triage"))
  .option("--images <dir>", "your own pictures instead of generated small ones")
  .option("--invocations <n>", "measured invocations of each batch size", count, 20)
  .option("--s3-ms <n>", "assumed milliseconds of an S3 request", number, 30)
  .option("--cold-starts <share>", "assumed share of invocations that start cold", number, 0.01)
  .option("--arm-ratio <n>", "CPU time on Lambda arm64 over CPU time here", number, 1)
  .option("--x86-ratio <n>", "CPU time on Lambda x86 over CPU time here", number, 1)
  .option("--svg <file>", "write a chart")
  .option("--json", "print the report as JSON");

async function pictures(dir: string | undefined): Promise<string[]> {
  if (dir !== undefined) return picturesIn(dir);
  return generatedWorkload(PICTURE_KINDS.small, 30, join(PROJECT_DIR, ".data/measure/pictures"));
}

type Measured = { way: ResultsAs; work: Work; batches: MeasuredBatch[] };

/** Measures the function here, and models every memory and batch size on it. */
async function modelled(options: Options): Promise<CostReport> {
  const template = readFunctionTemplate(await readTemplate());
  const total = options.invocations * 2 * RESULTS_AS.length;
  const progress = startProgress({ label: "measuring", total, unit: "invocations" });
  let invocations = 0;
  const images = await pictures(options.images);
  const measured: Measured[] = [];
  try {
    for (const resultsAs of RESULTS_AS) {
      const found = await measureWork({
        resultsAs,
        modelDir: resolve(options.model),
        pictures: images,
        invocations: options.invocations,
        onInvocation: () => progress.update(++invocations),
      });
      measured.push({ way: resultsAs, ...found });
    }
  } finally {
    progress.stop();
  }
  const { work, batches } = measured.find(({ way }) => way === template.environment.RESULTS_AS) as Measured;
  const assumptions: Assumptions = {
    s3RequestMs: options.s3Ms,
    imagesInFlight: Number(template.environment.IMAGES_IN_FLIGHT ?? 3),
    coldStartShare: options.coldStarts,
    cpuRatio: { arm64: options.armRatio, x86: options.x86Ratio },
  };
  const { memoryMb, queue } = template;
  const batchSizes = [...new Set([...BATCH_SIZES, queue.batchSize])].sort((a, b) => a - b);
  const [arm, x86] = (["arm64", "x86"] as const).map((architecture) =>
    settingOf(work, assumptions, PRICES, architecture, memoryMb, queue.batchSize),
  );
  const settings = sweep(work, assumptions, PRICES, "arm64");
  const cheapest = best(settings, ({ dollars }) => dollars.total);
  const shown = [
    ["Lambda arm64, as template.yaml", arm],
    ["Lambda x86, as template.yaml", x86],
    ["Lambda arm64, cheapest", cheapest],
  ] as const;
  return {
    schemaVersion: 1,
    basis: "modelled from a measurement on this machine, not yet run on AWS",
    prices: PRICES,
    machine: describeMachine(),
    work,
    measured: batches,
    assumptions,
    deployed: shown.flatMap(([title, setting]) =>
      setting === undefined
        ? []
        : [{ ...setting, title: `${title} (${setting.memoryMb} MB, batches of ${setting.batch})` }],
    ),
    cheapest,
    ways: measured.map(({ way, work: own }) => ({
      way,
      work: own,
      settings: batchSizes.map((size) => settingOf(own, assumptions, PRICES, "arm64", memoryMb, size)),
    })),
    fastest: best(settings, ({ msPerPicture }) => msPerPicture),
    sweep: settings,
    slowS3: settingOf(work, { ...assumptions, s3RequestMs: 100 }, PRICES, "arm64", memoryMb, queue.batchSize),
  };
}

/** What the deployed function costs: its durations are measured, so nothing is modelled but its share of cold starts. */
async function deployed(file: string, options: Options): Promise<CostReport> {
  const { invocations, durationMs, pictures: done } = readMetrics(await readFile(file, "utf8"));
  const memoryMb = options.memory ?? readFunctionTemplate(await readTemplate()).memoryMb;
  const batch = done / invocations;
  const ms = durationMs / invocations;
  const extra = {
    initMs: 0,
    coldStartShare: 0,
    logBytes: { fixed: 0, perPicture: 0 },
    resultBytesPerPicture: 0,
    requests: REQUESTS[options.resultsAs],
  };
  const dollars = dollarsPerMillion(PRICES, "arm64", memoryMb, batch, ms, extra);
  const title = `deployed, ${memoryMb} MB, ${batch.toFixed(1)} pictures an invocation`;
  return {
    schemaVersion: 1,
    basis: "metrics of the deployed function",
    prices: PRICES,
    deployed: [{ title, memoryMb, batch, msPerPicture: durationMs / done, dollars }],
    sweep: [],
  };
}

const options = program.parse().opts<Options>();
try {
  if (options.metricQueries !== undefined) {
    const queries = metricQueries(options.metricQueries, "graviton-image-classifier", "upload-triage");
    console.log(JSON.stringify(queries, undefined, 2));
  } else {
    const report =
      options.metrics === undefined ? await modelled(options) : await deployed(options.metrics, options);
    if (options.svg !== undefined) await writeFile(options.svg, costChart(report));
    console.log(options.json ? JSON.stringify(report, undefined, 2) : costText(report, terminalTable));
  }
} catch (error) {
  console.error(`cost: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
