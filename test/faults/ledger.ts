import type { SQSEvent } from "aws-lambda";
import { LINES_PREFIX } from "../../src/function/stages/publish/lines.ts";
import type { KnownPicture } from "./pictures.ts";
import type { Exchange } from "./proxy.ts";
import { ISOLATION_QUEUE_ARN } from "./queues.ts";

/** What the simulation knows of one upload. */
export interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly eTag: string;
  readonly versionId: string | undefined;
  readonly sequencer: string;
  readonly picture: KnownPicture;
}

/** What a message should come to, as its sender knows. */
export interface Sent {
  /** Entries that the function has to count: 1, or 0 for an event that asks for nothing. */
  readonly tasks: 0 | 1;
  /** No upload can be read from it: it belongs in the dead-letter queue. */
  readonly unreadable: boolean;
  readonly upload?: Upload;
  /** Of an event about no upload of ours. */
  readonly key?: string;
}

/** One delivery of a message. */
export interface Delivered {
  readonly id: string;
  readonly body: string;
  /** It was handed out before, by this queue or the one before it. */
  readonly isRedelivered: boolean;
}

/** What the simulation saw of one invocation. */
export interface Invocation {
  readonly requestId: string;
  /** What it was given; a message twice when it came back while the batch was filled. */
  readonly messages: readonly Delivered[];
  /** EMF documents and log lines. */
  readonly lines: Readonly<Record<string, unknown>>[];
  /** The function was ended, cut short or given little time on purpose. */
  disturbed: boolean;
  /** Keys on whose requests something was injected. */
  readonly faultyKeys: Set<string>;
  /** Ids reported as failed; `undefined` when there was no answer. */
  failures: readonly string[] | undefined;
  /** It went on past its time although nothing was done to its clock. */
  overdue: boolean;
  /** How long it had no processor, or this process none for S3. */
  starvedMs: number;
  /** Why its process ended although nobody ended it. */
  diedByItself: string | undefined;
}

/** Everything about one run that the invariants are checked against. */
export interface Ledger {
  readonly uploads: Upload[];
  readonly deletedKeys: Set<string>;
  /** Keys of events about versions that never existed. */
  readonly ghostKeys: Set<string>;
  /** By message body. */
  readonly sent: Map<string, Sent>;
  readonly invocations: Invocation[];
  /** Messages come back while they are still worked on, so any of their deliveries may end unheard. */
  readonly redeliversEarly: boolean;
}

export function createLedger(redeliversEarly: boolean): Ledger {
  return {
    uploads: [],
    deletedKeys: new Set(),
    ghostKeys: new Set(),
    sent: new Map(),
    invocations: [],
    redeliversEarly,
  };
}

export function createInvocation(requestId: string, { Records }: SQSEvent): Invocation {
  return {
    requestId,
    messages: Records.map(({ messageId, body, attributes, eventSourceARN }) => ({
      id: messageId,
      body,
      isRedelivered: Number(attributes.ApproximateReceiveCount) > 1 || eventSourceARN === ISOLATION_QUEUE_ARN,
    })),
    lines: [],
    disturbed: false,
    faultyKeys: new Set(),
    failures: undefined,
    overdue: false,
    starvedMs: 0,
    diedByItself: undefined,
  };
}

/** Keeps a line of the function's output when it is JSON. */
export function keepLine(invocation: Invocation, line: string): void {
  for (const text of line.split("\n")) {
    if (text.startsWith("{")) invocation.lines.push(JSON.parse(text));
  }
}

/** The upload that a request is about; `undefined` of the lines of all in an invocation. */
export function keyOf({ path }: Exchange): string | undefined {
  const [, bucket, key = ""] = /^\/([^/]+)\/([^?]*)/.exec(path) ?? [];
  const plain = decodeURIComponent(key);
  if (bucket !== "results") return plain;
  return plain.startsWith(LINES_PREFIX) ? undefined : plain.slice(0, -".json".length);
}

/** Keeps that an exchange of an invocation met a fault. */
export function addFaultyKeys(
  { messages, faultyKeys }: Invocation,
  exchange: Exchange,
  { sent }: Ledger,
): void {
  const key = keyOf(exchange);
  const all = messages.map(({ body }) => sent.get(body)?.upload?.key ?? sent.get(body)?.key);
  for (const one of key === undefined ? all : [key]) if (one !== undefined) faultyKeys.add(one);
}
