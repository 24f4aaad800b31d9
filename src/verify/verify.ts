import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { S3Client } from "@aws-sdk/client-s3";
import { listSamples } from "../local/command/samples.ts";
import { PROJECT_DIR } from "../local/template.ts";
import { DEFAULT_MODEL } from "../models/folder.ts";
import { type Bench, pushImages, summarizeBench } from "./bench.ts";
import {
  type Check,
  checkAlarms,
  checkBroken,
  checkImages,
  checkMetrics,
  checkOverwritten,
  checkQueues,
  checkVersion,
  type Patience,
} from "./checks.ts";
import { type Answer, classify, mapLimited, type Target, type Upload } from "./classify.ts";
import { removeBelow } from "./clean-up.ts";
import type { Cloud } from "./cloud.ts";
import { type Deployment, findDeployment } from "./deployment.ts";
import { Interruption } from "./interruption.ts";

export interface VerifyOptions {
  readonly stack: string;
  /** Longest wait for a result. */
  readonly timeoutMs: number;
  /** Waits for metrics and queues, which lag behind. */
  readonly patience: Omit<Patience, "interruption">;
  /** How long the result of an overwritten image is watched. */
  readonly settleMs: number;
  /** Images to push after the checks; 0 for none. */
  readonly bench: number;
  /** Ends the run early; what was uploaded is removed all the same. */
  readonly interruption?: Interruption;
  /** Told what is done now, and of each image of the bench. */
  readonly onStep: (step: string) => void;
  readonly onImage: (done: number, total: number) => void;
}

export interface Report {
  readonly stack: string;
  readonly checks: readonly Check[];
  readonly images: readonly Answer[];
  readonly bench?: Bench;
}

/**
 * Uploads images to a deployed stack, below a prefix of their own, and checks all that should follow.
 *
 * @throws {Interrupted} after an interruption
 */
export async function verify(cloud: Cloud, s3: S3Client, options: VerifyOptions): Promise<Report> {
  const { interruption = new Interruption() } = options;
  const patience = { ...options.patience, interruption };
  const onStep = (step: string): void => {
    interruption.check();
    options.onStep(step);
  };
  const since = new Date();
  onStep("reading the stack");
  const deployment = await findDeployment(cloud, options.stack);
  const { uploadsBucket, resultsBucket, annotationName } = deployment;
  const { timeoutMs } = options;
  const target: Target = { s3, uploadsBucket, resultsBucket, annotationName, timeoutMs, interruption };
  const below = `${deployment.prefix}verify-${randomBytes(6).toString("hex")}/`;
  const samples = await readSamples(deployment, below);
  try {
    onStep(`classifying ${samples.length} sample images`);
    const images = await mapLimited(
      samples,
      samples.length,
      (sample) => classify(target, sample),
      interruption,
    );
    const checks = [
      await checkVersion(cloud, deployment),
      checkImages(images, deployment.modelName === DEFAULT_MODEL, deployment.logGroup),
    ];
    onStep("sending a broken image");
    checks.push(checkBroken(await classify(target, brokenImage(deployment, below))));
    onStep("overwriting an image at once");
    checks.push(
      await checkOverwritten(target, ...overwrittenImage(samples, deployment, below), options.settleMs),
    );
    onStep("waiting for metrics");
    const classified = images.filter(({ document }) => document?.status === "classified").length;
    checks.push(await checkMetrics(cloud, deployment, classified, since, patience));
    onStep("looking at queues and alarms");
    checks.push(await checkQueues(cloud, deployment, patience), await checkAlarms(cloud, deployment));
    if (options.bench > 0 && classified === 0)
      onStep("no images are pushed: none of the samples was classified");
    const bench =
      options.bench > 0 && classified > 0
        ? await runBench(cloud, target, deployment, samples, below, { ...options, patience, onStep })
        : undefined;
    interruption.check();
    return { stack: options.stack, checks, images, ...(bench !== undefined && { bench }) };
  } finally {
    options.onStep("cleaning up");
    for (const bucket of [uploadsBucket, resultsBucket]) await removeBelow(s3, bucket, below);
  }
}

async function readSamples(deployment: Deployment, below: string): Promise<Upload[]> {
  return Promise.all(
    listSamples().map(async (name) => ({
      name,
      key: keyOf(deployment, below, name),
      body: await readFile(join(PROJECT_DIR, "test/fixtures", name)),
    })),
  );
}

/** Keys that do not end with the stack's `UploadsSuffix` are not classified. */
function keyOf({ suffix }: Deployment, below: string, name: string): string {
  return name.endsWith(suffix) ? below + name : below + name + suffix;
}

function brokenImage(deployment: Deployment, below: string): Upload {
  const body = Buffer.from("This is no image, whatever it is called.");
  return { name: "broken.jpg", key: keyOf(deployment, below, "broken.jpg"), body };
}

/** Two different images under one key. */
function overwrittenImage(
  samples: readonly Upload[],
  deployment: Deployment,
  below: string,
): [Upload, Upload] {
  const key = keyOf(deployment, below, "overwritten.jpg");
  const [first, second] = [samples[0], samples.at(-1)];
  if (first === undefined || second === undefined || first === second)
    throw new Error(`expected at least two sample images in ${join(PROJECT_DIR, "test/fixtures")}`);
  return [
    { name: "overwritten.jpg", key, body: first.body },
    { name: "overwritten.jpg", key, body: second.body },
  ];
}

async function runBench(
  cloud: Cloud,
  target: Target,
  deployment: Deployment,
  samples: readonly Upload[],
  below: string,
  { bench: count, patience, onStep, onImage }: VerifyOptions & { readonly patience: Patience },
): Promise<Bench> {
  onStep(`pushing ${count} images`);
  const uploads = Array.from({ length: count }, (_, index) => {
    const { name, body } = samples[index % samples.length] as Upload;
    return { name, body, key: keyOf(deployment, `${below}bench/`, `${index}-${name}`) };
  });
  const since = new Date();
  const { answers, seconds } = await pushImages(target, uploads, (done) => onImage(done, count));
  onStep("reading what Lambda billed");
  const { memoryMb } = await cloud.functionState(deployment.aliasArn);
  const billed = await settled(() => cloud.billedDurations(deployment.logGroup, since), patience);
  return summarizeBench(answers, seconds, billed, memoryMb);
}

/** Log lines arrive late: asks until two answers in a row are as long. */
async function settled<T>(
  get: () => Promise<readonly T[]>,
  { timeoutMs, pollMs, interruption }: Patience,
): Promise<readonly T[]> {
  const end = performance.now() + timeoutMs;
  let last = await get();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    const next = await get();
    if ((next.length === last.length && next.length > 0) || interruption.isOver(end)) return next;
    last = next;
  }
}
