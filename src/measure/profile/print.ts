import { machineLine } from "../machine.ts";
import { type Grid, percentText } from "../tables.ts";
import type { Component, Hotspot, ProfileReport, RowProfile } from "./job.ts";

const BAR_WIDTH = 24;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A share of `greatest` as a bar, to an eighth of a character. */
export function bar(share: number, greatest = 1): string {
  const eighths = Math.round((share / greatest) * BAR_WIDTH * 8);
  return ("█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "")).padEnd(BAR_WIDTH);
}

/** Sum of shares by component, largest first. */
export function componentShares(hotspots: readonly Hotspot[]): [Component, number][] {
  const sums = new Map<Component, number>();
  for (const { component, share } of hotspots) sums.set(component, (sums.get(component) ?? 0) + share);
  return [...sums].sort((a, b) => b[1] - a[1]);
}

/** The report as text. Two rows are told as before and after. */
export function profileText(report: ProfileReport, top: number, render: (grid: Grid) => string): string {
  const { rows } = report;
  const seen =
    rows[0]?.source === "perf" ? `perf (${report.perf}), every thread` : `V8's profiler; ${report.perf}`;
  const parts = [machineLine(report.machine), `${report.seconds} s a row; CPU time by ${seen}`];
  const [before, after] = rows;
  if (before !== undefined && after !== undefined) parts.push(render(comparison(before, after)));
  for (const row of rows) parts.push(...rowText(row, top, render));
  return parts.join("\n\n");
}

function rowText(row: RowProfile, top: number, render: (grid: Grid) => string): string[] {
  const parts = [`── ${row.title} ──\n${factsLine(row)}`];
  const stages = stageShares(row);
  if (stages.length > 0) {
    parts.push(
      render({ head: ["stage", "CPU", ""], rows: stages.map(([name, share]) => barRow(name, share)) }),
    );
  }
  const components = componentShares(row.hotspots);
  parts.push(
    render({ head: ["part", "CPU", ""], rows: components.map(([name, share]) => barRow(name, share)) }),
    render({
      head: ["function", "CPU", "", "part"],
      rows: row.hotspots
        .slice(0, top)
        .map(({ name, share, component }) => [
          shorten(name),
          percentText(share),
          bar(share, row.hotspots[0]?.share),
          component,
        ]),
    }),
  );
  if (row.operators.length > 0) {
    parts.push(
      render({
        head: ["operator of the model", "time", "", "nodes", "ms a run"],
        rows: row.operators
          .slice(0, top)
          .map(({ operator, share, nodes, msPerRun }) => [
            operator,
            percentText(share),
            bar(share),
            String(nodes),
            msPerRun.toFixed(3),
          ]),
      }),
    );
  }
  return parts;
}

function factsLine(row: RowProfile): string {
  const { wall, cpu, pairs } = row.overhead ?? {};
  const overhead =
    wall === undefined || cpu === undefined
      ? "overhead not measured"
      : `the profilers' own cost: ${signed(wall.median)} time (${signed(wall.q1)} to ${signed(wall.q3)}), ` +
        `${signed(cpu.median)} CPU, over ${pairs} pairs of slices; target below 2%: ${wall.median < 0.02 ? "met" : "missed"}`;
  return (
    `${row.pictures} pictures, ${row.msPerPicture.toFixed(2)} ms and ${row.cpuMsPerPicture.toFixed(2)} ms of CPU a picture, ` +
    `${row.samples} samples\n${overhead}`
  );
}

function signed(share: number): string {
  return `${share < 0 ? "−" : "+"}${(Math.abs(share) * 100).toFixed(1)}%`;
}

/** Shares of the stages that a row names, in the order it names them. */
export function stageShares({ stagesMs }: Pick<RowProfile, "stagesMs">): [string, number][] {
  const total = Object.values(stagesMs).reduce((sum, ms) => sum + ms, 0);
  return Object.entries(stagesMs).map(([stage, ms]) => [stage, ms / total]);
}

/** Stages and parts of two rows side by side: the share, and the milliseconds of CPU a picture, which shares hide. */
function comparison(before: RowProfile, after: RowProfile): Grid {
  const row = (name: string, a: number, b: number): string[] => [
    name,
    percentText(a),
    (a * before.cpuMsPerPicture).toFixed(2),
    bar(a),
    percentText(b),
    (b * after.cpuMsPerPicture).toFixed(2),
    bar(b),
  ];
  const [partsBefore, partsAfter] = [
    new Map(componentShares(before.hotspots)),
    new Map(componentShares(after.hotspots)),
  ];
  const [stagesBefore, stagesAfter] = [new Map(stageShares(before)), new Map(stageShares(after))];
  const stages = [...new Set([...stagesBefore.keys(), ...stagesAfter.keys()])];
  const parts = [...new Set([...partsBefore.keys(), ...partsAfter.keys()])];
  return {
    head: ["part", "before", "CPU ms", before.title, "after", "CPU ms", after.title],
    rows: [
      ...stages.map((stage) =>
        row(`stage ${stage}`, stagesBefore.get(stage) ?? 0, stagesAfter.get(stage) ?? 0),
      ),
      ...parts.map((part) => row(part, partsBefore.get(part) ?? 0, partsAfter.get(part) ?? 0)),
      row("all", 1, 1),
    ],
  };
}

function barRow(name: string, share: number): string[] {
  return [name, percentText(share), bar(share)];
}

function shorten(name: string): string {
  return name.length <= 64 ? name : `${name.slice(0, 63)}…`;
}
