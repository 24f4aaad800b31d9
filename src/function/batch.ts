import type { Deadline } from "./deadline.ts";
import { ClassifierError } from "./errors.ts";
import { compareSequencers, type ImageRef } from "./image-ref.ts";
import type { Outcome } from "./outcome.ts";
import { type Done, isRedelivered, type Task } from "./triggers/trigger.ts";

export interface BatchOptions {
  /** Uploads that are worked on at once: while some are fetched or published, others are decoded. */
  readonly imagesInFlight: number;
  /** No upload is started with less than this left of the invocation. */
  readonly deadlineMarginMs: number;
  readonly deadline: Deadline;
  /** Queue of what was delivered before. */
  readonly isolationQueueArn: string;
}

/** A task with an upload in it. */
export type UploadTask = Task & { readonly target: ImageRef };

/** Time after the deadline's signal for what was aborted to say so itself. */
const SETTLE_MS = 200;

/**
 * Classifies the uploads of many tasks, or removes the results of those that were deleted.
 *
 * Uploads of the same key never overlap. Of several events of one key only the newest is worked on: the older ones are
 * superseded by it, also when it fails, for then it comes again. The same event twice is worked on once.
 *
 * Answers in time whatever `classify` does: what has not ended by the deadline failed as `DEADLINE_NEAR`, to be tried
 * again, and what has ended keeps its outcome.
 *
 * @param classify does not throw
 * @returns one outcome per task, in the same order; the same object for the same event
 */
export async function classifyBatch(
  tasks: readonly Task[],
  classify: (task: UploadTask) => Promise<Outcome>,
  { imagesInFlight, deadlineMarginMs, deadline, isolationQueueArn }: BatchOptions,
): Promise<Done[]> {
  const outcomes = new Map<Task, Outcome>();
  const uploads: UploadTask[] = [];
  for (const task of tasks) {
    if (task.target instanceof ClassifierError)
      outcomes.set(task, {
        status: "unreadable",
        id: task.id,
        error: task.target,
        isRedelivered: isRedelivered(task, isolationQueueArn),
      });
    else uploads.push(task as UploadTask);
  }
  const queue = groupByKey(uploads).values();
  const hasTime = () => deadline.remainingMs() >= deadlineMarginMs;
  const work = async (): Promise<void> => {
    for (const sameKey of queue) {
      const newest = newestOf(sameKey);
      for (const task of sameKey) {
        if (!hasTime()) return;
        const { target: ref } = task;
        const isOlder =
          isOfWholeKey(task) &&
          newest !== undefined &&
          ref.sequencer !== undefined &&
          compareSequencers(ref.sequencer, newest) < 0;
        const twin = sameKey.find((other) => outcomes.has(other) && isSameEvent(other, task));
        const known = isOlder ? ({ status: "superseded", ref } as const) : twin && outcomes.get(twin);
        outcomes.set(task, known ?? (await classify(task)));
      }
    }
  };
  const all = Promise.all(Array.from({ length: imagesInFlight }, work));
  await deadline.bound(all, SETTLE_MS).catch((error: unknown) => {
    if (!(error instanceof ClassifierError)) throw error;
  });
  return tasks.map((task) => ({
    id: task.id,
    outcome: outcomes.get(task) ?? unfinished(task as UploadTask),
  }));
}

function unfinished({ target: ref }: UploadTask): Outcome {
  const message =
    "too little of the invocation's time was left, so the image was not started or not finished";
  return { status: "failed", ref, error: new ClassifierError("DEADLINE_NEAR", message) };
}

function groupByKey(tasks: readonly UploadTask[]): Map<string, UploadTask[]> {
  // No bucket's name has a slash.
  return Map.groupBy(tasks, ({ target: { bucket, key } }) => `${bucket}/${key}`);
}

/** What decides which bytes the key has: all but the removal of a single version, which may be an old one. */
function isOfWholeKey({ isRemoval, target }: UploadTask): boolean {
  return !isRemoval || target.versionId === undefined;
}

function newestOf(tasks: readonly UploadTask[]): string | undefined {
  return tasks
    .filter(isOfWholeKey)
    .map(({ target }) => target.sequencer)
    .filter((sequencer) => sequencer !== undefined)
    .reduce<string | undefined>(
      (newest, sequencer) =>
        newest === undefined || compareSequencers(sequencer, newest) > 0 ? sequencer : newest,
      undefined,
    );
}

function isSameEvent({ target: a, isRemoval }: UploadTask, { target: b, ...other }: UploadTask): boolean {
  const isSameObject = a.sequencer === b.sequencer && a.versionId === b.versionId && a.eTag === b.eTag;
  return isSameObject && isRemoval === other.isRemoval;
}
