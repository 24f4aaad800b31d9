import { fork } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { nextReply } from "../next-reply.ts";
import { DEPLOYED, deployedId } from "../rows/catalog.ts";
import type { StageMs } from "../rows/row.ts";
import { spreadOf } from "../statistics.ts";
import type { Overhead, ProfileJob, RowProfile } from "./job.ts";
import { profileOperators } from "./operators.ts";
import { type PerfMode, type Recording, recordProcess, SAMPLES_PER_SECOND } from "./perf.ts";
import { perfHotspots } from "./perf-script.ts";
import type { SampledReply, SampledRequest, Slice } from "./sampled-row.ts";
import { speedscopeFile } from "./speedscope.ts";

/** Makes V8 tell perf the names of what it compiles, and keep a frame for what it interprets. */
const PERF_FLAGS = ["--perf-basic-prof", "--interpreted-frames-native-stack", "--no-logfile-per-isolate"];
/** Slices of this length alternate with and without the profilers: a disturbance falls on both of a pair. */
const SLICE_SECONDS = 5;

/**
 * Profiles one row. Two processes do the same work in turns: one under the profilers, one bare; the profile is the
 * first one's, and what the profilers cost is the difference.
 *
 * @param perfMode how perf records here; `undefined` without perf
 */
export async function profileRow(
  job: ProfileJob,
  { id, title }: { id: string; title: string },
  perfMode: PerfMode | undefined,
  onSlice: (label: string) => void,
): Promise<RowProfile> {
  const path = join(job.outDir, id);
  // V8 writes a log of its own beside the names, which nobody wants.
  const v8Log = `${path}.v8.log`;
  const flags = perfMode === undefined ? [] : [...PERF_FLAGS, `--logfile=${v8Log}`];
  const profiled = await openRow(job, id, true, flags);
  const bare = job.overhead ? await openRow(job, id, false, []) : undefined;
  try {
    const recording =
      perfMode === undefined || profiled.pid === undefined
        ? undefined
        : await recordProcess(profiled.pid, perfMode, path);
    const slices = await alternateSlices(job.seconds, profiled, bare, recording, () => onSlice(title));
    const samples = await recording?.stop();
    const cpuprofile = `${path}.cpuprofile`;
    const finished = await profiled.ask({ type: "finish", cpuprofile });
    if (finished.type !== "finished")
      throw new Error(`Expected a profile of row ${id}, got ${finished.type}.`);
    const files = [cpuprofile];
    if (samples !== undefined) {
      const file = `${path}.speedscope.json`;
      await writeFile(file, JSON.stringify(speedscopeFile(title, samples, 1000 / SAMPLES_PER_SECOND)));
      files.push(file, `${path}.perf.txt`);
    }
    const operatorsFile = `${path}.operators.json`;
    const operators =
      job.operatorRuns === 0 ? [] : await profileOperators(modelOf(job, id), job.operatorRuns, operatorsFile);
    if (operators.length > 0) files.push(operatorsFile);
    const counted = totals(slices.profiled);
    const hasPerf = samples !== undefined && samples.length > 0;
    return {
      id,
      title,
      ...counted,
      stagesMs: await stagesOf(job, id, counted.stagesMs),
      source: hasPerf ? "perf" : "V8",
      samples: hasPerf ? samples.length : finished.samples,
      hotspots: hasPerf ? perfHotspots(samples) : finished.hotspots,
      ...(slices.bare.length === 0 ? {} : { overhead: overheadOf(slices.profiled, slices.bare) }),
      operators,
      files: files.map((file) => basename(file)),
    };
  } finally {
    await Promise.all([profiled.close(), bare?.close()]);
    await rm(v8Log, { force: true });
  }
}

/** Rows with several pictures in flight, whose CPU time has no stage, and the rows that do the same one by one. */
const SERIAL_ROWS: Readonly<Record<string, string>> = {
  ours: "ours-serial",
  bare: "bare-serial",
  floor: "floor-serial",
  ...Object.fromEntries(
    DEPLOYED.map(({ latencyMs, batch }) => [deployedId(latencyMs, batch), "ours-serial"]),
  ),
};

/** The row's own stages, or those of its serial counterpart, measured for one slice. */
async function stagesOf(job: ProfileJob, id: string, own: StageMs): Promise<StageMs> {
  const serial = SERIAL_ROWS[id];
  if (Object.keys(own).length > 0 || serial === undefined) return own;
  const row = await openRow(job, serial, false, []);
  try {
    const reply = await row.ask({ type: "slice", seconds: Math.min(SLICE_SECONDS, job.seconds) });
    return reply.type === "slice" ? reply.slice.stagesMs : own;
  } finally {
    await row.close();
  }
}

/** The model that a row runs. */
function modelOf({ context }: ProfileJob, id: string): string {
  if (id === "ours-uint8") return context.uint8ModelDir;
  return id === "infer-float32" ? context.float32ModelDir : context.modelDir;
}

async function alternateSlices(
  seconds: number,
  profiled: RowProcess,
  bare: RowProcess | undefined,
  recording: Recording | undefined,
  onSlice: () => void,
): Promise<{ profiled: Slice[]; bare: Slice[] }> {
  const slices: { profiled: Slice[]; bare: Slice[] } = { profiled: [], bare: [] };
  const count = sliceCount(seconds);
  for (let pair = 0; pair < count; pair++) {
    const order = pair % 2 === 0 ? (["profiled", "bare"] as const) : (["bare", "profiled"] as const);
    for (const side of order) {
      const row = side === "profiled" ? profiled : bare;
      if (row === undefined) continue;
      onSlice();
      if (side === "profiled") await recording?.enable();
      const reply = await row.ask({ type: "slice", seconds: seconds / count });
      if (side === "profiled") await recording?.disable();
      if (reply.type === "slice") slices[side].push(reply.slice);
    }
  }
  return slices;
}

/** How many slices `seconds` are cut into. */
export function sliceCount(seconds: number): number {
  return Math.max(1, Math.round(seconds / SLICE_SECONDS));
}

function totals(
  slices: readonly Slice[],
): Pick<RowProfile, "pictures" | "msPerPicture" | "cpuMsPerPicture" | "stagesMs"> {
  const sum = (value: (slice: Slice) => number): number =>
    slices.reduce((all, slice) => all + value(slice), 0);
  const pictures = sum((slice) => slice.pictures);
  const names = new Set(slices.flatMap(({ stagesMs }) => Object.keys(stagesMs)));
  return {
    pictures,
    msPerPicture: sum(({ wallMs }) => wallMs) / pictures,
    cpuMsPerPicture: sum(({ cpuMs }) => cpuMs) / pictures,
    stagesMs: Object.fromEntries(
      [...names].map((name) => [name, sum(({ stagesMs }) => stagesMs[name] ?? 0)]),
    ),
  };
}

/** Slice by slice: time a picture under the profilers over time a picture without, less one. */
export function overheadOf(profiled: readonly Slice[], bare: readonly Slice[]): Overhead {
  const compare = (value: (slice: Slice) => number): Overhead["wall"] =>
    spreadOf(
      profiled.flatMap((slice, i) => {
        const other = bare[i];
        return other === undefined
          ? []
          : [value(slice) / slice.pictures / (value(other) / other.pictures) - 1];
      }),
    );
  return { wall: compare(({ wallMs }) => wallMs), cpu: compare(({ cpuMs }) => cpuMs), pairs: bare.length };
}

interface RowProcess {
  pid: number | undefined;
  ask(request: SampledRequest): Promise<SampledReply>;
  close(): Promise<void>;
}

async function openRow(
  { context, pictures }: ProfileJob,
  row: string,
  profiled: boolean,
  execArgv: string[],
): Promise<RowProcess> {
  const child = fork(join(import.meta.dirname, "sampled-row.ts"), {
    execArgv,
    serialization: "advanced",
    // Where the bundle finds the layer's packages, as on Lambda.
    env: { ...process.env, NODE_PATH: join(import.meta.dirname, "../../../node_modules") },
  });
  const ask = async (request: SampledRequest): Promise<SampledReply> => {
    child.send(request);
    const reply = await nextReply<SampledReply>(child, `Row ${row}: its`);
    if (reply.type === "failed") throw new Error(`Row ${row} failed: ${reply.message}`);
    return reply;
  };
  await ask({ type: "open", row, context, paths: pictures, profiled });
  return {
    pid: child.pid,
    ask,
    close: async () => {
      if (child.connected) child.disconnect();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await rm(`/tmp/perf-${child.pid}.map`, { force: true });
    },
  };
}
