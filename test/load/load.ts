import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { ResultsAs } from "../../src/function/config.ts";
import type { Result } from "../../src/function/result.ts";
import { readMemory } from "../../src/local/lambda/memory.ts";
import { type LocalStack, startStack } from "../../src/local/stack.ts";
import { type MemoryCurve, memoryCurve, quantile } from "./measure.ts";

export interface LoadOptions {
  readonly modelDir: string;
  /** Where the function puts results; default: as in `template.yaml`. */
  readonly resultsAs?: ResultsAs;
  /** Uploads in each of the two phases. */
  readonly pictures: number;
  /** Environments at once, at most. */
  readonly concurrency: number;
  /** A bundle made before; without it, the function is bundled now. */
  readonly bundle?: { readonly dir: string; readonly handler: string };
  readonly progress?: (phase: string, done: number) => void;
}

/** One phase: as many uploads as were asked for, and what became of them. */
export interface Phase {
  readonly name: "sustained" | "twice the rate";
  readonly uploads: number;
  readonly results: number;
  readonly deadLetters: number;
  /** Uploads without a result and without a dead letter. */
  readonly lost: number;
  /** Of a sample of results that were read back: those that are not the picture's right answer. */
  readonly wrong: number;
  readonly sampled: number;
  readonly uploadsPerSecond: number;
  readonly resultsPerSecond: number;
  /** Most uploads that waited for their result at once. */
  readonly worstBacklog: number;
  /** From the last upload to the last result. */
  readonly drainSeconds: number;
  /** From the upload's event to the result's. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly worst: number };
}

export interface Load {
  readonly phases: readonly Phase[];
  /** Of the environment that holds most. */
  readonly functionMemory: MemoryCurve;
  readonly environments: number;
  /** Environments that ended before the end. */
  readonly deaths: number;
}

const FIXTURES = [
  "barcode-1.png",
  "blank-1.jpg",
  "chart-1.png",
  "document-1.png",
  "icon-2.webp",
  "photo-1.jpg",
  "screenshot-2.webp",
];

/** So many uploads wait for their result in the first phase: enough for full batches in every environment. */
const OUTSTANDING_PER_ENVIRONMENT = 30;

/**
 * Pushes pictures through bucket, queue, function and bucket: first as fast as results come, then twice as fast as that,
 * until everything has drained.
 */
export async function pushPictures(options: LoadOptions): Promise<Load> {
  const dataDir = await mkdtemp(join(tmpdir(), "load-"));
  const stack = await startStack({
    dataDir,
    modelDir: options.modelDir,
    concurrency: options.concurrency,
    initTimeoutMs: 60_000,
    queue: { batchingWindowMs: 200 },
    ...(options.resultsAs !== undefined && { environment: { RESULTS_AS: options.resultsAs } }),
    ...(options.bundle !== undefined && { bundle: options.bundle }),
  });
  const pictures = await Promise.all(
    FIXTURES.map((name) => readFile(join(import.meta.dirname, "../fixtures", name))),
  );
  const samples: number[] = [];
  let deaths = 0;
  stack.events.on("environment", ({ state }) => {
    if (state === "dead") deaths++;
  });
  const sampling = setInterval(() => {
    const pids = stack.environments().filter(({ state }) => state !== "dead");
    samples.push(Math.max(0, ...pids.map(({ pid }) => readMemory(pid ?? 0)?.unreclaimableMb ?? 0)));
  }, 1000);
  try {
    await stack.prewarm(options.concurrency);
    const sustained = await runPhase(stack, pictures, options, undefined);
    const twice = await runPhase(stack, pictures, options, 2 * sustained.resultsPerSecond);
    clearInterval(sampling);
    return {
      phases: [sustained, twice],
      functionMemory: memoryCurve(samples, (2 * options.pictures) / options.concurrency),
      environments: stack.environments().filter(({ state }) => state !== "dead").length,
      deaths,
    };
  } finally {
    clearInterval(sampling);
    await stack.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** @param rate uploads a second; without it, an upload follows each result */
async function runPhase(
  stack: LocalStack,
  pictures: readonly Buffer[],
  options: LoadOptions,
  rate: number | undefined,
): Promise<Phase> {
  const name = rate === undefined ? "sustained" : "twice the rate";
  const prefix = name.replaceAll(" ", "-");
  const uploadedAt = new Map<string, number>();
  const latencies = new Map<string, number>();
  const dead = new Set<string>();
  let worstBacklog = 0;
  const onUpload = ({ key }: { key: string }) => uploadedAt.set(key, performance.now());
  const onResult = ({ key }: { key: string }) => {
    const upload = key.slice(0, -".json".length);
    const at = uploadedAt.get(upload);
    if (at !== undefined && !latencies.has(upload)) latencies.set(upload, performance.now() - at);
    options.progress?.(name, latencies.size);
  };
  const onDead = ({ key }: { key: string | undefined }) => void dead.add(key ?? "");
  stack.events.on("upload", onUpload).on("result", onResult).on("dead", onDead);
  const startedAt = performance.now();
  let sent = 0;
  const finished = () => latencies.size + dead.size;
  const send = async (): Promise<void> => {
    while (sent < options.pictures) {
      const index = sent++;
      const dueInMs = rate === undefined ? 0 : startedAt + (index / rate) * 1000 - performance.now();
      if (dueInMs > 0) await sleep(dueInMs);
      while (rate === undefined && index - finished() >= options.concurrency * OUTSTANDING_PER_ENVIRONMENT) {
        await sleep(2);
      }
      const Key = `${prefix}/${index}.jpg`;
      await stack.client.send(
        new PutObjectCommand({ Bucket: "uploads", Key, Body: pictures[index % pictures.length] ?? "" }),
      );
      worstBacklog = Math.max(worstBacklog, uploadedAt.size - finished());
    }
  };
  // An upload waits for its answer: several at once keep up with the rate.
  await Promise.all(Array.from({ length: 8 }, send));
  const lastUploadAt = performance.now();
  const isDone = () => finished() >= options.pictures;
  const isStuck = () => {
    const { waiting, inFlight, isolation } = stack.queueCounts();
    return waiting + inFlight + isolation.waiting + isolation.inFlight === 0;
  };
  while (!isDone() && !isStuck()) await sleep(20);
  const endedAt = performance.now();
  stack.events.off("upload", onUpload).off("result", onResult).off("dead", onDead);
  const { wrong, sampled } = await checkSample(stack, prefix, options.pictures, pictures.length);
  const values = [...latencies.values()];
  return {
    name,
    uploads: options.pictures,
    results: latencies.size,
    deadLetters: dead.size,
    lost: options.pictures - latencies.size - dead.size,
    wrong,
    sampled,
    uploadsPerSecond: (options.pictures / (lastUploadAt - startedAt)) * 1000,
    resultsPerSecond: (latencies.size / (endedAt - startedAt)) * 1000,
    worstBacklog,
    drainSeconds: (endedAt - lastUploadAt) / 1000,
    latencyMs: { p50: quantile(values, 0.5), p99: quantile(values, 0.99), worst: quantile(values, 1) },
  };
}

/** Reads 1 result in 20: the same picture has to have the same predictions, and the label of its file's name. */
async function checkSample(stack: LocalStack, prefix: string, uploads: number, pictures: number) {
  const step = Math.max(1, Math.floor(uploads / Math.min(uploads, 1000)));
  const known = new Map<number, string>();
  let wrong = 0;
  let sampled = 0;
  for (let index = 0; index < uploads; index += step) {
    const result = (await stack.readResult(`${prefix}/${index}.jpg`).catch(() => undefined)) as
      | Result
      | undefined;
    sampled++;
    const predictions = result?.status === "classified" ? result.predictions : undefined;
    const text = JSON.stringify(predictions);
    const picture = index % pictures;
    const first = known.get(picture) ?? text;
    known.set(picture, first);
    const label = FIXTURES[picture]?.split("-")[0];
    if (predictions?.[0]?.label !== label || text !== first) wrong++;
  }
  return { wrong, sampled };
}
