import Table from "cli-table3";
import type { CriterionReport } from "./criteria.ts";
import { machineLine } from "./machine.ts";
import type { BenchReport, RowReport, WorkloadReport } from "./report.ts";
import type { Spread } from "./statistics.ts";

/** Rows of text under a head; the first column is left-aligned, the others right. */
export interface Grid {
  head: string[];
  rows: string[][];
}

/** A grid for the terminal. */
export function terminalTable({ head, rows }: Grid): string {
  const colAligns = head.map((_, column) => (column === 0 ? "left" : "right") as "left" | "right");
  const table = new Table({ head, colAligns, style: { head: [], border: [], compact: true } });
  table.push(...rows);
  return table.toString();
}

/** A grid for a Markdown page. */
export function markdownTable({ head, rows }: Grid): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = line(head.map((_, column) => (column === 0 ? "---" : "---:")));
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** `2.81 (2.75–2.90)`. */
export function spreadText({ median, q1, q3 }: Spread, digits = 2): string {
  return `${median.toFixed(digits)} (${q1.toFixed(digits)}–${q3.toFixed(digits)})`;
}

export function percentText(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
}

/** The whole report as text: tables through `render`, one after the other. */
export function benchText(
  report: BenchReport,
  criteria: readonly CriterionReport[],
  render: (grid: Grid) => string,
): string {
  const parts = [`${machineLine(report.machine)}`, `model ${report.model}; ${report.command}`];
  for (const workload of report.workloads) {
    for (const group of new Set(workload.rows.map((row) => row.group))) {
      parts.push(
        `${workloadTitle(workload)}: ${group}`,
        render(groupGrid(workload.rows.filter((row) => row.group === group))),
      );
    }
    for (const { id, reason } of workload.skipped) parts.push(`left out: ${id} (${reason})`);
  }
  if (criteria.length > 0) parts.push("what it should show", render(criteriaGrid(criteria)));
  return parts.join("\n\n");
}

function workloadTitle({ name, pictures, medianBytes, rounds }: WorkloadReport): string {
  return `${pictures} pictures "${name}" (median ${Math.round(medianBytes / 1000)} KB), ${rounds} alternated rounds`;
}

function groupGrid(rows: readonly RowReport[]): Grid {
  const head = [
    "row",
    "× reference",
    "pictures/s",
    "mean ms",
    "p50",
    "p90",
    "p99",
    "total s",
    "CPU ms",
    "MB",
    "stages",
  ];
  return { head, rows: rows.map(rowCells) };
}

function rowCells(row: RowReport): string[] {
  const { latency } = row;
  const stages = Object.entries(row.stageShares).map(([stage, share]) => `${stage} ${percentText(share)}`);
  return [
    row.title,
    row.speedup === undefined ? "" : spreadText(row.speedup),
    row.picturesPerSecond.median.toFixed(1),
    ...[latency.meanMs, latency.p50Ms, latency.p90Ms, latency.p99Ms].map((ms) => ms.toFixed(2)),
    (row.totalMs.median / 1000).toFixed(2),
    row.cpuMsPerPicture.median.toFixed(2),
    row.peakMemoryMb.toFixed(0),
    stages.join(", "),
  ];
}

function criteriaGrid(criteria: readonly CriterionReport[]): Grid {
  return {
    head: ["ratio", "pictures", "target", "measured", ""],
    rows: criteria.map(({ name, workload, target, measured, met }) => [
      name,
      workload,
      target,
      `${spreadText(measured)}×`,
      met ? "met" : "missed",
    ]),
  };
}
