import { writeFile } from "node:fs/promises";
import { type Profiler, Session } from "node:inspector/promises";
import { OPENERS } from "../rows/openers.ts";
import type { OpenRow, RowContext, StageMs } from "../rows/row.ts";
import { readPictures } from "../workload.ts";
import type { Hotspot } from "./job.ts";
import { otherThreadsMs } from "./threads.ts";
import { joinProfiles, v8Hotspots } from "./v8-profile.ts";

/** Microseconds between samples of V8's profiler: 6,000 a minute, as perf takes. */
const V8_INTERVAL_US = 10_000;

/** Sent to the process of a row. */
export type SampledRequest =
  | { type: "open"; row: string; context: RowContext; paths: string[]; profiled: boolean }
  | { type: "slice"; seconds: number }
  | { type: "finish"; cpuprofile: string | undefined };

/** What one slice of work took. */
export interface Slice {
  pictures: number;
  wallMs: number;
  cpuMs: number;
  stagesMs: StageMs;
}

export type SampledReply =
  | { type: "opened" }
  | { type: "slice"; slice: Slice }
  | { type: "finished"; hotspots: Hotspot[]; samples: number }
  | { type: "failed"; message: string };

let row: OpenRow | undefined;
let pictures: Uint8Array[] = [];
let session: Session | undefined;
const profiles: Profiler.Profile[] = [];
const used = { mainMs: 0, threadsMs: {} as Record<string, number> };

process.on("message", (request: SampledRequest) => {
  answer(request).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ type: "failed", message: String((error as Error)?.stack ?? error) }),
  );
});
process.on("disconnect", () => process.exit());

async function answer(request: SampledRequest): Promise<SampledReply> {
  switch (request.type) {
    case "open": {
      const open = OPENERS[request.row];
      if (open === undefined) throw new Error(`Expected a row that runs in Node, got ${request.row}.`);
      row = await open(request.context);
      pictures = await readPictures(request.paths);
      // Compiled and warm before anything is counted.
      await row.prepare?.(pictures.slice(0, 25));
      await row.run(pictures.slice(0, 25), () => {});
      if (request.profiled) session = await startSession();
      return { type: "opened" };
    }
    case "slice":
      return { type: "slice", slice: await runSlice(request.seconds) };
    case "finish": {
      const joined = joinProfiles(profiles);
      if (request.cpuprofile !== undefined) await writeFile(request.cpuprofile, JSON.stringify(joined));
      session?.disconnect();
      await row?.close?.();
      return { type: "finished", ...v8Hotspots(joined, used.mainMs, used.threadsMs) };
    }
  }
}

async function startSession(): Promise<Session> {
  const opened = new Session();
  opened.connect();
  await opened.post("Profiler.enable");
  await opened.post("Profiler.setSamplingInterval", { interval: V8_INTERVAL_US });
  return opened;
}

async function runSlice(seconds: number): Promise<Slice> {
  const threadsBefore = await otherThreadsMs();
  await session?.post("Profiler.start");
  const slice = await work(seconds);
  const stopped = await session?.post("Profiler.stop");
  if (stopped !== undefined) profiles.push(stopped.profile);
  for (const [name, ms] of Object.entries(await otherThreadsMs())) {
    used.threadsMs[name] = (used.threadsMs[name] ?? 0) + ms - (threadsBefore[name] ?? 0);
  }
  return slice;
}

/** Whole passes over the pictures until the time is over. */
async function work(seconds: number): Promise<Slice> {
  if (row === undefined) throw new Error("Expected an open row before a slice.");
  const stagesMs: Record<string, number> = {};
  let done = 0;
  const sum = { wallMs: 0, cpuMs: 0 };
  while (sum.wallMs < seconds * 1000) {
    await row.prepare?.(pictures);
    const [cpu, main, start] = [process.cpuUsage(), process.threadCpuUsage(), performance.now()];
    await row.run(pictures, (_index, _latencyMs, { stages }) => {
      done++;
      for (const [name, ms] of Object.entries(stages ?? {})) stagesMs[name] = (stagesMs[name] ?? 0) + ms;
    });
    sum.wallMs += performance.now() - start;
    sum.cpuMs += inMs(process.cpuUsage(cpu));
    used.mainMs += inMs(process.threadCpuUsage(main));
  }
  return { pictures: done, ...sum, stagesMs };
}

function inMs({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000;
}
