import type { WorkloadReport } from "./report.ts";
import { deployedId } from "./rows/catalog.ts";
import { pairedRatio, type Spread } from "./statistics.ts";

/** One thing that a run should show, and what it showed. */
export interface CriterionReport {
  name: string;
  /** What it was measured on. */
  workload: string;
  target: string;
  measured: Spread;
  /** `measured` is a ratio, or a share of 1. */
  unit: "×" | "%";
  reached: boolean;
}

/** The time of one row over that of another in the same run. */
interface RatioCriterion {
  name: string;
  workload: "small" | "12mp";
  slow: string;
  fast: string;
  atLeast: number;
}

/** What the project promises of itself. */
const RATIOS: readonly RatioCriterion[] = [
  { name: "as deployed / published baseline", workload: "small", slow: "baseline", fast: "ours", atLeast: 3 },
  {
    name: "as deployed / transformers.js q8",
    workload: "small",
    slow: "transformers",
    fast: "ours",
    atLeast: 5,
  },
  {
    name: "as deployed / transformers.js q8",
    workload: "12mp",
    slow: "transformers",
    fast: "ours",
    atLeast: 9,
  },
  { name: "as deployed / floor of its parts", workload: "small", slow: "bare", fast: "ours", atLeast: 0.93 },
  { name: "as deployed / floor of sharp", workload: "small", slow: "floor", fast: "ours", atLeast: 0.95 },
  {
    name: "preprocessing / nested loops in Python",
    workload: "small",
    slow: "pre-loops",
    fast: "pre-ours",
    atLeast: 6,
  },
  {
    name: "preprocessing / Pillow bilinear + NumPy",
    workload: "small",
    slow: "pre-bilinear",
    fast: "pre-ours",
    atLeast: 1,
  },
  {
    name: "preprocessing / Pillow bilinear + NumPy",
    workload: "12mp",
    slow: "pre-bilinear",
    fast: "pre-ours",
    atLeast: 6,
  },
  {
    name: "INT8 graph / float32 graph",
    workload: "small",
    slow: "infer-float32",
    fast: "infer-int8",
    atLeast: 2.5,
  },
];

/** Time over CPU time of the function with its S3 client: what is above 1 is waiting, and Lambda bills it. */
const WAITING: readonly { latencyMs: number; batch: number; atMost: number }[] = [
  { latencyMs: 30, batch: 10, atMost: 1.6 },
  { latencyMs: 30, batch: 50, atMost: 1.15 },
  { latencyMs: 100, batch: 50, atMost: 1.5 },
];

const MOST_OWN_JAVASCRIPT = 0.03;

/** The criteria whose rows ran. */
export function judge(workloads: readonly WorkloadReport[]): CriterionReport[] {
  const ratios = RATIOS.flatMap(({ name, workload, slow, fast, atLeast }): CriterionReport[] => {
    const rows = workloads.find((report) => report.name === workload)?.rows ?? [];
    const slowMs = rows.find(({ id }) => id === slow)?.msPerPicture;
    const fastMs = rows.find(({ id }) => id === fast)?.msPerPicture;
    if (slowMs === undefined || fastMs === undefined) return [];
    const measured = pairedRatio(slowMs, fastMs);
    const reached = measured.median >= atLeast;
    return [{ name, workload, target: `≥ ${atLeast}×`, measured, unit: "×", reached }];
  });
  const small = workloads.find(({ name }) => name === "small");
  const waiting = WAITING.flatMap(({ latencyMs, batch, atMost }): CriterionReport[] => {
    const measured = small?.rows.find(({ id }) => id === deployedId(latencyMs, batch))?.timeOverCpu;
    if (measured === undefined) return [];
    const name = `time / CPU, S3 at ${latencyMs} ms, batches of ${batch}`;
    const reached = measured.median <= atMost;
    return [{ name, workload: "small", target: `≤ ${atMost}×`, measured, unit: "×", reached }];
  });
  const measured = small?.ownJavaScript;
  if (measured === undefined) return [...ratios, ...waiting];
  const own: CriterionReport = {
    name: "our own JavaScript's share of CPU",
    workload: "small",
    target: `≤ ${MOST_OWN_JAVASCRIPT * 100}%`,
    measured,
    unit: "%",
    reached: measured.median <= MOST_OWN_JAVASCRIPT,
  };
  return [...ratios, ...waiting, own];
}
