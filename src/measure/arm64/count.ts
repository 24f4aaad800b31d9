import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { PROJECT_DIR } from "../../local/template.ts";
import { type Layout, startFunction } from "../deployed/environment.ts";
import { RESULTS_BUCKET, startUploads } from "../deployed/uploads.ts";
import { gitCommit } from "../machine.ts";
import { readPictures } from "../workload.ts";
import { type Artifact, buildArtifact } from "./artifact.ts";
import type { CountReport } from "./count-report.ts";
import { sumInterval } from "./count-report.ts";
import { type Counter, type Interval, openCounter } from "./counter.ts";
import { arm64Layout, artifactRoot } from "./layout.ts";
import { type Arm64Machine, prepareArm64 } from "./machine.ts";
import { originsOf } from "./origin.ts";
import { buildSessionProgram, startSession } from "./session.ts";

const CACHE_DIR = join(PROJECT_DIR, ".build/arm64");

/** The core that Lambda's arm64 functions run on first of all: Graviton2's. */
export const DEFAULT_CPU = "neoverse-n1";

/** Pictures of one invocation, as template.yaml has it. */
const BATCH = 10;
/** The first batches are V8's to compile in. */
const WARM_UP_BATCHES = 2;
/** The first runs of a session allocate. */
const WARM_UP_RUNS = 3;

export interface CountOptions {
  readonly modelDir: string;
  readonly cpu: string;
  onStep(): void;
}

/** Steps that {@link countFunction} tells. */
export function functionSteps(pictures: number): number {
  return 1 + WARM_UP_BATCHES + Math.ceil(pictures / BATCH);
}

/**
 * Counts the instructions of a picture in the function as deployed: the bundle, its layers for arm64, under the runtime
 * interface client, with SQS batches of 10, against an S3 endpoint that runs unemulated. Start and warm-up are not counted.
 *
 * @param pictures paths; a multiple of 10 of them are counted, from the first on
 */
export async function countFunction(
  pictures: readonly string[],
  options: CountOptions,
): Promise<CountReport> {
  const { artifact, machine, counter } = await prepare(options);
  options.onStep();
  const dir = await mkdtemp(join(tmpdir(), "count-"));
  const uploads = await startUploads(join(dir, "s3"));
  const bodies = await readPictures(pictures);
  try {
    const layout = layoutOf(artifact, counter, dir, options);
    const running = await startFunction({
      ...layout,
      environment: {
        ...layout.environment,
        RESULTS_BUCKET,
        AWS_ENDPOINT_URL_S3: uploads.url,
        S3_FORCE_PATH_STYLE: "true",
        // The emulated machine is slow, S3 is not silent.
        S3_TIMEOUT_MS: "600000",
      },
    });
    try {
      const invoke = async (batch: number): Promise<void> => {
        const event = await uploads.upload(batchOf(bodies, batch));
        const answer = (await running.invoke(event)) as { batchItemFailures: unknown[] };
        if (answer.batchItemFailures.length > 0) {
          throw new Error(
            `Expected every picture to be classified; the function says:\n${running.log.join("\n")}`,
          );
        }
        options.onStep();
      };
      for (let i = 0; i < WARM_UP_BATCHES; i++) await invoke(i);
      const batches = Math.ceil(pictures.length / BATCH);
      await counter.begin();
      for (let i = 0; i < batches; i++) await invoke(i);
      return report(await counter.end(), dir, machine, options, "function", batches * BATCH);
    } finally {
      running.close();
    }
  } finally {
    await Promise.all([counter.close(), uploads.close()]);
    await rm(dir, { recursive: true, force: true });
  }
}

/** The pictures of one batch, taken in turn. */
function batchOf(pictures: readonly Uint8Array[], batch: number): Uint8Array[] {
  return Array.from({ length: BATCH }, (_, i) => {
    const picture = pictures[(batch * BATCH + i) % pictures.length];
    if (picture === undefined) throw new Error("Expected pictures to count, got none.");
    return picture;
  });
}

/** Counts the instructions of `session.run` alone, opened and fed as the function does. */
export async function countSession(runs: number, options: CountOptions): Promise<CountReport> {
  const { artifact, machine, counter } = await prepare(options);
  options.onStep();
  const dir = await mkdtemp(join(tmpdir(), "count-"));
  try {
    await buildSessionProgram(artifact.task);
    const session = await startSession(layoutOf(artifact, counter, dir, options));
    try {
      await session.run(WARM_UP_RUNS);
      options.onStep();
      await counter.begin();
      await session.run(runs);
      const interval = await counter.end();
      options.onStep();
      return report(interval, dir, machine, options, "session", runs);
    } finally {
      session.close();
    }
  } finally {
    await counter.close();
    await rm(dir, { recursive: true, force: true });
  }
}

async function prepare({
  cpu,
  modelDir,
}: CountOptions): Promise<{ artifact: Artifact; machine: Arm64Machine; counter: Counter }> {
  const machine = await prepareArm64(CACHE_DIR);
  const counter = await openCounter(machine, cpu, CACHE_DIR);
  const dir = resolve(modelDir);
  try {
    return {
      artifact: await buildArtifact(artifactRoot(machine), basename(dir), dirname(dir)),
      machine,
      counter,
    };
  } catch (error) {
    await counter.close();
    throw error;
  }
}

/** MiB of each half of V8's young generation: the function's, after INIT, on a machine that is not emulated. */
const SEMI_SPACE_MIB = 4;

/** Under the counter; V8 writes the names of what it compiles into `dir`, and only that code is not moved then. */
function layoutOf(artifact: Artifact, counter: Counter, dir: string, { modelDir }: CountOptions): Layout {
  const log = ["--no-logfile-per-isolate", `--logfile=${join(dir, "v8.log")}`];
  const names = ["--perf-basic-prof", `--perf-basic-prof-path=${dir}`, ...log];
  // To V8's clock an emulated function is idle, for which it would shrink the young generation to an eighth.
  const command = [...counter.command, ...names, `--min-semi-space-size=${SEMI_SPACE_MIB}`];
  return arm64Layout(artifact, command, basename(resolve(modelDir)));
}

function perfMapIn(dir: string): string {
  const file = readdirSync(dir).find((name) => /^perf-\d+\.map$/.test(name));
  return file === undefined ? "" : readFileSync(join(dir, file), "utf8");
}

function report(
  interval: Interval,
  dir: string,
  machine: Arm64Machine,
  { cpu, modelDir }: CountOptions,
  counted: CountReport["counted"],
  units: number,
): CountReport {
  const root = machine.emulated ? machine.root : "/";
  const origins = originsOf(interval.maps, perfMapIn(dir), root);
  const commit = gitCommit();
  return {
    schemaVersion: 1,
    cpu,
    counted,
    model: basename(resolve(modelDir)),
    units,
    ...(commit === undefined ? {} : { commit }),
    date: new Date().toISOString().slice(0, 10),
    ...sumInterval(interval, origins, units),
  };
}
