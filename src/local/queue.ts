import { createHash, randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";

export interface QueueOptions {
  /** How long a received message stays hidden from other receivers. */
  readonly visibilityTimeoutMs: number;
  /** After so many receives without a delete the message moves on. */
  readonly maxReceiveCount: number;
  /** The queue that it moves to; without one it is dead. */
  readonly redriveTo?: Queue;
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number;
}

/** A received message. Its handle is good until the message is received again. */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly md5OfBody: string;
  readonly receiveCount: number;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  readonly firstReceivedAt: number;
}

/** A message that was given up. */
export interface DeadMessage {
  readonly messageId: string;
  readonly body: string;
  readonly sentAt: number;
  readonly deadAt: number;
  /** In all queues that it passed. */
  readonly receiveCount: number;
  /** Why the last attempt failed, as far as the receiver said (SQS itself keeps no reason). */
  readonly reason: string;
}

/** As CloudWatch counts them: ApproximateNumberOfMessagesVisible, …NotVisible, …AgeOfOldestMessage. */
export interface QueueCounts {
  readonly waiting: number;
  readonly inFlight: number;
  readonly dead: number;
  /** Age of the oldest message that is not dead; 0 when there is none. */
  readonly oldestAgeMs: number;
}

interface Stored {
  readonly messageId: string;
  readonly body: string;
  readonly md5OfBody: string;
  readonly sentAt: number;
  firstReceivedAt: number | undefined;
  receiveCount: number;
  /** In the queues before this one. */
  readonly earlierReceives: number;
  visibleAt: number;
  receiptHandle: string | undefined;
  reason: string | undefined;
}

/**
 * A standard SQS queue, in memory, with its dead letters or a queue that it redrives to. As SQS: at least once, in no
 * promised order (here: by the time of sending), a message that is not deleted comes back, and one that came back too
 * often is moved when it would be received once more, with its id and its first enqueue time; the queue that takes it
 * counts receives anew. Nothing expires: local runs are shorter than any retention.
 */
export class Queue {
  /** `change` after every change of the counts, `dead` for every message that is given up. */
  readonly events = new EventEmitter<{ change: [QueueCounts]; dead: [DeadMessage] }>();
  readonly #options: QueueOptions;
  readonly #now: () => number;
  readonly #messages = new Map<string, Stored>();
  readonly #dead = new Map<string, DeadMessage>();

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** @returns the message's id */
  send(body: string): string {
    const messageId = randomUUID();
    const md5OfBody = createHash("md5").update(body).digest("hex");
    this.#add({ messageId, body, md5OfBody, sentAt: this.#now(), earlierReceives: 0, reason: undefined });
    return messageId;
  }

  /** Up to `max` visible messages, hidden from now on until deleted, released or timed out. */
  receive(max: number): ReceivedMessage[] {
    const now = this.#now();
    const received: ReceivedMessage[] = [];
    let moved = false;
    for (const message of this.#messages.values()) {
      if (received.length === max) break;
      if (message.visibleAt > now) continue;
      if (message.receiveCount >= this.#options.maxReceiveCount) {
        this.#moveOn(message);
        moved = true;
        continue;
      }
      message.receiveCount += 1;
      message.firstReceivedAt ??= now;
      message.visibleAt = now + this.#options.visibilityTimeoutMs;
      message.receiptHandle = `${message.messageId}/${randomUUID()}`;
      received.push({
        messageId: message.messageId,
        receiptHandle: message.receiptHandle,
        body: message.body,
        md5OfBody: message.md5OfBody,
        receiveCount: message.receiveCount,
        sentAt: message.sentAt,
        firstReceivedAt: message.firstReceivedAt,
      });
    }
    if (moved || received.length > 0) this.#changed();
    return received;
  }

  /** Deletes a message that was dealt with. A handle from before a later receive deletes nothing, as in SQS. */
  delete(receiptHandle: string): void {
    const message = this.#byHandle(receiptHandle);
    if (message === undefined) return;
    this.#messages.delete(message.messageId);
    this.#changed();
  }

  /**
   * Notes that an attempt failed.
   *
   * @param reason kept with the message, for the dead-letter queue
   * @param retryInMs makes the message visible after this time (ChangeMessageVisibility); without it, the
   *   visibility timeout runs on, as it does under Lambda
   */
  fail(receiptHandle: string, reason: string, retryInMs?: number): void {
    const message = this.#byHandle(receiptHandle);
    if (message === undefined) return;
    message.reason = reason;
    if (retryInMs !== undefined) message.visibleAt = this.#now() + retryInMs;
    this.#changed();
  }

  /**
   * Sends all dead messages to a queue again, as new messages: new id, no receives.
   *
   * @returns how many
   */
  redrive(destination: Queue = this): number {
    const dead = [...this.#dead.values()];
    this.#dead.clear();
    for (const { body } of dead) destination.send(body);
    if (dead.length > 0) this.#changed();
    return dead.length;
  }

  get deadMessages(): readonly DeadMessage[] {
    return [...this.#dead.values()];
  }

  /** Whether every message was deleted or given up. */
  get isEmpty(): boolean {
    return this.#messages.size === 0;
  }

  counts(): QueueCounts {
    const now = this.#now();
    let waiting = 0;
    let oldestAgeMs = 0;
    for (const { visibleAt, sentAt } of this.#messages.values()) {
      if (visibleAt <= now) waiting += 1;
      oldestAgeMs = Math.max(oldestAgeMs, now - sentAt);
    }
    return { waiting, inFlight: this.#messages.size - waiting, dead: this.#dead.size, oldestAgeMs };
  }

  /** Milliseconds until a message can be received: 0 when one can be now, `undefined` when there is none at all. */
  msUntilVisible(): number | undefined {
    let earliest: number | undefined;
    for (const { visibleAt } of this.#messages.values())
      earliest = Math.min(earliest ?? visibleAt, visibleAt);
    return earliest === undefined ? undefined : Math.max(0, earliest - this.#now());
  }

  #add(message: Omit<Stored, "firstReceivedAt" | "receiveCount" | "visibleAt" | "receiptHandle">): void {
    const state = { firstReceivedAt: undefined, receiveCount: 0, visibleAt: 0, receiptHandle: undefined };
    this.#messages.set(message.messageId, { ...message, ...state });
    this.#changed();
  }

  #moveOn(message: Stored): void {
    this.#messages.delete(message.messageId);
    const { messageId, body, sentAt } = message;
    const receiveCount = message.earlierReceives + message.receiveCount;
    if (this.#options.redriveTo !== undefined) {
      this.#options.redriveTo.#add({ ...message, earlierReceives: receiveCount });
      return;
    }
    const reason = message.reason ?? "not deleted within the visibility timeout";
    const dead: DeadMessage = { messageId, body, sentAt, deadAt: this.#now(), receiveCount, reason };
    this.#dead.set(messageId, dead);
    this.events.emit("dead", dead);
  }

  #byHandle(receiptHandle: string): Stored | undefined {
    const message = this.#messages.get(receiptHandle.slice(0, receiptHandle.indexOf("/")));
    return message?.receiptHandle === receiptHandle ? message : undefined;
  }

  #changed(): void {
    if (this.events.listenerCount("change") > 0) this.events.emit("change", this.counts());
  }
}
