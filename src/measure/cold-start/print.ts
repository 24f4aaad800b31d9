import { machineLine } from "../machine.ts";
import type { Spread } from "../statistics.ts";
import { spreadText, terminalTable } from "../tables.ts";
import type { ColdStartReport } from "./measure.ts";
import type { ColdStartSide } from "./summary.ts";

/** The function's first result may take this many times as long as its floor's. */
export const TARGET_RATIO = 1.15;
const TIMELINE_WIDTH = 48;

/** The report as text: the table, the verdict, and a timeline of each side's steps. */
export function coldStartText(report: ColdStartReport): string {
  const { ours, floor, ratio } = report;
  const line = (name: string, of: (side: ColdStartSide) => Spread, spread: Spread): string[] => [
    name,
    spreadText(of(ours), 1),
    spreadText(of(floor), 1),
    `${spreadText(spread)}×`,
  ];
  const rows = [
    line("process start to first result, ms", (side) => side.firstResultMs, ratio.firstResult),
    line("process start to loaded (INIT), ms", (side) => side.initMs, ratio.init),
    line("CPU, ms", (side) => side.cpuMs, ratio.cpu),
    ["peak memory, MB", ours.peakMemoryMb.toFixed(0), floor.peakMemoryMb.toFixed(0), ""],
    ["bundle, KiB", kib(ours.bundleBytes), kib(floor.bundleBytes), ""],
  ];
  const met = ratio.firstResult.median <= TARGET_RATIO;
  return [
    machineLine(report.machine),
    `${report.rounds} alternated rounds, medians (quartiles)`,
    terminalTable({ head: ["cold start", "function", "floor", "ratio"], rows }),
    `target: first result within ${TARGET_RATIO}× of the floor: ${met ? "met" : "missed"}`,
    ...(ours.steps.length === 0
      ? []
      : [timeline("function", ours, report), timeline("floor", floor, report)]),
  ].join("\n\n");
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(0);
}

/** Both sides on one scale. Traced starts take a little longer than timed ones. */
function timeline(title: string, side: ColdStartSide, { ours, floor }: ColdStartReport): string {
  const end = Math.max(...[...ours.steps, ...floor.steps].map(({ endMs }) => endMs));
  const column = (ms: number): number => Math.round((ms / end) * TIMELINE_WIDTH);
  const rows = side.steps.map(({ name, startMs, endMs }) => {
    const from = Math.min(column(startMs), TIMELINE_WIDTH - 1);
    const bar = "█".repeat(Math.max(1, column(endMs) - from));
    return [
      name,
      startMs.toFixed(1),
      (endMs - startMs).toFixed(1),
      (" ".repeat(from) + bar).padEnd(TIMELINE_WIDTH),
    ];
  });
  return terminalTable({
    head: [`${title}, traced`, "at ms", "takes", `0 to ${end.toFixed(0)} ms`],
    rows,
  });
}
