import { ClassifierError } from "../errors.ts";
import type { ImageRef } from "../image-ref.ts";
import type { Outcome } from "../outcome.ts";

/** One shape of event. `matches` looks only at what tells the shape; `read` finds what is wrong inside. */
export interface Trigger<Event> {
  /** The shape in words, for the message about an event that has none. */
  readonly shape: string;
  matches(event: unknown): event is Event;
  /** What is to be classified, in the event's order. A bad entry does not throw: its task's target is the error. */
  read(event: Event): Task[];
  /** The response, or a throw, by which the caller learns which images to send again. */
  answer(event: Event, done: readonly Done[]): unknown;
}

/** One entry of an event. Several tasks may share an id: an SQS message can carry several uploads. */
export interface Task {
  /** By which the caller knows it: a message id, a task id; for shapes without ids its position. */
  readonly id: string;
  /** The upload, or why the entry cannot be read. */
  readonly target: ImageRef | ClassifierError;
  /** The upload was deleted: its result is to be removed. With a version id, that version alone was. */
  readonly isRemoval?: true;
  /** Of what SQS says: by which queue the entry came, and how often by now. */
  readonly message?: { readonly queueArn: string; readonly receives: number };
}

/** A task's id and how it ended, in the order of the tasks. */
export interface Done {
  readonly id: string;
  readonly outcome: Outcome;
}

/** Reads one entry; what is wrong with it becomes the task's target. */
export function readTask(id: string, read: () => ImageRef): Task {
  try {
    return { id, target: read() };
  } catch (error) {
    if (error instanceof ClassifierError) return { id, target: error };
    throw error;
  }
}

/** Whether SQS has handed the entry out before: by its count, or by the queue that it came to in the end. */
export function isRedelivered({ message }: Task, isolationQueueArn: string): boolean {
  return message !== undefined && (message.receives > 1 || message.queueArn === isolationQueueArn);
}

/** Failed, or never readable: what must reach a retry and in the end a dead-letter queue. */
export function isToRepeat(
  outcome: Outcome,
): outcome is Extract<Outcome, { status: "failed" | "unreadable" }> {
  return outcome.status === "failed" || outcome.status === "unreadable";
}

/**
 * The asynchronous shapes can only be retried whole: throws when something failed, so that Lambda tries again and then
 * sends the event to the failure destination. Entries that could not be read count too, so that they are not lost;
 * images that are done already are found done the next time.
 *
 * @throws {AggregateError} with the `ClassifierError` of each failed entry
 */
export function throwFailures(done: readonly Done[]): void {
  const failures = done.map(({ outcome }) => outcome).filter(isToRepeat);
  if (failures.length === 0) return;
  const lines = failures.map((failure) => {
    const { code, message } = failure.error;
    return `${code} ${"ref" in failure ? failure.ref.key : "(unreadable)"}: ${message}`;
  });
  throw new AggregateError(
    failures.map(({ error }) => error),
    `${failures.length} of ${done.length} images failed:\n  ${lines.slice(0, 10).join("\n  ")}`,
  );
}
