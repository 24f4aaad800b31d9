import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { createLocalClient, localS3Variables } from "../../local/s3/client.ts";
import { startS3 } from "../../local/s3/server.ts";
import { PROJECT_DIR } from "../../local/template.ts";
import { describeMachine, type Machine } from "../machine.ts";
import { pairedRatio, type Spread } from "../statistics.ts";
import { type Bundles, buildBundles } from "./bundles.ts";
import { type ColdStart, startOnce } from "./start.ts";
import { type ColdStartSide, summarise } from "./summary.ts";

export interface ColdStartOptions {
  /** Model folder that both open. */
  modelDir: string;
  /** The first picture. */
  picture: string;
  /** Alternated rounds; one more before them is thrown away. */
  rounds: number;
  /** Traced starts of each, apart from the timed ones. */
  tracedRounds: number;
  /** More environment for the function alone, to try a setting. */
  env?: Readonly<Record<string, string>>;
  onStart?: () => void;
}

export interface ColdStartReport {
  schemaVersion: 1;
  machine: Machine;
  rounds: number;
  ours: ColdStartSide;
  floor: ColdStartSide;
  /** Ours / floor, round by round: until the first result, until loaded (Lambda's INIT), and CPU time. */
  ratio: { firstResult: Spread; init: Spread; cpu: Spread };
}

/** Starts the function and its floor in turns, each in a fresh process, against a local S3 endpoint. */
export async function measureColdStart(options: ColdStartOptions): Promise<ColdStartReport> {
  const dir = await mkdtemp(join(tmpdir(), "cold-start-"));
  const server = await startS3({ dataDir: join(dir, "s3"), buckets: ["uploads", "results"] });
  const client = createLocalClient(server.url);
  try {
    const bundles = await buildBundles(dir);
    const body = await readFile(options.picture);
    const onStart = options.onStart ?? (() => {});
    let uploads = 0;
    const start = async (side: "ours" | "floor", traced: boolean): Promise<ColdStart> => {
      onStart();
      const key = `${uploads++}.jpg`;
      await client.send(new PutObjectCommand({ Bucket: "uploads", Key: key, Body: body }));
      const env = environment(
        bundles,
        server.url,
        options.modelDir,
        side === "ours" ? options.env : undefined,
      );
      if (side === "floor") delete env.NODE_OPTIONS;
      const { driver, tracer } = bundles;
      const common = { driver, bundle: bundles[side].file, env, bucket: "uploads", key };
      return startOnce(traced ? { ...common, tracer } : common);
    };
    const timed = await alternate(start, options.rounds, false);
    const traced = await alternate(start, options.tracedRounds, true);
    const all = (side: "ours" | "floor", value: (start: ColdStart) => number): number[] =>
      timed[side].map(value);
    const ratio = (value: (start: ColdStart) => number): Spread =>
      pairedRatio(all("ours", value), all("floor", value));
    return {
      schemaVersion: 1,
      machine: describeMachine(),
      rounds: options.rounds,
      ours: summarise(timed.ours, traced.ours, bundles.ours.bytes),
      floor: summarise(timed.floor, traced.floor, bundles.floor.bytes),
      ratio: {
        firstResult: ratio(({ spawnMs, doneMs }) => spawnMs + doneMs),
        init: ratio(({ spawnMs, readyMs }) => spawnMs + readyMs),
        cpu: ratio(({ cpuMs }) => cpuMs),
      },
    };
  } finally {
    client.destroy();
    await server.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** `rounds` of both, the first to go changing; one round before them warms the page cache. */
async function alternate(
  start: (side: "ours" | "floor", traced: boolean) => Promise<ColdStart>,
  rounds: number,
  traced: boolean,
): Promise<{ ours: ColdStart[]; floor: ColdStart[] }> {
  const starts: { ours: ColdStart[]; floor: ColdStart[] } = { ours: [], floor: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const side of round % 2 === 0 ? (["ours", "floor"] as const) : (["floor", "ours"] as const)) {
      const sample = await start(side, traced);
      if (round > 0) starts[side].push(sample);
    }
  }
  return starts;
}

/** The deployed function's environment, with this machine's packages in place of the layer's. */
function environment(
  bundles: Bundles,
  endpoint: string,
  modelDir: string,
  more: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    ...bundles.environment,
    NODE_PATH: join(PROJECT_DIR, "node_modules"),
    MODEL_DIR: modelDir,
    RESULTS_BUCKET: "results",
    ...localS3Variables(endpoint),
    ...more,
  };
}
