import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { readMemory } from "../local/lambda/memory.ts";
import { type LocalStack, startStack } from "../local/stack.ts";
import { UPLOADS_BUCKET } from "../local/stack-events.ts";

/** So many pictures went from the bucket through queue and function to their results. */
export interface ScaleRun {
  pictures: number;
  /** From the first upload to the last result. */
  wallMs: number;
  /** CPU time of all processes: S3 endpoint, queue and function. */
  cpuMs: number;
  /** Most memory that one process of the function held. */
  functionMb: number;
  /** Most memory that the S3 endpoint and the queue held, this process. */
  endpointMb: number;
}

export interface ScaleOptions {
  modelDir: string;
  /** Files to upload, again and again under new keys. */
  paths: readonly string[];
  /** Function processes at once. */
  concurrency: number;
}

/** Enough for V8 to have optimised what runs often, and for the C library's arenas to have their size. */
const WARM_UP_PICTURES = 1000;
const UPLOADS_AT_ONCE = 8;

/** A stack of its own, in a folder of its own, works through `pictures` uploads after some that warm it up. */
export async function runAtScale(
  pictures: number,
  { modelDir, paths, concurrency }: ScaleOptions,
  onPicture: (done: number) => void = () => {},
): Promise<ScaleRun> {
  const bodies = await Promise.all(paths.map((path) => readFile(path)));
  const dataDir = await mkdtemp(join(tmpdir(), "graviton-image-classifier-scale-"));
  try {
    const queue = { batchingWindowMs: 50 };
    const stack = await startStack({ dataDir, modelDir, concurrency, queue, initTimeoutMs: 60_000 });
    try {
      await stack.prewarm(concurrency);
      await classifyUploads(stack, "warm-up", repeat(bodies, WARM_UP_PICTURES), () => {});
      const cpu = cpuMs(stack);
      const start = performance.now();
      await classifyUploads(stack, "scale", repeat(bodies, pictures), onPicture);
      const wallMs = performance.now() - start;
      const pids = functionPids(stack);
      return {
        pictures,
        wallMs,
        cpuMs: (await cpuMs(stack)) - (await cpu),
        functionMb: Math.max(...pids.map((pid) => readMemory(pid)?.peakMb ?? 0)),
        endpointMb: process.memoryUsage.rss() / 2 ** 20,
      };
    } finally {
      await stack.close();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

function repeat(bodies: readonly Buffer[], count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => bodies[i % bodies.length] ?? Buffer.alloc(0));
}

/** Uploads all and waits for the last result; throws when the queue gives one up. */
async function classifyUploads(
  stack: LocalStack,
  prefix: string,
  bodies: readonly Buffer[],
  onPicture: (done: number) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const results = new Set<string>();
  const onResult = ({ key }: { key: string }): void => {
    results.add(key);
    onPicture(results.size);
    if (results.size === bodies.length) resolve();
  };
  const onDead = ({ key, reason }: { key: string | undefined; reason: string }): void =>
    reject(new Error(`Expected every picture to be classified, ${key} was given up: ${reason}`));
  stack.events.on("result", onResult).on("dead", onDead);
  try {
    const upload = async (body: Uint8Array, index: number): Promise<void> => {
      const key = `${prefix}/${String(index).padStart(6, "0")}.jpg`;
      await stack.client.send(new PutObjectCommand({ Bucket: UPLOADS_BUCKET, Key: key, Body: body }));
    };
    const uploads = bodies.entries();
    const lane = async (): Promise<void> => {
      for (const [index, body] of uploads) await upload(body, index);
    };
    await Promise.all([promise, ...Array.from({ length: UPLOADS_AT_ONCE }, lane)]);
  } finally {
    stack.events.off("result", onResult).off("dead", onDead);
  }
}

function functionPids(stack: LocalStack): number[] {
  return stack
    .environments()
    .flatMap(({ state, pid }) => (state === "dead" || pid === undefined ? [] : [pid]));
}

/** Linux counts a process's CPU time in ticks of 10 ms (fields utime and stime of /proc/PID/stat). */
async function cpuMs(stack: LocalStack): Promise<number> {
  const { user, system } = process.cpuUsage();
  const ofFunction = await Promise.all(
    functionPids(stack).map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return 10 * (Number(fields[11] ?? 0) + Number(fields[12] ?? 0));
    }),
  );
  return (user + system) / 1000 + ofFunction.reduce((sum, ms) => sum + ms, 0);
}
