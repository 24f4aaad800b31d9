import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readConfig } from "../../src/function/config.ts";
import { buildFunction } from "../../src/local/build.ts";
import type { EventSourceOptions } from "../../src/local/event-source.ts";
import { createLocalClient } from "../../src/local/s3/client.ts";
import type { ObjectEventRecord } from "../../src/local/s3/notification.ts";
import { startS3 } from "../../src/local/s3/server.ts";
import { seededRandom } from "../../src/measure/random.ts";
import { below, pick, type Random } from "../hostile/mutations.ts";
import { type Disturbance, type FaultyEnvironment, startEnvironment } from "./environment.ts";
import { checkRun } from "./invariants.ts";
import {
  addFaultyKeys,
  createInvocation,
  createLedger,
  type Invocation,
  keyOf,
  type Ledger,
} from "./ledger.ts";
import { type Mechanism, mutantPlugin } from "./mutants.ts";
import { knownPictures } from "./pictures.ts";
import { type Exchange, FAULTS, type Fault } from "./proxy.ts";
import { ISOLATION_QUEUE_ARN, startQueues } from "./queues.ts";
import { BUCKETS, EVENT_FAULTS, playScenario, type World } from "./scenario.ts";
import { indexLines, readingsOf } from "./standings.ts";
import { createTally, type RunOptions, type Tally } from "./tally.ts";

/** What can happen to the environment itself; `redelivery` hands messages out again while they are worked on. */
export const ENVIRONMENT_FAULTS = ["kill", "out-of-time", "redelivery"] as const;
export const FAULT_CLASSES = [...FAULTS, ...ENVIRONMENT_FAULTS, ...EVENT_FAULTS] as const;
export type FaultClass = (typeof FAULT_CLASSES)[number];

/** Runs at once, each with two environments: their waits overlap. */
const LANES = 6;
/** A run that takes longer has lost a message; most take less than a second. */
const MAX_RUN_MS = 300_000;
/** Plays seeded runs of the built function against faults, and checks the invariants after each. */
export async function simulate(
  options: RunOptions & {
    /** Only these; all by default. */
    readonly classes?: readonly FaultClass[];
    /** A mechanism to take out of the bundle. */
    readonly without?: Mechanism;
  },
): Promise<Tally<FaultClass>> {
  const total = createTally<FaultClass>();
  if (options.runs === 0 || options.classes?.length === 0) return total;
  const dir = await mkdtemp(join(tmpdir(), "faults-"));
  const records = new Map<string, ObjectEventRecord>();
  const index = indexLines();
  const { resultsAs = "object" } = options;
  const server = await startS3({
    dataDir: join(dir, "s3"),
    buckets: BUCKETS,
    onObjectEvent: (record) => {
      index.note(record);
      const key = decodeURIComponent(record.s3.object.key.replaceAll("+", " "));
      if (record.eventName.startsWith("ObjectCreated:"))
        records.set(`${record.s3.bucket.name}/${key}`, record);
    },
  });
  const s3 = createLocalClient(server.url);
  const variables = {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    MODEL_DIR: options.modelDir,
    RESULTS_BUCKET: "results",
    RESULTS_AS: resultsAs,
    S3_FORCE_PATH_STYLE: "true",
    S3_TIMEOUT_MS: "2500",
    DEADLINE_MARGIN_MS: "50",
    ISOLATION_QUEUE_ARN,
    ...options.without?.variables,
  };
  const pictures = await knownPictures(options.modelDir, readConfig(variables));
  const readings = readingsOf(resultsAs, { s3, linesOf: index.linesOf });
  const world: World = {
    s3,
    readings,
    pictures,
    lastRecord: (bucket, key) => records.get(`${bucket}/${key}`),
  };
  const taskRoot = join(dir, "function");
  await buildFunction(taskRoot, options.without === undefined ? [] : [mutantPlugin(options.without)]);
  const environments: FaultyEnvironment[] = [];
  try {
    for (let index = 0; index < 2 * Math.min(LANES, options.runs); index++) {
      environments.push(
        await startEnvironment({ taskRoot, variables, s3Url: server.url, stalePath: archivePath }),
      );
    }
    let next = 0;
    const play = async (pair: readonly FaultyEnvironment[]): Promise<void> => {
      while (next < options.runs) {
        if (options.stopAtViolation && total.violations.length > 0) return;
        const seed = options.seed * 1_000_003 + next++;
        await playRun(world, pair, seed, options, total);
        total.runs++;
        options.progress?.(total.runs);
      }
    };
    const lanes = Array.from({ length: environments.length / 2 }, (_, lane) =>
      play(environments.slice(2 * lane, 2 * lane + 2)),
    );
    await Promise.all(lanes);
  } finally {
    await Promise.all(environments.map((environment) => environment.close()));
    s3.destroy();
    await server.close();
    await rm(dir, { recursive: true, force: true });
  }
  return total;
}

/** Where {@link playScenario} keeps the bytes that an upload replaced. */
function archivePath(path: string): string {
  return path.replace(/^\/[^/]+\//, "/archive/").replace(/\?.*$/, "");
}

async function playRun(
  world: World,
  environments: readonly FaultyEnvironment[],
  seed: number,
  { classes = FAULT_CLASSES, without }: { classes?: readonly FaultClass[]; without?: Mechanism },
  total: Tally<FaultClass>,
): Promise<void> {
  const random = seededRandom(seed);
  const active = chooseClasses(classes, random);
  const ledger = createLedger(active.has("redelivery"));
  const count = (fault: FaultClass) => total.injected.set(fault, (total.injected.get(fault) ?? 0) + 1);
  const spare = [...environments];
  const waiting: ((environment: FaultyEnvironment) => void)[] = [];
  const borrow = () =>
    new Promise<FaultyEnvironment>((resolve) => {
      const environment = spare.pop();
      if (environment === undefined) waiting.push(resolve);
      else resolve(environment);
    });
  const giveBack = (environment: FaultyEnvironment) => {
    const next = waiting.shift();
    if (next === undefined) spare.push(environment);
    else next(environment);
  };
  let running = 0;
  const invoke: EventSourceOptions["invoke"] = async (event) => {
    running++;
    const environment = await borrow();
    const invocation = createInvocation(randomUUID(), event);
    ledger.invocations.push(invocation);
    try {
      const disturbance = disturb(active, invocation, ledger, count, random);
      const answer = await environment.invoke(event, invocation, disturbance);
      return without?.answer?.(answer) ?? answer;
    } finally {
      giveBack(environment);
      running--;
    }
  };
  const queues = startQueues({
    visibilityTimeoutMs: ledger.redeliversEarly ? 60 + below(300, random) : 600_000,
    batchSize: pick([1, 3, 10], random),
    batchingWindowMs: below(15, random),
    maximumConcurrency: environments.length,
    invoke,
  });
  const prefix = `run-${seed}/`;
  const eventFaults = new Set(EVENT_FAULTS.filter((fault) => active.has(fault)));
  for (const fault of eventFaults) count(fault);
  if (ledger.redeliversEarly) count("redelivery");
  const end = performance.now() + MAX_RUN_MS;
  const isBusy = () => !queues.isEmpty() || running > 0;
  const drain = async () => {
    while (isBusy() && performance.now() < end) await sleep(5);
  };
  await playScenario(world, { queue: queues.queue, drain }, ledger, prefix, eventFaults, random);
  await drain();
  const drained = !isBusy();
  await queues.close();
  const findings = await checkRun(world.readings, prefix, ledger, queues.deadMessages);
  const violations = drained ? findings.violations : [...findings.violations, "the queue did not drain"];
  total.violations.push(...violations.map((text) => `seed ${seed} (${[...active].join(", ")}): ${text}`));
  total.uploads += ledger.uploads.length;
  total.results += findings.results;
  total.deadUploads += findings.deadUploads;
}

function chooseClasses(classes: readonly FaultClass[], random: Random): Set<FaultClass> {
  if (classes.length <= 3) return new Set(classes);
  return new Set(Array.from({ length: 1 + below(4, random) }, () => pick(classes, random)));
}

const isS3Fault = (fault: FaultClass): fault is Fault => (FAULTS as readonly string[]).includes(fault);

/** Decides what happens to an invocation, and to each of its requests. */
function disturb(
  active: ReadonlySet<FaultClass>,
  invocation: Invocation,
  ledger: Ledger,
  count: (fault: FaultClass) => void,
  random: Random,
): Disturbance {
  const s3Faults = [...active].filter(isS3Fault);
  // Often one request in five, sometimes every second one, so that some uploads are given up.
  const rate = pick([0.2, 0.2, 0.5], random);
  const isKilled = active.has("kill") && below(2, random) === 0;
  const killAt = isKilled
    ? pick(["request", "request", "request", "start", "answer"] as const, random)
    : undefined;
  let untilKill = killAt === "request" ? below(6, random) : Number.POSITIVE_INFINITY;
  const isShort = active.has("out-of-time") && below(2, random) === 0;
  let untilStall = isShort ? below(5, random) : Number.POSITIVE_INFINITY;
  if (isKilled) count("kill");
  if (isShort) {
    count("out-of-time");
    invocation.disturbed = true;
  }
  const lied = new Set<string>();
  const hit = (exchange: Exchange) => addFaultyKeys(invocation, exchange, ledger);
  return {
    onBroken: hit,
    remainingMs: isShort ? 520 + below(700, random) : 60_000,
    killAt,
    choose(exchange, kill) {
      if (untilKill-- === 0) {
        // At once: this request never reaches S3. A little later: somewhere between fetch and publish.
        kill(pick([0, 1, 5, 15], random));
        return below(2, random) === 0 ? "lost-answer" : undefined;
      }
      if (untilStall-- === 0) return "stall";
      if (s3Faults.length === 0 || random() >= rate) return undefined;
      const fault = pick(s3Faults, random);
      const key = keyOf(exchange);
      if (!isPossible(fault, exchange, key ?? "", lied)) return undefined;
      hit(exchange);
      count(fault);
      return fault;
    },
  };
}

/** Somebody who is told the same lie each time cannot tell: no two about one key in an invocation. */
function isPossible(fault: Fault, { method, path }: Exchange, key: string, lied: Set<string>): boolean {
  const isUpload = !path.startsWith("/results/") && !path.includes("?annotation");
  if (fault === "corrupt-request") return method === "PUT" && !path.includes("tagging");
  if (fault === "corrupt") return method === "GET" && !path.includes("tagging");
  if (fault === "denied" && !(isUpload && method === "GET" && !path.includes("versionId"))) return false;
  if ((fault === "stale" || fault === "cut") && !(isUpload && method === "GET")) return false;
  if (fault !== "denied" && fault !== "stale" && fault !== "missing") return true;
  if (lied.has(key)) return false;
  lied.add(key);
  return true;
}
