import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { PROJECT_DIR } from "../local/template.ts";
import { commandOn } from "./cores.ts";
import { nextReply } from "./next-reply.ts";
import type { OwnJavaScript } from "./own-javascript.ts";
import type { Round, RowReply, RowRequest } from "./row-process.ts";
import type { RowEntry } from "./rows/catalog.ts";
import { startPillow } from "./rows/pillow.ts";
import { readPlainInput } from "./rows/plain.ts";
import type { RowContext } from "./rows/row.ts";

/** A row in a process of its own, ready to be asked for rounds. */
export interface RunningRow {
  entry: RowEntry;
  /** Of its process. */
  pid: number | undefined;
  versions: Record<string, string>;
  run(pictures: number): Promise<{ round: Round; peakMemoryMb: number }>;
  /** One more round under V8's profiler; only of Node rows. */
  profile?(pictures: number): Promise<OwnJavaScript>;
  close(): Promise<void>;
}

/** A row's rounds, and the most memory that its process held. */
export interface RowRounds {
  entry: RowEntry;
  versions: Record<string, string>;
  rounds: Round[];
  peakMemoryMb: number;
}

/** Starts a row's process: Node for ours and the JavaScript peers, Python for Pillow. */
export function startRow(
  entry: RowEntry,
  context: RowContext,
  paths: readonly string[],
  python: string | undefined,
): Promise<RunningRow> {
  return entry.pillow === undefined
    ? startNodeRow(entry, context, paths)
    : startPillowRow(entry, entry.pillow, context, paths, python);
}

/**
 * Runs every row `rounds` times in turns, so that whatever else the machine does falls on all alike. The order is
 * turned by one each round; the first round, which warms up, is thrown away.
 */
export async function alternateRounds(
  rows: readonly RunningRow[],
  pictures: number,
  rounds: number,
  onRound: (row: RowEntry) => void = () => {},
): Promise<RowRounds[]> {
  const results = rows.map(
    ({ entry, versions }): RowRounds => ({ entry, versions, rounds: [], peakMemoryMb: 0 }),
  );
  for (let number = 0; number <= rounds; number++) {
    for (let turn = 0; turn < rows.length; turn++) {
      const index = (turn + number) % rows.length;
      const [row, result] = [rows[index], results[index]];
      if (row === undefined || result === undefined) continue;
      onRound(row.entry);
      const { round, peakMemoryMb } = await row.run(number === 0 ? Math.min(pictures, 25) : pictures);
      result.peakMemoryMb = peakMemoryMb;
      if (number > 0) result.rounds.push(round);
    }
  }
  return results;
}

async function startNodeRow(
  entry: RowEntry,
  context: RowContext,
  paths: readonly string[],
): Promise<RunningRow> {
  const [execPath, ...execArgv] = commandOn(context.cores?.own, [process.execPath]);
  const child = fork(join(import.meta.dirname, "row-process.ts"), {
    serialization: "advanced",
    execPath,
    execArgv,
    // Where the bundle finds the layer's packages, as on Lambda.
    env: { ...process.env, NODE_PATH: join(PROJECT_DIR, "node_modules") },
  });
  const ask = async (request: RowRequest): Promise<RowReply> => {
    child.send(request);
    const reply = await nextReply<RowReply>(child, `Row ${entry.id}: its`);
    if (reply.type === "failed") throw new Error(`Row ${entry.id} failed: ${reply.message}`);
    return reply;
  };
  const opened = await ask({ type: "open", row: entry.id, context, paths: [...paths] }).catch((error) => {
    child.kill();
    throw error;
  });
  return {
    entry,
    pid: child.pid,
    versions: opened.type === "opened" ? opened.versions : {},
    run: async (pictures) => {
      const reply = await ask({ type: "run", pictures });
      if (reply.type !== "ran") throw new Error(`Expected a round of row ${entry.id}, got ${reply.type}.`);
      return reply;
    },
    profile: async (pictures) => {
      const reply = await ask({ type: "profile", pictures });
      if (reply.type !== "profiled")
        throw new Error(`Expected a profile of row ${entry.id}, got ${reply.type}.`);
      return reply.own;
    },
    close: async () => {
      child.send({ type: "close" } satisfies RowRequest);
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

async function startPillowRow(
  entry: RowEntry,
  method: NonNullable<RowEntry["pillow"]>,
  context: RowContext,
  paths: readonly string[],
  python: string | undefined,
): Promise<RunningRow> {
  if (python === undefined)
    throw new Error(`Row ${entry.id} needs a Python with Pillow and NumPy, found none.`);
  const command = commandOn(context.cores?.own, [python]);
  const pillow = await startPillow(command, method, await readPlainInput(context.modelDir), paths);
  return {
    entry,
    pid: pillow.pid,
    versions: pillow.versions,
    run: async (count) => {
      const start = performance.now();
      const { latenciesMs, cpuMs } = await pillow.run(count);
      const round = { wallMs: performance.now() - start, cpuMs, latenciesMs, stagesMs: {}, tops: [] };
      return { round, peakMemoryMb: pillow.peakMemoryMb() ?? 0 };
    },
    close: async () => pillow.close(),
  };
}
