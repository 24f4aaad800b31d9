import type { Machine } from "./machine.ts";
import { REFERENCE_ROWS, type RowGroup } from "./rows/catalog.ts";
import type { RowRounds } from "./runner.ts";
import { type Latency, latencyOf, pairedRatio, type Spread, spreadOf } from "./statistics.ts";

/** One line of the bench's table. */
export interface RowReport {
  id: string;
  title: string;
  group: RowGroup;
  versions: Record<string, string>;
  /** How many times as fast as the group's reference row, round by round; missing without that row. */
  speedup?: Spread;
  picturesPerSecond: Spread;
  latency: Latency;
  /** All pictures of one round. */
  totalMs: Spread;
  /** CPU time of one picture, all threads. */
  cpuMsPerPicture: Spread;
  /** Time over CPU time: above 1 the process waited, below it had several threads at work. */
  timeOverCpu: Spread;
  /** Shares of the stages in the CPU time, of rows that work on one picture at a time. */
  stageShares: Record<string, number>;
  peakMemoryMb: number;
  /** Milliseconds a picture of each round: what ratios between rows are made of. */
  msPerPicture: number[];
  /** Share of pictures with the same best label as ours; missing where the row does not classify. */
  agreement?: number;
}

/** One workload's results. */
export interface WorkloadReport {
  name: string;
  pictures: number;
  medianBytes: number;
  rounds: number;
  rows: RowReport[];
  /** Share of our own JavaScript in the CPU time, as deployed; missing where that row did not run. */
  ownJavaScript?: Spread;
  /** Rows that could not run here, and why. */
  skipped: { id: string; reason: string }[];
}

/** What `npm run bench -- --json` prints. */
export interface BenchReport {
  schemaVersion: 1;
  command: string;
  machine: Machine;
  model: string;
  imagesInFlight: number;
  /** That each row was kept to; all when left out. */
  coresPerRow?: number;
  workloads: WorkloadReport[];
}

/** Turns rounds into the table's lines. */
export function reportRows(results: readonly RowRounds[], pictures: number): RowReport[] {
  const perPicture = new Map(
    results.map(({ entry, rounds }) => [entry.id, rounds.map(({ wallMs }) => wallMs / pictures)]),
  );
  const oursTops = results.find(({ entry }) => entry.id === "ours-serial")?.rounds[0]?.tops;
  return results.map(({ entry, versions, rounds, peakMemoryMb }): RowReport => {
    const msPerPicture = perPicture.get(entry.id) ?? [];
    const reference = perPicture.get(REFERENCE_ROWS[entry.group]);
    const tops = rounds[0]?.tops ?? [];
    return {
      id: entry.id,
      title: entry.title,
      group: entry.group,
      versions,
      ...(reference === undefined ? {} : { speedup: pairedRatio(reference, msPerPicture) }),
      picturesPerSecond: spreadOf(msPerPicture.map((ms) => 1000 / ms)),
      latency: latencyOf(rounds.flatMap(({ latenciesMs }) => latenciesMs)),
      totalMs: spreadOf(rounds.map(({ wallMs }) => wallMs)),
      cpuMsPerPicture: spreadOf(rounds.map(({ cpuMs }) => cpuMs / pictures)),
      timeOverCpu: spreadOf(rounds.map(({ wallMs, cpuMs }) => wallMs / cpuMs)),
      stageShares: shares(rounds.map(({ stagesMs }) => stagesMs)),
      peakMemoryMb,
      msPerPicture,
      ...(entry.group === "end to end" && oursTops !== undefined && tops.length > 0
        ? { agreement: agreement(oursTops, tops) }
        : {}),
    };
  });
}

function shares(rounds: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const round of rounds) {
    for (const [stage, ms] of Object.entries(round)) sums[stage] = (sums[stage] ?? 0) + ms;
  }
  const total = Object.values(sums).reduce((sum, ms) => sum + ms, 0);
  return Object.fromEntries(Object.entries(sums).map(([stage, ms]) => [stage, ms / total]));
}

/** Share of pictures with the same best label. */
function agreement(expected: readonly number[], tops: readonly number[]): number {
  return tops.filter((top, index) => top === expected[index]).length / tops.length;
}
