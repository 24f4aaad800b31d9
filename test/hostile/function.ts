import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { ResultsAs } from "../../src/function/config.ts";
import { imageFormats } from "../../src/function/image-format.ts";
import { buildFunction } from "../../src/local/build.ts";
import type { InvocationResult } from "../../src/local/lambda/environment.ts";
import { readMemory } from "../../src/local/lambda/memory.ts";
import { REGION } from "../../src/local/lambda/process.ts";
import { startRuntime } from "../../src/local/lambda/runtime.ts";
import { createLocalClient } from "../../src/local/s3/client.ts";
import { startS3 } from "../../src/local/s3/server.ts";
import { decodeKey } from "../../src/local/stack-events.ts";
import { readFunctionTemplate, readTemplate } from "../../src/local/template.ts";
import { resultReader } from "./read-result.ts";

/** How one upload ended, and what it cost. */
export interface Verdict {
  /** `classified`, the code of the rejection, `FAILED` when it would be tried again, `CRASH` when the process died. */
  readonly outcome: string;
  /** Labels and scores when classified, else the message. */
  readonly detail: string;
  /** Of the invocation, fetch and publish included. */
  readonly durationMs: number;
  /** Most memory resident in the function's process during the invocation, in bytes; 0 where there is no `/proc`. */
  readonly peakBytes: number;
}

/** The built bundle in a process of its own, under the memory and the time that `template.yaml` gives it. */
export interface HostileFunction {
  readonly memoryBytes: number;
  /** Uploads the bytes under that key and has them classified, alone in their invocation. */
  judge(key: string, bytes: Uint8Array): Promise<Verdict>;
  /** The same, all in one SQS batch; durations and peaks are those of the whole invocation. */
  judgeTogether(uploads: ReadonlyMap<string, Uint8Array>): Promise<ReadonlyMap<string, Verdict>>;
  close(): Promise<void>;
}

const [UPLOADS, RESULTS] = ["uploads", "results"];

/**
 * Starts an S3 endpoint and one execution environment: the official runtime interface client runs the bundle, and
 * whatever holds more than the memory size is killed, as on Lambda.
 */
export async function startHostileFunction(
  modelDir: string,
  resultsAs: ResultsAs = "object",
): Promise<HostileFunction> {
  const template = readFunctionTemplate(await readTemplate());
  const dir = await mkdtemp(join(tmpdir(), "hostile-"));
  const taskRoot = join(dir, "function");
  await buildFunction(taskRoot);
  const lines = new Map<string, string>();
  const s3 = await startS3({
    dataDir: join(dir, "s3"),
    region: REGION,
    buckets: [UPLOADS, RESULTS],
    onObjectEvent: ({ s3: { object } }) => {
      const requestId = /\/([^/]+)\.jsonl$/.exec(object.key)?.[1];
      if (requestId !== undefined) lines.set(requestId, decodeKey(object.key));
    },
  });
  const client = createLocalClient(s3.url, { region: REGION });
  const runtime = startRuntime({
    functionName: "hostile",
    taskRoot,
    handler: template.handler,
    environment: {
      ...template.environment,
      MODEL_DIR: modelDir,
      RESULTS_BUCKET: RESULTS,
      RESULTS_AS: resultsAs,
      FORMATS: imageFormats.join(),
      AWS_ENDPOINT_URL_S3: s3.url,
      S3_FORCE_PATH_STYLE: "true",
    },
    memoryMb: template.memoryMb,
    timeoutSeconds: template.timeoutSeconds,
    logFormat: template.logFormat,
    initTimeoutMs: 60_000,
    concurrency: 1,
  });
  await runtime.prewarm(1);
  const pid = (): number => runtime.environments().find(({ state }) => state !== "dead")?.pid ?? 0;

  async function measure(event: unknown) {
    const worker = pid();
    resetPeak(worker);
    const answer = await runtime.invoke(event);
    const peakBytes = Math.max(readMemory(worker)?.peakMb ?? 0, 0) * 2 ** 20;
    return { answer, cost: { durationMs: answer.report.durationMs, peakBytes } };
  }

  const read = resultReader(resultsAs, client, { uploads: UPLOADS, results: RESULTS }, (id) => lines.get(id));

  async function verdictOf(key: string, answer: InvocationResult): Promise<Omit<Verdict, keyof Cost>> {
    const ended = died(answer.functionError, answer.payload);
    if (ended !== undefined) return ended;
    const result = await read(key, answer.requestId);
    if (result?.status === "classified") {
      const detail = result.predictions.map(({ label, score }) => `${label} ${score}`).join();
      return { outcome: result.status, detail };
    }
    if (result !== undefined) return { outcome: result.error.code, detail: result.error.message };
    return { outcome: "FAILED", detail: answer.payload };
  }

  return {
    memoryBytes: template.memoryMb * 2 ** 20,
    async judge(key, bytes) {
      await client.send(new PutObjectCommand({ Bucket: UPLOADS, Key: key, Body: bytes }));
      const { answer, cost } = await measure({ bucket: UPLOADS, key });
      const verdict = await verdictOf(key, answer);
      await client.send(new DeleteObjectCommand({ Bucket: UPLOADS, Key: key }));
      return { ...verdict, ...cost };
    },
    async judgeTogether(uploads) {
      for (const [Key, Body] of uploads) {
        await client.send(new PutObjectCommand({ Bucket: UPLOADS, Key, Body }));
      }
      const { answer, cost } = await measure(sqsEvent([...uploads.keys()]));
      const verdicts = new Map<string, Verdict>();
      for (const key of uploads.keys()) {
        verdicts.set(key, { ...(await verdictOf(key, answer)), ...cost });
      }
      return verdicts;
    },
    async close() {
      await runtime.close();
      client.destroy();
      await s3.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

interface Cost {
  readonly durationMs: number;
  readonly peakBytes: number;
}

/** An error of the process (it exited, was killed for memory or time), as against one that the function threw. */
function died(functionError: string | undefined, payload: string): Omit<Verdict, keyof Cost> | undefined {
  if (functionError === undefined) return undefined;
  const { errorType = "", errorMessage = "" } = JSON.parse(payload) as Record<string, string>;
  return /^(Runtime|Sandbox)\./.test(errorType)
    ? { outcome: "CRASH", detail: `${errorType}: ${errorMessage}` }
    : undefined;
}

function sqsEvent(keys: readonly string[]): unknown {
  const Records = keys.map((key, index) => {
    const s3 = { bucket: { name: UPLOADS }, object: { key: encodeURIComponent(key) } };
    const record = { eventVersion: "2.1", eventSource: "aws:s3", eventName: "ObjectCreated:Put", s3 };
    return {
      messageId: `message-${index}`,
      body: JSON.stringify({ Records: [record] }),
      eventSource: "aws:sqs",
    };
  });
  return { Records };
}

/** Linux: writing 5 sets the high-water mark of resident memory back to what is resident now. */
function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
  } catch {}
}
