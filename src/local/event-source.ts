import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { REGION } from "./lambda/process.ts";
import type { Queue, ReceivedMessage } from "./queue.ts";

export interface EventSourceOptions {
  readonly queue: Queue;
  readonly queueArn: string;
  /** Messages an event, at most. */
  readonly batchSize: number;
  /** How long to wait for a batch to fill, from its first message. */
  readonly batchingWindowMs: number;
  /** Batches at once, at most; 0 pauses it. */
  readonly maximumConcurrency: number;
  /** `FunctionResponseTypes: [ReportBatchItemFailures]`; without it a batch succeeds or fails as a whole. */
  readonly reportBatchItemFailures: boolean;
  /**
   * Makes a failed message visible again after this time. Lambda leaves it hidden until its visibility timeout is
   * over, which is minutes in a deployment; without this, so does this.
   */
  readonly retryDelayMs?: number;
  readonly invoke: (event: SQSEvent) => Promise<FunctionAnswer>;
}

/** The function's answer as JSON text. */
export interface FunctionAnswer {
  readonly requestId: string;
  readonly payload: string;
  readonly functionError?: string;
}

export interface EventSource {
  setMaximumConcurrency(count: number): void;
  /** Takes no further messages, and resolves when the batches in progress are over. */
  close(): Promise<void>;
}

/** Lambda's event source mapping of a queue: receives batches, invokes the function, deletes what succeeded. */
export function startEventSource(options: EventSourceOptions): EventSource {
  const { queue, batchSize, batchingWindowMs } = options;
  const running = new Set<Promise<void>>();
  let maximumConcurrency = options.maximumConcurrency;
  let closed = false;
  let wake = (): void => {};

  /** Until the queue changes, a batch is over, or the time has passed. */
  async function idle(ms: number | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }

  async function fill(batch: ReceivedMessage[]): Promise<void> {
    const end = performance.now() + batchingWindowMs;
    while (batch.length < batchSize && !closed) {
      const left = end - performance.now();
      if (left <= 0) return;
      const next = queue.msUntilVisible();
      if (next !== 0) await idle(Math.min(left, next ?? left));
      batch.push(...queue.receive(batchSize - batch.length));
    }
  }

  async function poll(): Promise<void> {
    while (!closed) {
      const next = queue.msUntilVisible();
      if (running.size >= maximumConcurrency || next !== 0) {
        await idle(running.size >= maximumConcurrency ? undefined : next);
        continue;
      }
      const batch = queue.receive(batchSize);
      if (batch.length === 0) continue;
      await fill(batch);
      const delivery = deliver(options, batch).then(() => {
        running.delete(delivery);
        wake();
      });
      running.add(delivery);
    }
  }

  const onChange = (): void => wake();
  queue.events.on("change", onChange);
  const polling = poll();
  return {
    setMaximumConcurrency(count) {
      maximumConcurrency = count;
      wake();
    },
    async close() {
      closed = true;
      queue.events.off("change", onChange);
      wake();
      await polling;
      await Promise.all(running);
    },
  };
}

async function deliver(options: EventSourceOptions, batch: readonly ReceivedMessage[]): Promise<void> {
  const { queue, queueArn, retryDelayMs } = options;
  let failures: ReadonlyMap<string, string>;
  try {
    const answer = await options.invoke({ Records: batch.map((message) => toRecord(message, queueArn)) });
    failures = readFailures(answer, batch, options.reportBatchItemFailures);
  } catch (error) {
    failures = all(batch, error instanceof Error ? error.message : String(error));
  }
  for (const { messageId, receiptHandle } of batch) {
    const reason = failures.get(messageId);
    if (reason === undefined) queue.delete(receiptHandle);
    else queue.fail(receiptHandle, reason, retryDelayMs);
  }
}

/**
 * Which messages of a batch failed, by Lambda's rules: all after a function error; all when an identifier is empty,
 * no text, or not of the batch, or the answer is no JSON; those named; none when the list is empty or missing.
 *
 * @returns message id → why
 */
export function readFailures(
  answer: FunctionAnswer,
  batch: readonly Pick<ReceivedMessage, "messageId">[],
  reportBatchItemFailures: boolean,
): ReadonlyMap<string, string> {
  const at = `(request ${answer.requestId})`;
  if (answer.functionError !== undefined) return all(batch, `${describeError(answer.payload)} ${at}`);
  if (!reportBatchItemFailures) return new Map();
  let response: Partial<SQSBatchResponse> | null;
  try {
    response = JSON.parse(answer.payload) as Partial<SQSBatchResponse> | null;
  } catch {
    return all(batch, `The function's answer is not JSON ${at}`);
  }
  const reported: unknown = response?.batchItemFailures ?? [];
  if (!Array.isArray(reported)) return all(batch, `batchItemFailures is not a list ${at}`);
  const ids = new Set(batch.map(({ messageId }) => messageId));
  const failures = new Map<string, string>();
  for (const item of reported as readonly unknown[]) {
    const id = (item as { itemIdentifier?: unknown } | null)?.itemIdentifier;
    if (typeof id !== "string" || !ids.has(id)) {
      return all(
        batch,
        `batchItemFailures names ${JSON.stringify(id) ?? "no itemIdentifier"}, which is not in the batch ${at}`,
      );
    }
    failures.set(id, `The function reported it in batchItemFailures ${at}`);
  }
  return failures;
}

function describeError(payload: string): string {
  try {
    const { errorType, errorMessage } = JSON.parse(payload) as { errorType?: string; errorMessage?: string };
    return `${errorType ?? "Error"}: ${errorMessage ?? payload}`;
  } catch {
    return payload;
  }
}

function all(
  batch: readonly Pick<ReceivedMessage, "messageId">[],
  reason: string,
): ReadonlyMap<string, string> {
  return new Map(batch.map(({ messageId }) => [messageId, reason]));
}

function toRecord(message: ReceivedMessage, queueArn: string): SQSRecord {
  return {
    messageId: message.messageId,
    receiptHandle: message.receiptHandle,
    body: message.body,
    attributes: {
      ApproximateReceiveCount: String(message.receiveCount),
      SentTimestamp: String(message.sentAt),
      SenderId: "AIDALOCALSTACKQUEUE",
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    },
    messageAttributes: {},
    md5OfBody: message.md5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN: queueArn,
    awsRegion: REGION,
  };
}
