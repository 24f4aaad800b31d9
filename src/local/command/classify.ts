import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { FailureLines } from "../page/failure-lines.ts";
import type { LocalStack } from "../stack.ts";
import { UPLOADS_BUCKET } from "../stack-events.ts";
import type { ImageFile } from "./pictures.ts";
import type { PictureOutcome, ResultDocument } from "./result.ts";

/** Uploads on their way for each environment: enough for full batches, few enough for any number of files. */
const IN_FLIGHT_PER_ENVIRONMENT = 12;

/**
 * Uploads files to the stack and waits for their results.
 *
 * @param prefix of the keys; the number of the file follows it, so that equal names do not collide
 * @param onOutcome called once a file, in the order of the files
 */
export async function classifyFiles(
  stack: LocalStack,
  files: readonly ImageFile[],
  prefix: string,
  onOutcome: (outcome: PictureOutcome, done: number) => void,
): Promise<PictureOutcome[]> {
  const outcomes = new Array<PictureOutcome | undefined>(files.length);
  const classifier = createFileClassifier(stack, prefix);
  let next = 0;
  let shown = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let file = files[next]; file !== undefined; file = files[next]) {
      const index = next++;
      outcomes[index] = await classifier.classify(file, index + 1);
      done += 1;
      for (let ready = outcomes[shown]; ready !== undefined; ready = outcomes[shown]) {
        onOutcome(ready, done);
        shown += 1;
      }
    }
  };
  const workers = Math.min(files.length, stack.concurrency * IN_FLIGHT_PER_ENVIRONMENT);
  await Promise.all(Array.from({ length: workers }, work));
  classifier.stop();
  return outcomes.filter((outcome) => outcome !== undefined);
}

export interface FileClassifier {
  /** @param number of the file in its run */
  classify(file: ImageFile, number: number): Promise<PictureOutcome>;
  stop(): void;
}

export function createFileClassifier(stack: LocalStack, prefix: string): FileClassifier {
  const results = awaitResults(stack);
  return {
    classify: (file, number) =>
      classifyFile(
        stack,
        results,
        file,
        `${prefix}/${String(number).padStart(5, "0")}/${basename(file.path)}`,
      ),
    stop: results.stop,
  };
}

async function classifyFile(
  stack: LocalStack,
  results: ResultWaiter,
  { path, name }: ImageFile,
  key: string,
): Promise<PictureOutcome> {
  try {
    const { size } = await stat(path);
    const settled = results.of(key);
    // An empty stream has no first chunk to sign; an empty body is the same upload.
    const Body = size === 0 ? Buffer.alloc(0) : createReadStream(path);
    await stack.client.send(
      new PutObjectCommand({ Bucket: UPLOADS_BUCKET, Key: key, Body, ContentLength: size }),
    );
    const failure = await settled;
    if (failure !== undefined) return { name, key, ...failure };
    return { name, key, document: (await stack.readResult(key)) as ResultDocument };
  } catch (error) {
    return { name, key, failure: error instanceof Error ? error.message : String(error) };
  }
}

interface Reason {
  readonly failure: string;
  /** Of the last attempt, where the function logged one. */
  readonly code?: string;
}

interface ResultWaiter {
  /** `undefined` when the result is there, or why there will be none. */
  of(key: string): Promise<Reason | undefined>;
  stop(): void;
}

function awaitResults(stack: LocalStack): ResultWaiter {
  const waiting = new Map<string, (failure: Reason | undefined) => void>();
  const failures = new FailureLines(stack);
  const settle = (key: string, failure?: Reason): void => {
    waiting.get(key)?.(failure);
    waiting.delete(key);
  };
  const onResult = ({ key }: { key: string }): void => settle(key.replace(/\.json$/, ""));
  const onDead = ({ key = "", reason }: { key: string | undefined; reason: string }): void => {
    const known = failures.get(key);
    if (known === undefined) settle(key, { failure: reason });
    else settle(key, { failure: `${known.code}: ${known.message}`, code: known.code });
  };
  stack.events.on("result", onResult);
  stack.events.on("dead", onDead);
  return {
    of: (key) => new Promise((resolve) => waiting.set(key, resolve)),
    stop() {
      stack.events.off("result", onResult);
      stack.events.off("dead", onDead);
      failures.close();
    },
  };
}
