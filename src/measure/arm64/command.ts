import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { UsageError } from "../../command-line.ts";
import { startProgress } from "../../progress.ts";
import { terminalTable } from "../tables.ts";
import { type CountOptions, countFunction, countSession, functionSteps } from "./count.ts";
import type { CountReport } from "./count-report.ts";
import { countFlameGraph, countText } from "./print.ts";

/** What `npm run profile -- --arm64` was asked for. */
export interface Arm64Options {
  readonly modelDir: string;
  readonly cpu: string;
  /** The model's `run` alone, instead of the function. */
  readonly session: boolean;
  readonly pictures: readonly string[];
  /** A report of before. */
  readonly compare: string | undefined;
  readonly top: number;
  readonly outDir: string;
  readonly json: boolean;
}

/** Enough: runs of a model are all alike. */
const SESSION_RUNS = 10;

/** Counts, prints, and writes the report and a flame graph. */
export async function profileArm64(options: Arm64Options): Promise<void> {
  const before = options.compare === undefined ? undefined : await readReport(options.compare);
  const counted = options.session ? "session" : "function";
  if (before !== undefined && before.counted !== counted) {
    throw new UsageError(
      `${options.compare} is a count of the ${before.counted}, this is one of the ${counted}.`,
    );
  }
  const total = options.session ? 3 : functionSteps(options.pictures.length);
  const progress = startProgress({ label: `counting on ${options.cpu}`, total, unit: "steps" });
  let steps = 0;
  const countOptions: CountOptions = { ...options, onStep: () => progress.update(++steps) };
  const report = await (options.session
    ? countSession(SESSION_RUNS, countOptions)
    : countFunction(options.pictures, countOptions)
  ).finally(() => progress.stop());
  await mkdir(options.outDir, { recursive: true });
  const file = (suffix: string): string => join(options.outDir, `arm64-${counted}.${suffix}`);
  await writeFile(file("json"), JSON.stringify(report, undefined, 2));
  await writeFile(file("speedscope.json"), JSON.stringify(countFlameGraph(report)));
  if (options.json) {
    console.log(JSON.stringify(report, undefined, 2));
    return;
  }
  console.log(countText(report, before, options.top, terminalTable));
  console.log(
    `\nreport, for --compare: ${relative(".", file("json"))}\n` +
      `flame graph: open in https://www.speedscope.app\n  ${relative(".", file("speedscope.json"))}`,
  );
}

async function readReport(path: string): Promise<CountReport> {
  try {
    const report = JSON.parse(await readFile(path, "utf8")) as CountReport;
    if (report.schemaVersion === 1 && Array.isArray(report.components)) return report;
  } catch (cause) {
    throw new UsageError(`--compare: expected a report of an earlier --arm64 run, cannot read ${path}`, {
      cause,
    });
  }
  throw new UsageError(
    `--compare: expected a report of an earlier --arm64 run, got something else in ${path}`,
  );
}
