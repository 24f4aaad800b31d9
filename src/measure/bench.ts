import { writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { benchChart } from "./charts.ts";
import { judge } from "./criteria.ts";
import { describeMachine } from "./machine.ts";
import { measureWorkload } from "./measure.ts";
import type { BenchReport, WorkloadReport } from "./report.ts";
import { ROWS } from "./rows/catalog.ts";
import { benchText, markdownTable, terminalTable } from "./tables.ts";
import { PICTURE_KINDS, type PictureKindName } from "./workload.ts";

const PROJECT_DIR = resolve(import.meta.dirname, "../..");

interface BenchOptions {
  images?: string;
  pictures: "small" | "12mp" | "both";
  count?: number;
  rounds?: number;
  only?: string[];
  model: string;
  inFlight: number;
  json?: boolean;
  markdown?: boolean;
  svg?: string;
  quick?: boolean;
  scale?: boolean;
  coldStart?: boolean;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError("Expected a whole number above 0.");
  return value;
}

function rowIds(text: string): string[] {
  const known = new Set(ROWS.map(({ id }) => id));
  const ids = text.split(",");
  const unknown = ids.find((id) => !known.has(id));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`Expected rows of ${[...known].join(", ")}; got ${unknown}.`);
  return ids;
}

const program = new Command("bench")
  .description("Measures the classifier beside the published baseline, its peers and its floor.")
  .option("--images <dir>", "your own pictures instead of generated ones")
  .option("--pictures <kind>", "generated pictures: small, 12mp or both", "both")
  .option("--count <n>", "pictures (default: 100 small ones, 12 of 12 MP)", positive)
  .option("--rounds <n>", "alternated rounds of each row (default: 9)", positive)
  .option("--only <rows>", `rows, with commas: ${ROWS.map(({ id }) => id).join(",")}`, rowIds)
  .option("--model <dir>", "model folder", join(PROJECT_DIR, "models/upload-triage"))
  .option("--in-flight <n>", "pictures in flight, as IMAGES_IN_FLIGHT", positive, 3)
  .option("--quick", "a few pictures and rounds: to see that everything runs, not to quote")
  .option("--scale", "instead: 100, 1,000 and 10,000 pictures through the whole local stack")
  .option("--cold-start", "instead: process start to first result, step by step, beside its floor")
  .option("--json", "print the report as JSON")
  .option("--markdown", "print Markdown tables")
  .option("--svg <file>", "write a chart");

/** Which workloads to run, and how many pictures and rounds of each. */
function workloadsOf(
  options: BenchOptions,
): { name: string; kind?: PictureKindName; count: number; rounds: number }[] {
  const rounds = options.rounds ?? (options.quick ? 2 : 9);
  if (options.images !== undefined) {
    return [{ name: basename(resolve(options.images)), count: options.count ?? 100, rounds }];
  }
  const kinds = options.pictures === "both" ? (["small", "12mp"] as const) : [options.pictures];
  return kinds.map((kind) => {
    if (!(kind in PICTURE_KINDS)) throw new Error(`Expected --pictures small, 12mp or both, got ${kind}.`);
    const usual = options.quick ? { small: 10, "12mp": 2 } : { small: 100, "12mp": 12 };
    return { name: kind, kind, count: options.count ?? usual[kind], rounds };
  });
}

async function benchRows(options: BenchOptions): Promise<void> {
  const workloads: WorkloadReport[] = [];
  for (const workload of workloadsOf(options)) {
    workloads.push(
      await measureWorkload({
        ...workload,
        modelDir: resolve(options.model),
        imagesInFlight: options.inFlight,
        dataDir: join(PROJECT_DIR, ".data/measure"),
        ...(options.images === undefined ? {} : { imagesDir: options.images }),
        ...(options.only === undefined ? {} : { only: options.only }),
      }),
    );
  }
  const report: BenchReport = {
    schemaVersion: 1,
    command: ["npm run bench", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(
      " ",
    ),
    machine: describeMachine(),
    model: basename(resolve(options.model)),
    imagesInFlight: options.inFlight,
    workloads,
  };
  const criteria = judge(workloads);
  if (options.svg !== undefined) await writeFile(options.svg, benchChart(report));
  if (options.json) console.log(JSON.stringify({ ...report, criteria }, undefined, 2));
  else console.log(benchText(report, criteria, options.markdown ? markdownTable : terminalTable));
}

const options = program.parse().opts<BenchOptions>();
await benchRows(options);
