import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { median } from "simple-statistics";
import type { ResultsAs } from "../../function/config.ts";
import { buildFunction } from "../../local/build.ts";
import { createLocalClient, localS3Variables } from "../../local/s3/client.ts";
import type { ObjectEventRecord } from "../../local/s3/notification.ts";
import { startS3 } from "../../local/s3/server.ts";
import { PROJECT_DIR, readFunctionTemplate, readTemplate } from "../../local/template.ts";
import { sqsEvent } from "../deployed/uploads.ts";
import { nextReply } from "../next-reply.ts";
import type { InvokeReply, InvokeRequest } from "./function-process.ts";
import type { Line, Requests, Work } from "./model.ts";

export interface MeasureOptions {
  /** `object` unless given. */
  resultsAs?: ResultsAs;
  modelDir: string;
  /** Paths of the pictures, taken in turn. */
  pictures: readonly string[];
  /** Invocations of each of the two batch sizes that the line is drawn through. */
  invocations: number;
  onInvocation?: () => void;
}

type Measured = Extract<InvokeReply, { type: "done" }> & { [Name in keyof Requests]: number };

/** Of a result without line breaks, rounded up. */
const ANNOTATION_BYTES = 1000;

/** The larger of the two batch sizes, and template.yaml's default; the smaller is 1. */
const LARGE_BATCH = 10;

/** A measured batch size. */
export interface MeasuredBatch {
  batch: number;
  wallMs: number;
  cpuMs: number;
  mainMs: number;
}

/**
 * Runs the deployed bundle on SQS batches of 1 and of 10 pictures, against a local S3 endpoint in another process, and
 * draws a line through the medians.
 */
export async function measureWork(
  options: MeasureOptions,
): Promise<{ work: Work; batches: MeasuredBatch[] }> {
  const dir = await mkdtemp(join(tmpdir(), "cost-"));
  const records: ObjectEventRecord[] = [];
  const counts = { GetObject: 0, PutObject: 0, PutObjectAnnotation: 0, others: 0 };
  let resultBytes = 0;
  const server = await startS3({
    dataDir: join(dir, "s3"),
    // A deployed bucket has versions.
    buckets: [{ name: "uploads", versioning: true }, "results"],
    onObjectEvent: ({ ...record }) => {
      const isUpload = record.s3.bucket.name === "uploads" && record.eventName.startsWith("ObjectCreated:");
      if (isUpload) records.push(record);
      if (record.s3.bucket.name === "results") resultBytes += record.s3.object.size ?? 0;
    },
    onOperation: (operation) => {
      counts[operation in counts ? (operation as keyof typeof counts) : "others"] += 1;
    },
  });
  const client = createLocalClient(server.url);
  let child: ChildProcess | undefined;
  try {
    const { file } = await buildFunction(dir);
    const { environment } = readFunctionTemplate(await readTemplate());
    child = fork(join(import.meta.dirname, "function-process.ts"), [file], {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
      env: {
        PATH: process.env.PATH,
        ...environment,
        NODE_PATH: join(PROJECT_DIR, "node_modules"),
        MODEL_DIR: options.modelDir,
        RESULTS_BUCKET: "results",
        RESULTS_AS: options.resultsAs ?? "object",
        ...localS3Variables(server.url),
      },
    });
    child.stdout?.resume();
    const ready = await nextReply<InvokeReply>(child, "The function's");
    if (ready.type !== "ready") throw new Error("Expected the function to load first.");
    const bodies = await Promise.all(options.pictures.map((path) => readFile(path)));
    let uploads = 0;
    const invoke = async (batch: number): Promise<Measured> => {
      for (let i = 0; i < batch; i++) {
        const Body = bodies[uploads % bodies.length] ?? Buffer.alloc(0);
        await client.send(new PutObjectCommand({ Bucket: "uploads", Key: `${uploads++}.jpg`, Body }));
      }
      const event = sqsEvent(records.splice(0, batch));
      const before = { ...counts };
      child?.send({ event } satisfies InvokeRequest);
      const reply = await nextReply<InvokeReply>(child as ChildProcess, "The function's");
      if (reply.type !== "done")
        throw new Error(reply.type === "failed" ? reply.message : "Expected an answer.");
      if (counts.others > before.others) throw new Error("Expected no other requests to S3 than are priced.");
      const gets = counts.GetObject - before.GetObject;
      const puts = counts.PutObject - before.PutObject;
      return {
        ...reply,
        gets,
        puts,
        annotationPuts: counts.PutObjectAnnotation - before.PutObjectAnnotation,
      };
    };
    for (let i = 0; i < 3; i++) await invoke(LARGE_BATCH);
    resultBytes = 0;
    const before = uploads;
    const replies = new Map<number, Measured[]>([
      [1, []],
      [LARGE_BATCH, []],
    ]);
    for (let i = 0; i < options.invocations; i++) {
      for (const [batch, list] of replies) {
        options.onInvocation?.();
        list.push(await invoke(batch));
      }
    }
    const batches = [...replies].map(([batch, list]): MeasuredBatch => {
      const middle = (value: (reply: (typeof list)[number]) => number): number => median(list.map(value));
      return {
        batch,
        wallMs: middle(({ wallMs }) => wallMs),
        cpuMs: middle(({ cpuMs }) => cpuMs),
        mainMs: middle(({ mainMs }) => mainMs),
      };
    });
    const cpu = lineThrough(batches.map(({ batch, cpuMs }) => [batch, cpuMs]));
    const main = lineThrough(batches.map(({ batch, mainMs }) => [batch, mainMs]));
    const line = (value: (reply: Measured) => number): Line =>
      lineThrough([...replies].map(([batch, list]) => [batch, median(list.map(value))]));
    const isAnnotation = options.resultsAs?.startsWith("annotation") === true;
    return {
      batches,
      work: {
        requests: {
          gets: line(({ gets }) => gets),
          puts: line(({ puts }) => puts),
          annotationPuts: line(({ annotationPuts }) => annotationPuts),
        },
        // Annotations have no event that says their size: it is that of the same result as a line.
        resultBytesPerPicture: (isAnnotation ? ANNOTATION_BYTES : 0) + resultBytes / (uploads - before),
        cpuFixedMs: cpu.fixed,
        cpuPerPictureMs: cpu.perPicture,
        mainFixedMs: main.fixed,
        mainPerPictureMs: main.perPicture,
        initMs: ready.initMs,
        peakMemoryMb: Math.max(...[...replies.values()].flat().map(({ peakMemoryMb }) => peakMemoryMb)),
        logBytes: line(({ logBytes }) => logBytes),
      },
    };
  } finally {
    if (child?.connected) child.disconnect();
    if (child !== undefined && child.exitCode === null) await once(child, "exit");
    client.destroy();
    await server.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** The line through two points; where noise would make the fixed part negative, the line through the larger and 0. */
export function lineThrough(points: readonly (readonly [number, number])[]): Line {
  const [[x1, y1] = [0, 0], [x2, y2] = [1, 0]] = points;
  const perPicture = (y2 - y1) / (x2 - x1);
  const fixed = y1 - perPicture * x1;
  return fixed < 0 ? { fixed: 0, perPicture: y2 / x2 } : { fixed, perPicture };
}
