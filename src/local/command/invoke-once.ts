import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { text } from "node:stream/consumers";
import { BucketAlreadyOwnedByYou, CreateBucketCommand } from "@aws-sdk/client-s3";
import { UsageError } from "../../command-line.ts";
import type { ImageRef } from "../../function/image-ref.ts";
import { selectTrigger } from "../../function/triggers/select.ts";
import type { LogLine } from "../lambda/events.ts";
import { type LocalStack, startStack } from "../stack.ts";
import { RESULTS_BUCKET } from "../stack-events.ts";
import { findModel, PATIENCE } from "./options.ts";
import { createRenderer, type Renderer } from "./render.ts";
import type { ResultDocument } from "./result.ts";
import { listSamples, uploadSample } from "./samples.ts";
import { untilEnded } from "./signals.ts";
import { makeTemporaryDir } from "./temporary-dir.ts";

export interface InvokeOptions {
  readonly model: string;
  readonly data?: string;
  readonly json: boolean;
}

/**
 * `npm run invoke`: one invocation with an event, by itself: the queue is not polled, so that nothing but the event
 * leads to a result.
 *
 * @param source a JSON file, or `-` for stdin
 * @returns the exit status: 0, 1 after an error of the function, or that of the end that was asked for
 */
export async function invokeOnce(source: string, options: InvokeOptions): Promise<number> {
  const event = await readEvent(source);
  const ended = untilEnded();
  const { dir: modelDir } = findModel(options.model);
  const dataDir = options.data ?? makeTemporaryDir();
  const stack = await startStack({
    ...PATIENCE,
    dataDir,
    modelDir,
    concurrency: 1,
    logFormat: "Text",
    pollsQueue: false,
  });
  const render = createRenderer(process.stderr);
  try {
    await uploadNamedObjects(stack, event, render);
    stack.events.on("log", (line) => console.error(formatLog(line, render)));
    const written: string[] = [];
    stack.events.on("result", ({ key }) => written.push(key.replace(/\.json$/, "")));
    const result = await Promise.race([stack.invoke(event), ended]);
    if (typeof result === "number") return result;
    // Most events are answered with null: what was done stands in the bucket.
    const names = written.map((key) => `s3://${RESULTS_BUCKET}/${key}.json`);
    const results = createRenderer(process.stderr, names);
    for (const [index, key] of written.entries()) {
      const document = (await stack.readResult(key)) as ResultDocument;
      console.error(results.outcome({ name: names[index] ?? key, key, document }));
    }
    console.log(formatAnswer(result.payload, options.json));
    return result.functionError === undefined ? 0 : 1;
  } finally {
    await stack.close();
  }
}

async function readEvent(source: string): Promise<unknown> {
  const content = await (source === "-" ? text(process.stdin) : readFile(source, "utf8")).catch(
    (error: Error) => {
      throw new UsageError(`The event cannot be read: ${error.message}`);
    },
  );
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new UsageError(`The event should be JSON: ${error instanceof Error ? error.message : error}`);
  }
}

/** A sample stands in for an object that the event names when the last part of the key is its name. */
async function uploadNamedObjects(stack: LocalStack, event: unknown, render: Renderer): Promise<void> {
  const samples = new Set(listSamples());
  for (const { bucket, key } of namedObjects(event)) {
    await stack.client.send(new CreateBucketCommand({ Bucket: bucket })).catch((error: unknown) => {
      if (!(error instanceof BucketAlreadyOwnedByYou)) throw error;
    });
    const name = basename(key);
    if (!samples.has(name)) {
      console.error(render.dim(`s3://${bucket}/${key}: no sample of this name, so no object there`));
    } else if (await uploadSample(stack.client, name, key, bucket)) {
      console.error(render.dim(`s3://${bucket}/${key}: uploaded from the samples`));
    }
  }
}

/** By the function's own reading of events; an event that it does not understand names nothing. */
function namedObjects(event: unknown): ImageRef[] {
  try {
    const targets = selectTrigger(event)
      .read(event)
      .map(({ target }) => target);
    return targets.filter((target): target is ImageRef => !(target instanceof Error));
  } catch {
    return [];
  }
}

function formatLog({ source, line }: LogLine, render: Renderer): string {
  const readable = line.replaceAll("\r", "\n");
  return source === "platform" ? render.dim(readable) : readable;
}

/** The function answers in JSON; what is no JSON is printed as it came. */
function formatAnswer(payload: string, json: boolean): string {
  if (json) return payload;
  if (payload === "null")
    return "The function has done its work; an event of this kind has no answer (null).";
  try {
    return JSON.stringify(JSON.parse(payload), undefined, 2);
  } catch {
    return payload;
  }
}
