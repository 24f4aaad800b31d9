import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import sharp from "sharp";
import { readConfig } from "../../src/function/config.ts";
import { buildFunction } from "../../src/local/build.ts";
import type { EventSourceOptions } from "../../src/local/event-source.ts";
import { type LambdaRuntime, startRuntime } from "../../src/local/lambda/runtime.ts";
import { createLocalClient } from "../../src/local/s3/client.ts";
import type { ObjectEventRecord } from "../../src/local/s3/notification.ts";
import { startS3 } from "../../src/local/s3/server.ts";
import { seededRandom } from "../../src/measure/random.ts";
import { below, pick, type Random } from "../hostile/mutations.ts";
import { checkRun } from "./invariants.ts";
import {
  addFaultyKeys,
  createInvocation,
  createLedger,
  type Invocation,
  type Ledger,
  type Upload,
} from "./ledger.ts";
import { type Mechanism, mutantPlugin } from "./mutants.ts";
import { type KnownPicture, knownPictures } from "./pictures.ts";
import { type Exchange, type Fault, startFaultProxy } from "./proxy.ts";
import { ISOLATION_QUEUE_ARN, startQueues } from "./queues.ts";
import { BUCKETS } from "./scenario.ts";
import { indexLines, readingsOf } from "./standings.ts";
import { watchStarvation } from "./starvation.ts";
import { createTally, type RunOptions, type Tally } from "./tally.ts";

/** Where in an invocation the process is ended; `frozen` stops it until Lambda's timeout does. */
export const STAGES = [
  "init",
  "fetch",
  "decode",
  "publish",
  "published",
  "answer",
  "frozen",
  "memory",
] as const;
export type Stage = (typeof STAGES)[number];

/** Enough for a small picture, too little for the canvas of a GIF of 49 megapixels. */
const MEMORY_MB = 220;
/** Long enough for a busy machine to classify in what lines leave of it. */
const TIMEOUT_SECONDS = 20;
/** A frozen environment is waited for as long as this. */
const FROZEN_SECONDS = 8;
const MAX_RUN_MS = 300_000;

/** Plays seeded runs of the built bundle in real processes under the official runtime client, and ends those. */
export async function simulateProcesses(
  options: RunOptions & {
    /** Only these; all by default. */
    readonly stages?: readonly Stage[];
    /** A mechanism to take out. */
    readonly without?: Mechanism;
  },
): Promise<Tally<Stage>> {
  const total = createTally<Stage>();
  const { runs, stages = STAGES, without } = options;
  if (runs === 0 || stages.length === 0) return total;
  const dir = await mkdtemp(join(tmpdir(), "faults-"));
  const records = new Map<string, ObjectEventRecord>();
  const index = indexLines();
  const { resultsAs = "object" } = options;
  const server = await startS3({
    dataDir: join(dir, "s3"),
    buckets: BUCKETS,
    onObjectEvent: (record) => {
      index.note(record);
      if (record.eventName.startsWith("ObjectCreated:")) records.set(record.s3.object.key, record);
    },
  });
  let choose: (exchange: Exchange) => Fault | undefined = () => undefined;
  let onBroken: (exchange: Exchange) => void = () => {};
  const proxy = await startFaultProxy(
    server.url,
    (exchange) => choose(exchange),
    undefined,
    (exchange) => onBroken(exchange),
  );
  const s3 = createLocalClient(server.url);
  const readings = readingsOf(resultsAs, { s3, linesOf: index.linesOf });
  const taskRoot = join(dir, "function");
  await buildFunction(taskRoot, without === undefined ? [] : [mutantPlugin(without)]);
  const environment = {
    MODEL_DIR: options.modelDir,
    RESULTS_BUCKET: "results",
    RESULTS_AS: resultsAs,
    S3_FORCE_PATH_STYLE: "true",
    AWS_ENDPOINT_URL_S3: proxy.url,
    DEADLINE_MARGIN_MS: "100",
    ISOLATION_QUEUE_ARN,
  };
  const runtime = startRuntime({
    functionName: "faults",
    taskRoot,
    handler: "handler.handler",
    environment,
    memoryMb: MEMORY_MB,
    announcedMemoryMb: 1769,
    timeoutSeconds: TIMEOUT_SECONDS,
    logFormat: "JSON",
    initTimeoutMs: 60_000,
    concurrency: 2,
  });
  const pictures = (await knownPictures(options.modelDir, readConfig(environment))).filter(
    ({ name }) => name !== "text.jpg",
  );
  const bomb: KnownPicture = { name: "bomb.gif", bytes: await makeBomb(), answer: "PROCESSING_LIMIT" };
  try {
    while (total.runs < runs) {
      if (options.stopAtViolation && total.violations.length > 0) break;
      const random = seededRandom(options.seed * 1_000_003 + total.runs);
      const stage = stages[total.runs % stages.length] as Stage;
      const run = new Run(runtime, stage, random, without);
      choose = (exchange) => run.choose(exchange);
      onBroken = (exchange) => run.onBroken(exchange);
      const sources = Array.from({ length: 1 + below(5, random) }, () => pick(pictures, random));
      if (stage === "memory") sources.push(bomb);
      const uploads: [Upload, string][] = [];
      for (const [index, picture] of sources.entries()) {
        const Key = `process-${total.runs}/${index}.jpg`;
        await s3.send(new PutObjectCommand({ Bucket: "uploads", Key, Body: picture.bytes }));
        const record = records.get(Key);
        if (record === undefined) throw new Error(`expected S3 to announce ${Key}`);
        const { eTag = "", sequencer } = record.s3.object;
        const upload = { bucket: "uploads", key: Key, eTag, versionId: undefined, sequencer, picture };
        uploads.push([upload, JSON.stringify({ Records: [record] })]);
      }
      const dead = await run.play(uploads);
      const findings = await checkRun(readings, `process-${total.runs}/`, run.ledger, dead);
      const isBombDead = dead.some(({ body }) => run.ledger.sent.get(body)?.upload?.picture === bomb);
      if (isBombDead) run.violations.push("dead: the image that ends its process has no result");
      const violations = [...run.violations, ...findings.violations];
      total.violations.push(...violations.map((text) => `process run ${total.runs} (${stage}): ${text}`));
      total.injected.set(stage, (total.injected.get(stage) ?? 0) + run.injected);
      total.uploads += uploads.length;
      total.results += findings.results;
      total.deadUploads += findings.deadUploads;
      total.runs++;
      options.progress?.(total.runs);
    }
  } finally {
    await runtime.close();
    await proxy.close();
    s3.destroy();
    await server.close();
    await rm(dir, { recursive: true, force: true });
  }
  return total;
}

/** Less than the pixel limit, so that it is decoded, and more than the memory. */
function makeBomb(): Promise<Buffer> {
  const create = { width: 7000, height: 7000, channels: 3, background: "#808080" } as const;
  return sharp({ create, limitInputPixels: false }).gif({ effort: 1 }).toBuffer();
}

class Run {
  readonly ledger: Ledger = createLedger(false);
  readonly violations: string[] = [];
  injected = 0;
  readonly #runtime: LambdaRuntime;
  readonly #stage: Stage;
  readonly #random: Random;
  readonly #without: Mechanism | undefined;
  readonly #broken: { readonly exchange: Exchange; readonly at: number }[] = [];
  /** How many environments are still to be ended. */
  #left: number;

  constructor(runtime: LambdaRuntime, stage: Stage, random: Random, without: Mechanism | undefined) {
    this.#without = without;
    this.#runtime = runtime;
    this.#stage = stage;
    this.#random = random;
    this.#left = stage === "memory" ? 0 : 1 + below(2, random);
  }

  /** Sends the uploads' events, and waits until the queue is empty. @returns the dead letters */
  async play(uploads: readonly (readonly [Upload, string])[]) {
    const runtime = this.#runtime;
    const lines = new Map<string, Record<string, unknown>[]>();
    let running = 0;
    const onLog = ({
      source,
      line,
      requestId = "",
    }: {
      source: string;
      line: string;
      requestId?: string;
    }) => {
      if (source !== "stdout" || !line.startsWith("{")) return;
      const kept = lines.get(requestId) ?? [];
      lines.set(requestId, [...kept, JSON.parse(line)]);
    };
    const onEmf = () => this.#stage === "answer" && this.#end("SIGKILL");
    const onState = ({ state }: { state: string }) =>
      this.#stage === "init" && state === "starting" && this.#end("SIGKILL", below(300, this.#random));
    runtime.events.on("log", onLog).on("emf", onEmf).on("environment", onState);
    if (this.#stage === "init") for (const { id } of runtime.environments()) runtime.kill(id);
    const invoke: EventSourceOptions["invoke"] = async (event) => {
      running++;
      const startedAt = performance.now();
      const timeoutSeconds = this.#stage === "frozen" ? FROZEN_SECONDS : TIMEOUT_SECONDS;
      // Any of the two may take it.
      const starved = runtime.environments().map(({ pid }) => watchStarvation(pid));
      const answer = await runtime.invoke(event, { timeoutSeconds });
      const invocation: Invocation = createInvocation(answer.requestId, event);
      invocation.starvedMs = Math.max(0, ...starved.map((ms) => ms()));
      invocation.lines.push(...(lines.get(answer.requestId) ?? []));
      this.ledger.invocations.push(invocation);
      for (const { exchange, at } of this.#broken)
        if (at >= startedAt) addFaultyKeys(invocation, exchange, this.ledger);
      if (answer.functionError === undefined) {
        const { batchItemFailures } = JSON.parse(answer.payload) as {
          batchItemFailures: { itemIdentifier: string }[];
        };
        invocation.failures = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
      } else {
        invocation.disturbed = true;
        const isOutOfMemory = answer.payload.includes("Runtime.OutOfMemory");
        if (isOutOfMemory) this.injected++;
        if (this.injected === 0 || isOutOfMemory !== (this.#stage === "memory")) {
          this.violations.push(`died by itself: ${answer.payload.slice(0, 200)}`);
        }
      }
      running--;
      return this.#without?.answer?.(answer) ?? answer;
    };
    const queues = startQueues({
      visibilityTimeoutMs: 600_000,
      batchSize: 10,
      batchingWindowMs: below(20, this.#random),
      maximumConcurrency: 2,
      invoke,
    });
    for (const [upload, body] of uploads) {
      this.ledger.uploads.push(upload);
      this.ledger.sent.set(body, { tasks: 1, unreadable: false, upload });
      queues.queue.send(body);
    }
    const end = performance.now() + MAX_RUN_MS;
    const isBusy = () => !queues.isEmpty() || running > 0;
    while (isBusy() && performance.now() < end) await sleep(10);
    if (isBusy()) this.violations.push("the queue did not drain");
    await queues.close();
    runtime.events.off("log", onLog).off("emf", onEmf).off("environment", onState);
    return queues.deadMessages;
  }

  /** Told of each request that had no whole answer. */
  onBroken(exchange: Exchange): void {
    this.#broken.push({ exchange, at: performance.now() });
  }

  /** Told of each request to S3. */
  choose({ method, path }: Exchange): Fault | undefined {
    const isResult = path.startsWith("/results/") || path.includes("?annotation");
    if (!isResult && method === "GET" && below(2, this.#random) === 0) {
      if (this.#stage === "fetch") this.#end("SIGKILL");
      if (this.#stage === "decode") this.#end("SIGKILL", 1 + below(20, this.#random));
      if (this.#stage === "frozen") this.#end("SIGSTOP", below(20, this.#random));
    }
    if (method === "PUT" && isResult && below(2, this.#random) === 0) {
      if (this.#stage === "publish") this.#end("SIGKILL");
      if (this.#stage === "published" && this.#left > 0) {
        this.#end("SIGKILL", 20);
        return "lost-answer";
      }
    }
    return undefined;
  }

  #end(signal: "SIGKILL" | "SIGSTOP", afterMs = 0): void {
    if (this.#left <= 0) return;
    this.#left--;
    const end = () => {
      const busy = this.#runtime.environments().find(({ state }) => state === "busy" || state === "starting");
      if (busy === undefined) return;
      this.injected++;
      if (signal === "SIGKILL") this.#runtime.kill(busy.id);
      else if (busy.pid !== undefined) process.kill(busy.pid, signal);
    };
    if (afterMs === 0) end();
    else setTimeout(end, afterMs);
  }
}
