import type { WorkloadReport } from "./report.ts";
import { pairedRatio, type Spread } from "./statistics.ts";

/** One thing that a bench run should show, and what it showed. */
export interface CriterionReport {
  name: string;
  workload: string;
  target: string;
  measured: Spread;
  met: boolean;
}

interface Criterion {
  name: string;
  workload: "small" | "12mp";
  /** `slow` and `fast` row: the criterion is the ratio of their times, slow over fast. */
  slow: string;
  fast: string;
  atLeast: number;
}

/** What the project promises of itself, each a ratio of two rows in one run. */
const CRITERIA: readonly Criterion[] = [
  {
    name: "as deployed vs. published baseline",
    workload: "small",
    slow: "baseline",
    fast: "ours",
    atLeast: 3,
  },
  {
    name: "as deployed vs. transformers.js q8",
    workload: "small",
    slow: "transformers",
    fast: "ours",
    atLeast: 5,
  },
  {
    name: "as deployed vs. transformers.js q8",
    workload: "12mp",
    slow: "transformers",
    fast: "ours",
    atLeast: 9,
  },
  {
    name: "preprocessing vs. nested loops in Python",
    workload: "small",
    slow: "pre-loops",
    fast: "pre-ours",
    atLeast: 6,
  },
  { name: "as deployed vs. its floor", workload: "small", slow: "floor", fast: "ours", atLeast: 0.95 },
  {
    name: "preprocessing vs. Pillow bilinear + NumPy",
    workload: "small",
    slow: "pre-bilinear",
    fast: "pre-ours",
    atLeast: 1,
  },
  {
    name: "preprocessing vs. Pillow bilinear + NumPy",
    workload: "12mp",
    slow: "pre-bilinear",
    fast: "pre-ours",
    atLeast: 6,
  },
  {
    name: "INT8 graph vs. float32 graph",
    workload: "small",
    slow: "infer-float32",
    fast: "infer-int8",
    atLeast: 2.5,
  },
];

/** The criteria whose two rows ran. */
export function judge(workloads: readonly WorkloadReport[]): CriterionReport[] {
  return CRITERIA.flatMap(({ name, workload, slow, fast, atLeast }): CriterionReport[] => {
    const rows = workloads.find((report) => report.name === workload)?.rows ?? [];
    const slowMs = rows.find(({ id }) => id === slow)?.msPerPicture;
    const fastMs = rows.find(({ id }) => id === fast)?.msPerPicture;
    if (slowMs === undefined || fastMs === undefined) return [];
    const measured = pairedRatio(slowMs, fastMs);
    return [{ name, workload, target: `≥ ${atLeast}×`, measured, met: measured.median >= atLeast }];
  });
}
