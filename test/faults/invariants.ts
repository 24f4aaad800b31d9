import assert from "node:assert/strict";
import { GetObjectCommand, ListObjectVersionsCommand, type S3Client } from "@aws-sdk/client-s3";
import { compareSequencers } from "../../src/function/image-ref.ts";
import type { Result } from "../../src/function/result.ts";
import type { DeadMessage } from "../../src/local/queue.ts";
import type { Invocation, Ledger, Upload } from "./ledger.ts";

/** How the uploads of a run ended, and every invariant that was broken. */
export interface Findings {
  readonly results: number;
  readonly deadUploads: number;
  readonly violations: readonly string[];
}

/**
 * Checks what must hold when a run is over:
 *
 * - every key has exactly one result that describes its newest upload, or that upload's message is a dead letter
 * - every result that ever stood there was whole and right, none replaced a newer one, none was written twice
 * - a dead letter has its reason in the log
 * - what an invocation reports as failed met a fault there, or cannot be read
 * - of each invocation that answered, the counts in its metrics are the outcomes that were observed
 *
 * @param resultsBucket with versioning, so that every result that was ever written can be read
 */
export async function checkRun(
  s3: S3Client,
  resultsBucket: string,
  prefix: string,
  ledger: Ledger,
  dead: readonly DeadMessage[],
): Promise<Findings> {
  const violations: string[] = [];
  const histories = await readHistories(s3, resultsBucket, prefix);
  const newest = newestUploads(ledger.uploads);
  let results = 0;
  let deadUploads = 0;
  for (const [key, upload] of newest) {
    const history = histories.get(`${key}.json`) ?? [];
    violations.push(...historyFaults(key, history, ledger));
    const last = parse(history.at(-1));
    const isSuspicion = last?.status === "rejected" && last.error.code === "PROCESSING_LIMIT";
    if (isSuspicion && !ledger.invocations.some(({ disturbed }) => disturbed)) {
      violations.push(`wrong: ${key} ended no process`);
    }
    if (last?.source.sequencer === upload.sequencer) results++;
    else if (dead.some(({ body }) => ledger.sent.get(body)?.upload === upload)) deadUploads++;
    else {
      violations.push(
        `lost: ${key} has no result of ${upload.sequencer} and no dead letter (last is ${last?.source.sequencer})`,
      );
    }
  }
  for (const name of histories.keys()) {
    const key = name.slice(0, -".json".length);
    if (!newest.has(key) && !ledger.ghostKeys.has(key)) violations.push(`a result of no upload: ${name}`);
  }
  for (const [body, { unreadable }] of ledger.sent) {
    if (unreadable && !dead.some((message) => message.body === body)) {
      violations.push(`vanished: the unreadable message ${body.slice(0, 80)} is no dead letter`);
    }
  }
  for (const message of dead) violations.push(...deadLetterFaults(message, ledger));
  for (const invocation of ledger.invocations) {
    violations.push(...metricFaults(invocation, ledger), ...returnFaults(invocation, ledger));
  }
  for (const { overdue, diedByItself, requestId } of ledger.invocations) {
    if (overdue) violations.push(`silent: invocation ${requestId} went on past its time`);
    if (diedByItself !== undefined)
      violations.push(`died by itself: invocation ${requestId}: ${diedByItself}`);
  }
  return { results, deadUploads, violations };
}

function newestUploads(uploads: readonly Upload[]): Map<string, Upload> {
  const newest = new Map<string, Upload>();
  for (const upload of uploads) {
    const known = newest.get(upload.key);
    if (known === undefined || compareSequencers(upload.sequencer, known.sequencer) > 0) {
      newest.set(upload.key, upload);
    }
  }
  return newest;
}

/** Key → the text of every version, oldest first. */
async function readHistories(s3: S3Client, Bucket: string, Prefix: string): Promise<Map<string, string[]>> {
  const histories = new Map<string, string[]>();
  // A run writes far fewer than the 1000 versions of one answer. S3 lists those of a key newest first.
  const { Versions = [], IsTruncated } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix }));
  if (IsTruncated) throw new Error(`expected at most 1000 results below ${Prefix}`);
  for (const { Key = "", VersionId } of Versions) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
    histories.set(Key, [(await Body?.transformToString()) ?? "", ...(histories.get(Key) ?? [])]);
  }
  return histories;
}

function parse(text: string | undefined): Result | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Result);
  } catch {
    return undefined;
  }
}

function historyFaults(key: string, history: readonly string[], ledger: Ledger): string[] {
  const faults: string[] = [];
  const written = new Set<string>();
  let newest = "";
  for (const text of history) {
    const result = parse(text);
    if (result === undefined) {
      faults.push(`half-written: ${key}: ${text.slice(0, 60)}`);
      continue;
    }
    const { sequencer = "" } = result.source;
    const upload = ledger.uploads.find((known) => known.key === key && known.sequencer === sequencer);
    faults.push(...resultFaults(key, result, upload, ledger));
    if (newest !== "" && compareSequencers(sequencer, newest) < 0) {
      faults.push(`out of order: ${key}: ${sequencer} replaced ${newest}`);
    } else newest = sequencer;
    // What is published of a suspect before it is decoded gives way to what comes of it.
    if (result.status === "rejected" && result.error.code === "PROCESSING_LIMIT") continue;
    if (written.has(sequencer)) faults.push(`written twice: ${key}: ${sequencer}, now ${result.status}`);
    written.add(sequencer);
  }
  return faults;
}

function resultFaults(key: string, result: Result, upload: Upload | undefined, ledger: Ledger): string[] {
  if (upload === undefined)
    return [`wrong: ${key}: a result of an unknown upload ${result.source.sequencer}`];
  const { picture } = upload;
  if (result.status === "rejected" && result.error.code === "PROCESSING_LIMIT") {
    return [];
  }
  if (result.status === "rejected" && result.error.code === "OBJECT_NOT_FOUND") {
    return ledger.deletedKeys.has(key) ? [] : [`wrong: ${key} (${picture.name}) was never deleted`];
  }
  const faults: string[] = [];
  if (result.source.eTag !== upload.eTag) faults.push(`wrong: ${key}: bytes ${result.source.eTag}`);
  if (result.source.versionId !== upload.versionId) faults.push(`wrong: ${key}: ${result.source.versionId}`);
  const answer = result.status === "rejected" ? result.error.code : result.predictions;
  try {
    assert.deepEqual(answer, picture.answer);
  } catch {
    faults.push(`wrong: ${key} (${picture.name}): ${JSON.stringify(answer).slice(0, 120)}`);
  }
  return faults;
}

/** A reason that somebody can find. */
function deadLetterFaults({ messageId, body, reason }: DeadMessage, ledger: Ledger): string[] {
  const sent = ledger.sent.get(body);
  const deliveries = ledger.invocations.filter(({ messages }) => messages.some(({ id }) => id === messageId));
  const key = sent?.upload?.key ?? sent?.key;
  const faults: string[] = [];
  const requestId = /\(request (?<id>[^)]+)\)/.exec(reason)?.groups?.id;
  const last = deliveries.find((invocation) => invocation.requestId === requestId);
  const hasCode = last?.lines.some(
    ({ code, key: logged }) => typeof code === "string" && (key === undefined || logged === key),
  );
  const isOfPlatform = /Runtime\.|Sandbox\.|visibility timeout/.test(reason);
  if (!isOfPlatform && hasCode !== true) faults.push(`without reason: dead letter of ${key}: ${reason}`);
  return faults;
}

/** What an invocation logged about a key. */
function said(lines: Invocation["lines"], key: string | undefined): string {
  return lines
    .filter((line) => line.key === key)
    .map(({ message }) => message)
    .join();
}

const COUNTS = ["ImagesClassified", "ImagesRejected", "ImagesFailed", "ImagesSuperseded"] as const;

function metricFaults({ requestId, messages, lines, failures }: Invocation, ledger: Ledger): string[] {
  if (failures === undefined) return [];
  const sent = messages.map((message) => ({ ...message, ...ledger.sent.get(message.body) }));
  const unreadable = sent.filter((message) => message.unreadable);
  const images = sum(sent.map(({ tasks = 0 }) => tasks)) - unreadable.length;
  const counts = COUNTS.map((name) => total(lines, name));
  const failed = total(lines, "ImagesFailed");
  const faults: string[] = [];
  if (sum(counts) !== images || total(lines, "BatchSize") !== images) {
    faults.push(`metrics: ${requestId} counted ${counts} of ${images} images`);
  }
  // Once each, however often it comes back before it is a dead letter.
  const unknown = unreadable.filter(({ isRedelivered }) => !isRedelivered).length;
  if (total(lines, "EntriesUnreadable") !== unknown) {
    faults.push(
      `metrics: ${requestId} counted ${total(lines, "EntriesUnreadable")} of ${unknown} unreadable`,
    );
  }
  const isDistinct = new Set(messages.map(({ id }) => id)).size === messages.length;
  if (isDistinct && failures.length !== failed + unreadable.length) {
    faults.push(
      `metrics: ${requestId} reported ${failures.length}, counted ${failed} + ${unreadable.length}`,
    );
  }
  return faults;
}

/** What comes back has met a fault: nothing is tried again for nothing. */
function returnFaults(
  { requestId, messages, failures = [], disturbed, faultyKeys, lines }: Invocation,
  ledger: Ledger,
): string[] {
  if (disturbed) return [];
  return failures.flatMap((failed) => {
    const {
      unreadable,
      upload,
      key = upload?.key,
    } = ledger.sent.get(messages.find(({ id }) => id === failed)?.body ?? "") ?? {};
    if (unreadable || (key !== undefined && faultyKeys.has(key))) return [];
    return [`came back for nothing: ${key}: ${requestId} met no fault: ${said(lines, key)}`];
  });
}

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

/** The sum of a metric over EMF documents, each of which holds a number or a list of them. */
function total(lines: Invocation["lines"], name: string): number {
  return lines
    .filter((line) => "_aws" in line)
    .flatMap((line) => line[name] ?? [])
    .reduce<number>((sum, value) => sum + Number(value), 0);
}
