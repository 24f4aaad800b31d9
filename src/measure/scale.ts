import { linearRegression, linearRegressionLine, mean, rSquared } from "simple-statistics";
import { lineChart } from "./charts.ts";
import type { CriterionReport } from "./criteria.ts";
import { type Machine, machineLine } from "./machine.ts";
import type { ScaleRun } from "./scale-run.ts";
import { spreadOf } from "./statistics.ts";
import { criteriaGrid, type Section } from "./tables.ts";

/** What `npm run bench -- --scale --json` prints. */
export interface ScaleReport {
  schemaVersion: 1;
  command: string;
  machine: Machine;
  model: string;
  concurrency: number;
  /** In the order in which they ran. */
  runs: ScaleRun[];
}

/** Milliseconds of a run = `interceptMs + msPerPicture · pictures`. */
export interface ScaleFit {
  msPerPicture: number;
  interceptMs: number;
  rSquared: number;
}

/**
 * The order of the runs: up to the largest and down again, so that a machine that becomes slower or faster
 * meanwhile does not look like growth.
 */
export function runOrder(sizes: readonly number[]): number[] {
  return [...sizes, ...sizes.slice(0, -1).reverse()];
}

/** A straight line through all runs: what is linear has a small intercept and an R² near 1. */
export function fitRuns(runs: readonly ScaleRun[]): ScaleFit {
  const points = runs.map(({ pictures, wallMs }) => [pictures, wallMs]);
  const { m, b } = linearRegression(points);
  return { msPerPicture: m, interceptMs: b, rSquared: rSquared(points, linearRegressionLine({ m, b })) };
}

/** The means of the runs of each size, ascending. */
export function bySize(runs: readonly ScaleRun[]): ScaleRun[] {
  return [...Map.groupBy(runs, ({ pictures }) => pictures)]
    .map(([pictures, same]): ScaleRun => {
      const meanOf = (field: Exclude<keyof ScaleRun, "pictures">): number =>
        mean(same.map((run) => run[field]));
      return {
        pictures,
        wallMs: meanOf("wallMs"),
        cpuMs: meanOf("cpuMs"),
        functionMb: meanOf("functionMb"),
        endpointMb: meanOf("endpointMb"),
      };
    })
    .sort((a, b) => a.pictures - b.pictures);
}

const MOST_GROWTH = 1.05;

/** Time a picture and memory of the largest size over those of the one before it. */
export function judgeScale(runs: readonly ScaleRun[]): CriterionReport[] {
  const [before, largest] = bySize(runs).slice(-2);
  if (before === undefined || largest === undefined) return [];
  const workload = `${countText(largest.pictures)} / ${countText(before.pictures)}`;
  const criterion = (name: string, of: (run: ScaleRun) => number): CriterionReport => {
    const others = runs.filter(({ pictures }) => pictures === before.pictures);
    const measured = spreadOf(others.map((run) => of(largest) / of(run)));
    const reached = measured.median <= MOST_GROWTH;
    return { name, workload, target: `≤ ${MOST_GROWTH}×`, measured, unit: "×", reached };
  };
  return [
    criterion("time a picture", ({ wallMs, pictures }) => wallMs / pictures),
    criterion("memory of the function", ({ functionMb }) => functionMb),
  ];
}

/** The machine, the model, and the command that repeats the run. */
export function aboutScale({ machine, model, concurrency, command }: ScaleReport): string[] {
  return [
    machineLine(machine),
    `Small pictures through S3 endpoint, queue and ${concurrency} function processes on one machine, model ${model}. ` +
      `Repeat with \`${command}\`.`,
  ];
}

/** Criteria, runs and fit as tables. */
export function scaleSections({ runs }: ScaleReport): Section[] {
  const { msPerPicture, interceptMs, rSquared: fitted } = fitRuns(runs);
  const fit = `Fit: ${msPerPicture.toFixed(2)} ms × pictures + ${(interceptMs / 1000).toFixed(2)} s (R² ${fitted.toFixed(5)}).`;
  return [
    { title: "Criteria", grid: criteriaGrid(judgeScale(runs)) },
    {
      title: "Runs, in their order",
      grid: {
        head: [
          "pictures",
          "ms a picture",
          "CPU ms a picture",
          "total s",
          "function MB",
          "endpoint and queue MB",
        ],
        rows: runs.map((run) => [
          countText(run.pictures),
          (run.wallMs / run.pictures).toFixed(2),
          (run.cpuMs / run.pictures).toFixed(2),
          (run.wallMs / 1000).toFixed(1),
          run.functionMb.toFixed(0),
          run.endpointMb.toFixed(0),
        ]),
      },
      notes: [fit],
    },
  ];
}

/** Time a picture and memory over the number of pictures, with the fit. */
export function scaleChart({ runs, machine }: ScaleReport): string {
  const sizes = bySize(runs);
  const { msPerPicture, interceptMs } = fitRuns(runs);
  const series = (of: (run: ScaleRun) => number) =>
    sizes.map((run) => [run.pictures, of(run)] as [number, number]);
  return lineChart(
    [
      {
        title: "Time a picture, through the whole local stack",
        unit: "ms",
        series: [
          { label: "measured", kind: "ours", points: series(({ wallMs, pictures }) => wallMs / pictures) },
          {
            label: "fit",
            kind: "bar",
            points: series(({ pictures }) => msPerPicture + interceptMs / pictures),
          },
        ],
      },
      {
        title: "Memory of one function process",
        unit: "MB",
        series: [{ label: "measured", kind: "ours", points: series(({ functionMb }) => functionMb) }],
      },
    ],
    `pictures; ${machineLine(machine).split(";")[0]}; ${machine.date}`,
  );
}

function countText(count: number): string {
  return count.toLocaleString("en");
}
