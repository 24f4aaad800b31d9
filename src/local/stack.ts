import { EventEmitter } from "node:events";
import { join } from "node:path";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SQSEvent } from "aws-lambda";
import { RESULTS_AS, type ResultsAs } from "../function/config.ts";
import { buildFunction, FUNCTION_DIR } from "./build.ts";
import { claimDataDir, keepResultsAs } from "./data-dir.ts";
import { type EventSource, startEventSource } from "./event-source.ts";
import type { InvocationResult } from "./lambda/environment.ts";
import type { EnvironmentInfo } from "./lambda/events.ts";
import { ACCOUNT_ID, REGION } from "./lambda/process.ts";
import type { LogFormat } from "./lambda/report.ts";
import { startRuntime } from "./lambda/runtime.ts";
import { type DeadMessage, Queue } from "./queue.ts";
import { listUnclassified } from "./resume.ts";
import { createLocalClient } from "./s3/client.ts";
import type { Fault } from "./s3/fault.ts";
import { startS3 } from "./s3/server.ts";
import {
  announceObject,
  announceQueues,
  countMessages,
  forwardEvents,
  RESULTS_BUCKET,
  type StackEvents,
  type StackQueueCounts,
  UPLOADS_BUCKET,
} from "./stack-events.ts";
import { createStackResults } from "./stack-results.ts";
import { type FunctionTemplate, readFunctionTemplate, readTemplate } from "./template.ts";

const QUEUE_ARN = `arn:aws:sqs:${REGION}:${ACCOUNT_ID}:uploads-queue`;
const ISOLATION_QUEUE_ARN = `arn:aws:sqs:${REGION}:${ACCOUNT_ID}:isolation-queue`;

/** What is not given is as in `template.yaml`. */
export interface StackOptions {
  /** Where the buckets are kept; for one stack at a time. */
  readonly dataDir: string;
  /** Model folder. */
  readonly modelDir: string;
  /** Environments at once, at most; default 2. */
  readonly concurrency?: number;
  readonly memoryMb?: number;
  readonly timeoutSeconds?: number;
  readonly logFormat?: LogFormat;
  /** Port of the S3 endpoint; 0, the default, takes a free one. */
  readonly port?: number;
  /** Where the S3 endpoint listens beside 127.0.0.1. */
  readonly listen?: string;
  readonly queue?: Partial<QueueSettings>;
  /** `false` leaves messages in the queue, as a disabled event source mapping does. */
  readonly pollsQueue?: boolean;
  /** Further variables of the function. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A bundle made before; without it, the function is bundled now. */
  readonly bundle?: { readonly dir: string; readonly handler: string };
  /** How long INIT may take; Lambda's and the default is 10 seconds. */
  readonly initTimeoutMs?: number;
}

export interface QueueSettings {
  /** Of both queues. */
  readonly visibilityTimeoutMs: number;
  /** After so many attempts an upload is tried alone. */
  readonly maxReceiveCount: number;
  /** After so many attempts alone it is given up. */
  readonly isolationMaxReceiveCount: number;
  readonly batchSize: number;
  readonly batchingWindowMs: number;
  /** When a failed message is tried again; without it, after its visibility timeout, as on AWS. */
  readonly retryDelayMs: number;
}

/** Bucket → queue → function → bucket, as `template.yaml` deploys them, on this machine. */
export interface LocalStack {
  readonly events: EventEmitter<StackEvents>;
  /** The S3 endpoint, `http://127.0.0.1:port`. */
  readonly s3Url: string;
  /** A client of that endpoint. */
  readonly client: S3Client;
  /** Where the buckets are kept. */
  readonly dataDir: string;
  readonly resultsAs: ResultsAs;
  /** Of the annotations that hold results, where they do. */
  readonly annotationName: string;
  readonly modelDir: string;
  readonly concurrency: number;
  /** Invokes the function with any event, without the queue. */
  invoke(event: unknown): Promise<InvocationResult>;
  /** The parsed result of an upload. Throws where there is none. */
  readResult(uploadKey: string): Promise<unknown>;
  /** Keys of all uploads with a result. */
  resultKeys(): AsyncIterable<string>;
  /** Queues the uploads that have no result, from a run that was ended too early. @returns how many */
  resume(): Promise<number>;
  /** Sends what was given up to the uploads queue again. @returns how many */
  redrive(): number;
  deadMessages(): readonly DeadMessage[];
  queueCounts(): StackQueueCounts;
  environments(): readonly EnvironmentInfo[];
  /** Starts environments before there are events for them. Rejects with the reason when INIT fails. */
  prewarm(count: number): Promise<void>;
  killEnvironment(id: string): boolean;
  /** Makes S3 requests fail or wait, those of the function too; `undefined` ends that. */
  setFault(fault: Fault | undefined): void;
  /** Lets a web page of this origin use the S3 endpoint. */
  allowOrigin(origin: string): void;
  setModel(modelDir: string): void;
  setConcurrency(count: number): void;
  /** Ends all processes. What is in the buckets stays; what is in the queue is found again by {@link resume}. */
  close(): Promise<void>;
}

/** Bundles the function and starts everything. Throws when the data folder is in use or the bundle cannot be made. */
export async function startStack(options: StackOptions): Promise<LocalStack> {
  const template = readFunctionTemplate(await readTemplate());
  const bundle = options.bundle ?? { dir: FUNCTION_DIR, handler: template.handler };
  if (options.bundle === undefined) await buildFunction(FUNCTION_DIR);

  const variables = { ...template.environment, ...options.environment };
  const queuesRemovals = variables.REMOVE_RESULTS === "true";

  const claim = claimDataDir(options.dataDir);
  const events = new EventEmitter<StackEvents>();
  const resultsAs = RESULTS_AS.find((way) => way === variables.RESULTS_AS) ?? "object";
  const annotationName = variables.ANNOTATION_NAME ?? "classification";
  const results = createStackResults(() => client, resultsAs, annotationName, events);
  const queueSettings = readQueueSettings(template, options);
  const isolationSettings = readIsolationSettings(template, options);
  const isolationQueue = new Queue(isolationSettings);
  const queue = new Queue({ ...queueSettings, redriveTo: isolationQueue });
  announceQueues(queue, isolationQueue, events);
  const s3 = await startS3({
    port: options.port ?? 0,
    ...(options.listen !== undefined && { listen: options.listen }),
    dataDir: join(options.dataDir, "s3"),
    region: REGION,
    buckets: [UPLOADS_BUCKET, RESULTS_BUCKET],
    onObjectEvent: (record) => {
      announceObject(record, queue, events, queuesRemovals);
      results.announce(record);
    },
  }).catch((error: unknown) => {
    claim.release();
    throw error;
  });
  claim.announce(s3.url);
  keepResultsAs(options.dataDir, resultsAs);
  const client = createLocalClient(s3.url, { region: REGION });
  let { modelDir, concurrency = 2 } = options;
  const environment = {
    ...template.environment,
    ...localVariables(s3.url, modelDir),
    ...options.environment,
  };
  assertComplete(template, environment);
  const runtime = startRuntime({
    functionName: "graviton-image-classifier",
    taskRoot: bundle.dir,
    handler: bundle.handler,
    environment,
    memoryMb: options.memoryMb ?? template.memoryMb,
    timeoutSeconds: options.timeoutSeconds ?? template.timeoutSeconds,
    logFormat: options.logFormat ?? template.logFormat,
    initTimeoutMs: options.initTimeoutMs ?? 10_000,
    concurrency,
  });
  forwardEvents(runtime.events, events);
  const polling = {
    maximumConcurrency: options.pollsQueue === false ? 0 : concurrency,
    invoke: (event: SQSEvent) => runtime.invoke(event),
  };
  const sources: readonly EventSource[] = [
    startEventSource({ ...queueSettings, ...polling, queue, queueArn: QUEUE_ARN }),
    startEventSource({
      ...isolationSettings,
      ...polling,
      queue: isolationQueue,
      queueArn: ISOLATION_QUEUE_ARN,
    }),
  ];
  return {
    events,
    s3Url: s3.url,
    client,
    dataDir: options.dataDir,
    resultsAs,
    annotationName,
    get modelDir() {
      return modelDir;
    },
    get concurrency() {
      return concurrency;
    },
    invoke: runtime.invoke,
    readResult: results.read,
    resultKeys: results.keys,
    async resume() {
      const notifications = await listUnclassified(client, UPLOADS_BUCKET, results.keys());
      for (const notification of notifications) queue.send(JSON.stringify(notification));
      return notifications.length;
    },
    redrive: () => isolationQueue.redrive(queue),
    deadMessages: () => isolationQueue.deadMessages,
    queueCounts: () => countMessages(queue, isolationQueue),
    environments: runtime.environments,
    prewarm: runtime.prewarm,
    killEnvironment: runtime.kill,
    setFault: s3.setFault,
    allowOrigin: s3.allowOrigin,
    setModel(dir) {
      modelDir = dir;
      runtime.configure({ environment: { ...environment, ...localVariables(s3.url, dir) } });
    },
    setConcurrency(count) {
      concurrency = count;
      runtime.configure({ concurrency: count });
      if (options.pollsQueue === false) return;
      for (const source of sources) source.setMaximumConcurrency(count);
    },
    async close() {
      const drained = Promise.all(sources.map((source) => source.close()));
      await runtime.close();
      await drained;
      client.destroy();
      await s3.close();
      claim.release();
    },
  };
}

function readQueueSettings({ queue }: FunctionTemplate, { queue: given }: StackOptions) {
  return {
    visibilityTimeoutMs: queue.visibilityTimeoutSeconds * 1000,
    maxReceiveCount: queue.maxReceiveCount,
    batchSize: queue.batchSize,
    batchingWindowMs: queue.batchingWindowSeconds * 1000,
    reportBatchItemFailures: queue.reportBatchItemFailures,
    ...given,
  };
}

function readIsolationSettings({ isolationQueue: queue }: FunctionTemplate, { queue: given }: StackOptions) {
  return {
    visibilityTimeoutMs: given?.visibilityTimeoutMs ?? queue.visibilityTimeoutSeconds * 1000,
    maxReceiveCount: given?.isolationMaxReceiveCount ?? queue.maxReceiveCount,
    batchSize: queue.batchSize,
    batchingWindowMs: queue.batchingWindowSeconds * 1000,
    reportBatchItemFailures: queue.reportBatchItemFailures,
    ...(given?.retryDelayMs !== undefined && { retryDelayMs: given.retryDelayMs }),
  };
}

/** The values that a deployment knows and the template does not. */
function localVariables(s3Url: string, modelDir: string): Record<string, string> {
  return {
    MODEL_DIR: modelDir,
    RESULTS_BUCKET,
    ISOLATION_QUEUE_ARN,
    AWS_ENDPOINT_URL_S3: s3Url,
    S3_FORCE_PATH_STYLE: "true",
  };
}

function assertComplete(template: FunctionTemplate, environment: Readonly<Record<string, string>>): void {
  const missing = template.deployedVariables.filter((name) => !(name in environment));
  if (missing.length === 0) return;
  throw new Error(
    `template.yaml gives the function ${missing.join(", ")}, whose value only a deployment knows. ` +
      "Add its local value to localVariables in src/local/stack.ts.",
  );
}
