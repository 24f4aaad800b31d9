import { stat } from "node:fs/promises";
import { join } from "node:path";
import { median } from "simple-statistics";
import { buildFunction } from "../local/build.ts";
import { startProgress } from "../progress.ts";
import type { Cores } from "./cores.ts";
import { installPeers, PEERS_DIR } from "./peers.ts";
import { reportRows, type WorkloadReport } from "./report.ts";
import { ROWS, type RowEntry } from "./rows/catalog.ts";
import { findPython } from "./rows/pillow.ts";
import type { RowContext } from "./rows/row.ts";
import { alternateRounds, type RowRounds, type RunningRow, startRow } from "./runner.ts";
import { spreadOf } from "./statistics.ts";
import { modelVariants } from "./variants.ts";
import { generatedWorkload, PICTURE_KINDS, type PictureKindName, picturesIn } from "./workload.ts";

/** One workload to measure. */
export interface WorkloadOptions {
  name: string;
  /** Generated pictures of this kind; else those of `imagesDir`. */
  kind?: PictureKindName;
  imagesDir?: string;
  count: number;
  rounds: number;
  /** Ids of the rows to run; all that can run here when left out. */
  only?: readonly string[];
  modelDir: string;
  imagesInFlight: number;
  /** Each row's; all when left out. */
  cores?: Cores;
  /** Where generated pictures and variants of the model are kept. */
  dataDir: string;
}

/** Runs the rows on a workload, each in its own process, in alternated rounds. */
export async function measureWorkload(options: WorkloadOptions): Promise<WorkloadReport> {
  const paths = await picturePaths(options);
  const variants = await modelVariants(options.modelDir, join(options.dataDir, "models"));
  const context: RowContext = {
    modelDir: options.modelDir,
    uint8ModelDir: variants.uint8,
    float32ModelDir: variants.float32,
    transformersModel: variants.transformers,
    peersDir: PEERS_DIR,
    imagesInFlight: options.imagesInFlight,
    ...(options.cores === undefined ? {} : { cores: options.cores }),
    bundle: (await buildFunction(join(options.dataDir, "function"))).file,
  };
  const { entries, python, skipped } = await rowsThatRun(options);
  const total = entries.length * (options.rounds + 1);
  const progress = startProgress({ label: options.name, total, unit: "rounds" });
  let done = 0;
  const results: RowRounds[] = [];
  let ownShares: number[] = [];
  try {
    // Only rows of one group are compared, so only they need to be in memory together.
    for (const [, group] of Map.groupBy(entries, (entry) => entry.group)) {
      const running: RunningRow[] = [];
      try {
        for (const entry of group) running.push(await startRow(entry, context, paths, python));
        results.push(
          ...(await alternateRounds(running, paths.length, options.rounds, () => progress.update(++done))),
        );
        const ours = running.find(({ entry }) => entry.id === "ours");
        ownShares = [...ownShares, ...(await profileOwnShares(ours, paths.length, options.rounds))];
      } finally {
        await Promise.all(running.map((row) => row.close()));
      }
    }
  } finally {
    progress.stop();
  }
  return {
    name: options.name,
    pictures: paths.length,
    medianBytes: median(await Promise.all(paths.map(async (path) => (await stat(path)).size))),
    rounds: options.rounds,
    rows: reportRows(results, paths.length),
    skipped,
    ...(ownShares.length === 0 ? {} : { ownJavaScript: spreadOf(ownShares) }),
  };
}

/** Share of our own JavaScript in the CPU time, once a round. */
async function profileOwnShares(
  row: RunningRow | undefined,
  pictures: number,
  rounds: number,
): Promise<number[]> {
  const shares: number[] = [];
  for (let round = 0; row?.profile !== undefined && round < rounds; round++) {
    const { ownMs, cpuMs } = await row.profile(pictures);
    shares.push(ownMs / cpuMs);
  }
  return shares;
}

async function picturePaths(options: WorkloadOptions): Promise<string[]> {
  if (options.kind === undefined) return (await picturesIn(options.imagesDir ?? ".")).slice(0, options.count);
  const progress = startProgress({ label: "generating", total: options.count, unit: "pictures" });
  try {
    const dir = join(options.dataDir, "pictures");
    return await generatedWorkload(PICTURE_KINDS[options.kind], options.count, dir, progress.update);
  } finally {
    progress.stop();
  }
}

/** Leaves out, by name and with the reason, what cannot run on this machine. */
async function rowsThatRun(options: WorkloadOptions): Promise<{
  entries: RowEntry[];
  python: string | undefined;
  skipped: WorkloadReport["skipped"];
}> {
  const wanted = ROWS.filter(
    ({ id, smallOnly }) =>
      (options.only === undefined || options.only.includes(id)) && !(smallOnly && options.kind === "12mp"),
  );
  const needs = (need: RowEntry["needs"]): boolean => wanted.some((entry) => entry.needs === need);
  const python = needs("python") ? findPython() : undefined;
  const missing = {
    peers: needs("peers") ? await installPeers((line) => console.error(line)) : undefined,
    python: python === undefined ? "no python3 with Pillow and NumPy here; PYTHON=… names one" : undefined,
  };
  const reasonFor = ({ needs: need }: RowEntry): string | undefined => need && missing[need];
  return {
    entries: wanted.filter((entry) => reasonFor(entry) === undefined),
    python,
    skipped: wanted.flatMap((entry) => {
      const reason = reasonFor(entry);
      return reason === undefined ? [] : [{ id: entry.id, reason }];
    }),
  };
}
