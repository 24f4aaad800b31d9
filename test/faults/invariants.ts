import assert from "node:assert/strict";
import { compareSequencers } from "../../src/function/image-ref.ts";
import { parseResult, type Result } from "../../src/function/result.ts";
import type { DeadMessage } from "../../src/local/queue.ts";
import type { Invocation, Ledger, Upload } from "./ledger.ts";
import type { Reading, Standing } from "./standings.ts";

/** How the uploads of a run ended, and every invariant that was broken. */
export interface Findings {
  readonly results: number;
  readonly deadUploads: number;
  readonly violations: readonly string[];
}

/**
 * Checks what must hold when a run is over:
 *
 * - by each way's own reading, every key has exactly one result that describes its newest upload, or that upload's message
 *   is a dead letter
 * - every result that ever stood there was whole and right; of objects, none replaced a newer one, none was written twice
 * - a dead letter has its reason in the log
 * - what an invocation reports as failed met a fault there, or cannot be read
 * - of each invocation that answered, the counts in its metrics are the outcomes that were observed
 */
export async function checkRun(
  readings: readonly Reading[],
  prefix: string,
  ledger: Ledger,
  dead: readonly DeadMessage[],
): Promise<Findings> {
  const violations: string[] = [];
  const newest = newestUploads(ledger.uploads);
  const isDead = (upload: Upload) => dead.some(({ body }) => ledger.sent.get(body)?.upload === upload);
  const unread = new Set<string>();
  for (const reading of readings) {
    const standings = await reading.read(prefix, ledger);
    const about = readings.length > 1 ? `${reading.way}: ` : "";
    const found = [...newest.values()].flatMap((upload) => {
      const standing = standings.get(upload.key) ?? { newest: undefined, texts: [] };
      const isRead = standing.newest !== undefined && reading.isOf(standing.newest, upload);
      if (!isRead) unread.add(upload.key);
      const mayLack = isRead || isDead(upload) || !reading.canHave(upload, ledger);
      return [
        ...standingFaults(reading, upload.key, standing, ledger),
        ...(mayLack ? [] : [lost(upload, standing)]),
      ];
    });
    for (const key of standings.keys()) {
      if (!newest.has(key) && !ledger.ghostKeys.has(key)) found.push(`a result of no upload: ${key}`);
    }
    violations.push(...found.map((text) => text.replace(/^[^:]+: /, `$&${about}`)));
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
  const deadUploads = [...newest.values()].filter(
    (upload) => unread.has(upload.key) && isDead(upload),
  ).length;
  return { results: newest.size - unread.size, deadUploads, violations };
}

function lost({ key, sequencer }: Upload, { newest }: Standing): string {
  return `lost: ${key} has no result of ${sequencer} and no dead letter (last is ${newest?.source.sequencer})`;
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

function standingFaults({ way }: Reading, key: string, { texts }: Standing, ledger: Ledger): string[] {
  const faults: string[] = [];
  const results = texts.flatMap((text) => {
    const result = parseResult(text);
    if (result === undefined) faults.push(`half-written: ${key}: ${text.slice(0, 60)}`);
    return result ?? [];
  });
  for (const result of results) {
    const { sequencer } = result.source;
    const upload = ledger.uploads.find((known) => known.key === key && known.sequencer === sequencer);
    faults.push(...resultFaults(key, result, upload, ledger));
  }
  return way === "object" ? [...faults, ...historyFaults(key, results)] : faults;
}

/** Of objects, each of which replaced the one before it. */
function historyFaults(key: string, history: readonly Result[]): string[] {
  const faults: string[] = [];
  const written = new Set<string>();
  let newest = "";
  for (const result of history) {
    const { sequencer = "" } = result.source;
    if (newest !== "" && compareSequencers(sequencer, newest) < 0) {
      faults.push(`out of order: ${key}: ${sequencer} replaced ${newest}`);
    } else newest = sequencer;
    if (written.has(sequencer)) faults.push(`written twice: ${key}: ${sequencer}, now ${result.status}`);
    written.add(sequencer);
  }
  return faults;
}

function resultFaults(key: string, result: Result, upload: Upload | undefined, ledger: Ledger): string[] {
  if (upload === undefined)
    return [`wrong: ${key}: a result of an unknown upload ${result.source.sequencer}`];
  const { picture } = upload;
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
    .map(({ code, message }) => `${code}: ${message}`)
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

/** Less than the shortest time that anybody waits for S3: after this long without a processor a clock may have run out. */
const STARVED_MS = 1000;

/** What comes back has met a fault, or had no processor: nothing is tried again for nothing. */
function returnFaults(
  { requestId, messages, failures = [], disturbed, faultyKeys, lines, starvedMs }: Invocation,
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
    // What is too much for its process is a fault of its own, and has to be seen more than once.
    if (upload?.picture.answer === "PROCESSING_LIMIT") return [];
    if (starvedMs >= STARVED_MS && /TimeoutError|DEADLINE_NEAR|to decode in/.test(said(lines, key)))
      return [];
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
