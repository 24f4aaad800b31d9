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

/** A titled table, with what else is to be said beneath it. */
export interface Section {
  title: string;
  grid: Grid;
  notes?: readonly string[];
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

/** Sections for the terminal, under lines that say what was measured where. */
export function terminalReport(about: readonly string[], sections: readonly Section[]): string {
  const blocks = sections.flatMap(({ title, grid, notes = [] }) => [title, terminalTable(grid), ...notes]);
  return [about.join("\n"), ...blocks].join("\n\n");
}

/** A Markdown page of its own, with a chart that lies beside it. */
export function markdownReport(
  title: string,
  about: readonly string[],
  sections: readonly Section[],
  chart: string,
): string {
  const blocks = sections.flatMap((section) => [
    `## ${section.title}`,
    markdownTable(section.grid),
    ...(section.notes ?? []),
  ]);
  return `${[`# ${title}`, ...about, `![${title}](${chart})`, ...blocks].join("\n\n")}\n`;
}

/** `2.81 (2.75–2.90)`. */
export function spreadText({ median, q1, q3 }: Spread, digits = 2): string {
  return `${median.toFixed(digits)} (${q1.toFixed(digits)}–${q3.toFixed(digits)})`;
}

export function percentText(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
}

/** The machine, the model, and the command that repeats the run. */
export function aboutBench(report: BenchReport): string[] {
  return [
    machineLine(report.machine),
    `Model ${report.model}, ${report.imagesInFlight} pictures in flight${coresText(report.coresPerRow)}. Repeat with \`${report.command}\`. ` +
      "Ratios are taken round by round: median (quartiles).",
  ];
}

function coresText(cores: number | undefined): string {
  return cores === undefined ? "" : `, each row on ${cores === 1 ? "one core" : `${cores} cores`}`;
}

/** Every table of a bench: what it should show first, then each group of each workload. */
export function benchSections(report: BenchReport, criteria: readonly CriterionReport[]): Section[] {
  const groups = report.workloads.flatMap((workload) =>
    [...Map.groupBy(workload.rows, ({ group }) => group)].map(
      ([group, rows]): Section => ({ title: `${workloadTitle(workload)}: ${group}`, grid: groupGrid(rows) }),
    ),
  );
  const skipped = report.workloads.flatMap((workload) =>
    workload.skipped.map(({ id, reason }) => `Left out of ${workload.name}: ${id} (${reason}).`),
  );
  const sections =
    criteria.length === 0 ? groups : [{ title: "Criteria", grid: criteriaGrid(criteria) }, ...groups];
  const last = sections.at(-1);
  return last === undefined ? [] : [...sections.slice(0, -1), { ...last, notes: skipped }];
}

/** Criteria with what they ask, what was measured, and the verdict. */
export function criteriaGrid(criteria: readonly CriterionReport[]): Grid {
  return {
    head: ["criterion", "workload", "target", "measured", ""],
    rows: criteria.map(({ name, workload, target, measured, unit, reached }) => [
      name,
      workload,
      target,
      unit === "×" ? `${spreadText(measured)}×` : `${spreadText(inPercent(measured), 1)}%`,
      reached ? "reached" : "not reached",
    ]),
  };
}

function inPercent({ median, q1, q3 }: Spread): Spread {
  return { median: 100 * median, q1: 100 * q1, q3: 100 * q3 };
}

function workloadTitle({ name, pictures, medianBytes, rounds }: WorkloadReport): string {
  return `${pictures} pictures "${name}" (median ${Math.round(medianBytes / 1000)} KB), ${rounds} alternated rounds`;
}

function groupGrid(rows: readonly RowReport[]): Grid {
  const head = [
    "row",
    "× first row",
    "pictures/s",
    "mean ms",
    "p50",
    "p90",
    "p99",
    "total s",
    "CPU ms",
    "time / CPU",
    "MB",
    "same label",
    "CPU by stage",
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
    row.timeOverCpu.median.toFixed(2),
    row.peakMemoryMb.toFixed(0),
    row.agreement === undefined ? "" : percentText(row.agreement),
    stages.join(", "),
  ];
}
