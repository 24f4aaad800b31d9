import { readMemory } from "../local/lambda/memory.ts";
import { measureOwnJavaScript, type OwnJavaScript } from "./own-javascript.ts";
import { OPENERS } from "./rows/openers.ts";
import type { OpenRow, RowContext, StageMs } from "./rows/row.ts";
import { readPictures } from "./workload.ts";

/** Sent to a row's process: what to open, or how many pictures to work through, measured or profiled. */
export type RowRequest =
  | { type: "open"; row: string; context: RowContext; paths: string[] }
  | { type: "run"; pictures: number }
  | { type: "profile"; pictures: number }
  | { type: "close" };

/** One round's measurements. */
export interface Round {
  wallMs: number;
  /** User and system time of the whole process, all threads. */
  cpuMs: number;
  latenciesMs: number[];
  /** CPU time by stage, summed over the round. */
  stagesMs: StageMs;
  /** Best label's index of each picture, where the row classifies. */
  tops: number[];
}

/** What a row's process answers. */
export type RowReply =
  | { type: "opened"; versions: Record<string, string> }
  | { type: "ran"; round: Round; peakMemoryMb: number }
  | { type: "profiled"; own: OwnJavaScript }
  | { type: "failed"; message: string };

let row: OpenRow | undefined;
let pictures: Uint8Array[] = [];

process.on("message", (request: RowRequest) => {
  answer(request).then(
    (reply) => reply && process.send?.(reply),
    (error: unknown) => process.send?.({ type: "failed", message: String((error as Error)?.stack ?? error) }),
  );
});
// The bench is gone: nobody will ask again.
process.on("disconnect", () => process.exit());

async function answer(request: RowRequest): Promise<RowReply | undefined> {
  switch (request.type) {
    case "open": {
      const open = OPENERS[request.row];
      if (open === undefined) throw new Error(`Expected a row of the catalogue, got ${request.row}.`);
      row = await open(request.context);
      pictures = await readPictures(request.paths);
      return { type: "opened", versions: row.versions ?? {} };
    }
    case "run": {
      const round = await measureRound(opened(), pictures.slice(0, request.pictures));
      const peakMemoryMb = readMemory(process.pid)?.peakMb ?? process.resourceUsage().maxRSS / 1024;
      return { type: "ran", round, peakMemoryMb };
    }
    case "profile": {
      const work = pictures.slice(0, request.pictures);
      await opened().prepare?.(work);
      return { type: "profiled", own: await measureOwnJavaScript(() => opened().run(work, () => {})) };
    }
    case "close":
      await row?.close?.();
      process.exit();
  }
}

function opened(): OpenRow {
  if (row === undefined) throw new Error("Expected an open row before a run.");
  return row;
}

async function measureRound(open: OpenRow, work: readonly Uint8Array[]): Promise<Round> {
  const latenciesMs: number[] = [];
  const stagesMs: Record<string, number> = {};
  const tops: number[] = [];
  await open.prepare?.(work);
  const cpu = process.cpuUsage();
  const start = performance.now();
  await open.run(work, (index, latencyMs, { stages, top }) => {
    latenciesMs.push(latencyMs);
    for (const [name, ms] of Object.entries(stages ?? {})) stagesMs[name] = (stagesMs[name] ?? 0) + ms;
    if (top !== undefined) tops[index] = top;
  });
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000, latenciesMs, stagesMs, tops };
}
