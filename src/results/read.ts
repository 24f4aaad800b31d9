import {
  GetObjectAnnotationCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { ResultsAs } from "../function/config.ts";
import { parseResult, type Result } from "../function/result.ts";
import { describeS3Error, isMissingObject } from "../function/s3.ts";
import { LINES_PREFIX, linesKey } from "../function/stages/publish/lines.ts";
import { newestOfEachKey } from "./newest.ts";

/** Where a stack's results are. */
export interface Place {
  readonly as: ResultsAs;
  readonly uploadsBucket: string;
  readonly resultsBucket: string;
  readonly annotationName: string;
}

/** Bounds of `classifiedAt`, ISO 8601 in UTC: from `since`, before `until`. */
export interface Period {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** Objects that are read at once. */
const REQUESTS_IN_FLIGHT = 16;

/** The newest result of one key; with lines all of them are read. */
export async function readResultOf(s3: S3Client, place: Place, key: string): Promise<Result | undefined> {
  if (place.as === "lines") {
    const lines: Result[] = [];
    for await (const result of allLines(s3, place, {})) if (result.source.key === key) lines.push(result);
    return newestOfEachKey(lines)[0];
  }
  return place.as === "object" ? readObject(s3, place, `${key}.json`) : readAnnotation(s3, place, key);
}

/** The newest result of every key, in no order; with lines the newest within the period. */
export async function* readResults(s3: S3Client, place: Place, period: Period): AsyncGenerator<Result> {
  const isWithin = ({ classifiedAt }: Result) =>
    (period.since === undefined || classifiedAt >= period.since) &&
    (period.until === undefined || classifiedAt < period.until);
  if (place.as === "lines" || place.as === "annotation+lines") {
    const lines: Result[] = [];
    for await (const result of allLines(s3, place, period)) if (isWithin(result)) lines.push(result);
    yield* newestOfEachKey(lines);
    return;
  }
  const isObject = place.as === "object";
  const keys = listKeys(s3, isObject ? place.resultsBucket : place.uploadsBucket);
  const read = (key: string) => (isObject ? readObject(s3, place, key) : readAnnotation(s3, place, key));
  for await (const result of inFlight(keys, read)) if (result !== undefined && isWithin(result)) yield result;
}

async function* allLines(s3: S3Client, place: Place, { since, until }: Period): AsyncGenerator<Result> {
  // The names are in the order of time: whole hours before and after are not even listed.
  const first = since === undefined ? undefined : linesKey("", hourOf(since));
  const last = until === undefined ? undefined : linesKey("", hourOf(until)).replace(/\.jsonl$/, "\uffff");
  const keys = listKeys(s3, place.resultsBucket, LINES_PREFIX, first?.replace(/\/\.jsonl$/, ""), last);
  const read = (key: string) => textOf(s3, place.resultsBucket, key);
  for await (const text of inFlight(keys, read)) {
    for (const line of text.split("\n")) {
      const result = parseResult(line);
      if (result !== undefined) yield result;
    }
  }
}

/** An invocation that began in one hour may have results of the next. */
function hourOf(time: string): Date {
  return new Date(Date.parse(time) - 15 * 60_000);
}

async function* listKeys(
  s3: S3Client,
  Bucket: string,
  Prefix?: string,
  StartAfter?: string,
  last?: string,
): AsyncGenerator<string> {
  for await (const { Contents = [] } of paginateListObjectsV2(
    { client: s3 },
    { Bucket, Prefix, StartAfter },
  )) {
    for (const { Key } of Contents) {
      if (Key === undefined) continue;
      if (last !== undefined && Key > last) return;
      yield Key;
    }
  }
}

async function readObject(s3: S3Client, place: Place, key: string): Promise<Result | undefined> {
  if (!key.endsWith(".json")) return undefined;
  try {
    return parseResult(await textOf(s3, place.resultsBucket, key));
  } catch (error) {
    if (isMissingObject(describeS3Error(error))) return undefined;
    throw error;
  }
}

async function readAnnotation(s3: S3Client, place: Place, Key: string): Promise<Result | undefined> {
  const { uploadsBucket: Bucket, annotationName: AnnotationName } = place;
  try {
    const command = new GetObjectAnnotationCommand({ Bucket, Key, AnnotationName });
    const { AnnotationPayload } = await s3.send(command);
    return parseResult((await AnnotationPayload?.transformToString()) ?? "");
  } catch (error) {
    if (isMissingObject(describeS3Error(error))) return undefined;
    throw error;
  }
}

async function textOf(s3: S3Client, Bucket: string, Key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return (await Body?.transformToString()) ?? "";
}

/** Maps with so many calls at once, in order. */
async function* inFlight<Value>(
  keys: AsyncIterable<string>,
  read: (key: string) => Promise<Value>,
): AsyncGenerator<Value> {
  const waiting: Promise<Value>[] = [];
  for await (const key of keys) {
    const reading = read(key);
    // It is awaited later; until then a failure is not unhandled.
    reading.catch(() => {});
    waiting.push(reading);
    if (waiting.length >= REQUESTS_IN_FLIGHT) yield await (waiting.shift() as Promise<Value>);
  }
  for (const value of waiting) yield await value;
}
