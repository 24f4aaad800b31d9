import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { createClassifier } from "../../src/function/classifier.ts";
import { type Config, readConfig } from "../../src/function/config.ts";
import { loadModel, type Model } from "../../src/function/model/load.ts";
import { createResponder } from "../../src/function/respond.ts";
import type { Result } from "../../src/function/result.ts";
import { createS3Client } from "../../src/function/s3.ts";
import { createMetrics } from "../../src/function/telemetry.ts";
import type { ObjectEventRecord } from "../../src/local/s3/notification.ts";
import type { S3Options } from "../../src/local/s3/server.ts";
import { type Endpoint, startEndpoint } from "../local/s3/harness.ts";

export const PROJECT_DIR = join(import.meta.dirname, "../..");

let loading: Promise<Model> | undefined;

/** The model of this repository, opened once a test file. */
export function triageModel(): Promise<Model> {
  loading ??= loadModel(join(PROJECT_DIR, "models/upload-triage"));
  return loading;
}

/** The bytes of a picture in `test/fixtures`. */
export function fixture(name: string): Promise<Buffer> {
  return readFile(join(PROJECT_DIR, "test/fixtures", name));
}

export function testConfig(changes: Partial<Config> = {}): Config {
  return { ...readConfig({ RESULTS_BUCKET: "results", S3_FORCE_PATH_STYLE: "true" }), ...changes };
}

/** Runs the function once, with so much time left; invocations may overlap. */
export type Invoke = (event: unknown, remainingMs?: number, requestId?: string) => Promise<unknown>;

export interface RunningFunction {
  readonly s3: Endpoint;
  /** EMF documents that the function wrote, parsed. */
  readonly metrics: readonly Readonly<Record<string, unknown>>[];
  /** Lines that the function logged, parsed. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  /** Of the first environment. */
  readonly invoke: Invoke;
  /** Another environment of the same function, with buffers of its own. */
  environment(): Promise<Invoke>;
  /** Uploads; returns the record that S3 notifies of it. */
  upload(key: string, body: Uint8Array | string): Promise<ObjectEventRecord>;
  /** The result document of an upload, `undefined` when there is none. */
  result(key: string): Promise<Result | undefined>;
  /** How many times a result of the upload was written. */
  writes(key: string): number;
}

/** The function with its own S3 client against an S3 endpoint over HTTP, with the real model and decoder. */
export async function startFunction(
  test: TestContext,
  changes: Partial<Config> = {},
  options: Partial<S3Options> = {},
  givenModel?: Model,
): Promise<RunningFunction> {
  const s3 = await startEndpoint(test, { buckets: ["uploads", "results"], ...options });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  });
  const config = testConfig(changes);
  const model = givenModel ?? (await triageModel());
  const metrics = createMetrics(config.serviceName, model.name);
  const client = createS3Client(config);
  test.after(() => client.destroy());
  const { log, emf } = captureLines(test);
  const environment = async (): Promise<Invoke> => {
    const classifier = await createClassifier(model, config);
    const respond = createResponder({ config, classifier, s3: client, metrics });
    return (event, remainingMs = 60_000, awsRequestId = "request-1") =>
      respond(event, { awsRequestId, getRemainingTimeInMillis: () => remainingMs });
  };
  return {
    s3,
    metrics: emf,
    log,
    invoke: await environment(),
    environment,
    async upload(Key, Body) {
      const before = s3.events.length;
      await s3.client.send(new PutObjectCommand({ Bucket: "uploads", Key, Body }));
      const record = s3.events[before];
      if (record === undefined) throw new Error(`expected an event of uploads/${Key}, got none`);
      return record;
    },
    async result(key) {
      try {
        const got = await s3.client.send(new GetObjectCommand({ Bucket: "results", Key: `${key}.json` }));
        return JSON.parse((await got.Body?.transformToString()) ?? "") as Result;
      } catch (error) {
        if (error instanceof Error && error.name === "NoSuchKey") return undefined;
        throw error;
      }
    },
    writes: (key) =>
      s3.events.filter(
        (event) =>
          event.s3.bucket.name === "results" &&
          decodeURIComponent(event.s3.object.key.replaceAll("+", " ")) === `${key}.json`,
      ).length,
  };
}

type Lines = Readonly<Record<string, unknown>>[];

/** Keeps the function's lines out of the test runner's own output, which goes to stdout as well. */
function captureLines(test: TestContext): { log: Lines; emf: Lines } {
  const [log, emf]: [Lines, Lines] = [[], []];
  const write = process.stdout.write.bind(process.stdout) as (...args: unknown[]) => boolean;
  test.mock.method(process.stdout, "write", (...args: unknown[]) => {
    const [text] = args;
    const kept =
      typeof text !== "string"
        ? undefined
        : text.startsWith('{"timestamp":')
          ? log
          : text.startsWith('{"_aws":')
            ? emf
            : undefined;
    if (kept === undefined) return write(...args);
    kept.push(JSON.parse(text as string));
    return true;
  });
  return { log, emf };
}

const UPLOADS_QUEUE = "arn:aws:sqs:us-east-1:123456789012:uploads";

/** An SQS batch as Lambda's event source mapping delivers it: one message per body. */
export function sqsEvent(bodies: readonly unknown[], eventSourceARN = UPLOADS_QUEUE, receives = 1): unknown {
  return {
    Records: bodies.map((body, index) => ({
      messageId: `message-${index}`,
      receiptHandle: `handle-${index}`,
      body: typeof body === "string" ? body : JSON.stringify(body),
      eventSource: "aws:sqs",
      attributes: { ApproximateReceiveCount: String(receives) },
      eventSourceARN,
      awsRegion: "us-east-1",
    })),
  };
}

/**
 * Makes the model's next runs wait, as a native call that does not end would.
 *
 * @returns lets them go; `entered` resolves when the first is held
 */
export function holdModel(
  test: TestContext,
  { session }: Model,
): (() => void) & { readonly entered: Promise<void> } {
  const held = Promise.withResolvers<void>();
  const entry = Promise.withResolvers<void>();
  const run = session.run.bind(session);
  const { mock } = test.mock.method(session, "run", async (...args: Parameters<typeof run>) => {
    entry.resolve();
    await held.promise;
    return run(...args);
  });
  const release = () => {
    mock.restore();
    held.resolve();
  };
  return Object.assign(release, { entered: entry.promise });
}
