import { type ClassifyContext, classifyImage } from "./classify.ts";
import { ClassifierError } from "./errors.ts";
import { compareSequencers, type ImageRef } from "./image-ref.ts";
import type { Outcome } from "./outcome.ts";
import type { Slot } from "./slot.ts";

/**
 * Classifies many uploads, as many at a time as there are slots: while one is inferred, others are fetched and decoded.
 *
 * Uploads of the same key never overlap. Of several events of one key only the newest is worked on: the older ones are
 * superseded by it, also when it fails, for then it comes again. The same event twice is worked on once.
 *
 * A picture is not started when less than `deadlineMarginMs` is left: it fails as `DEADLINE_NEAR`, to be tried again.
 *
 * @param slots at least one; none is used by two pictures at once
 * @returns one outcome a ref, in the same order; the same object for the same event
 */
export async function classifyBatch(
  context: ClassifyContext,
  slots: readonly Slot[],
  refs: readonly ImageRef[],
): Promise<Outcome[]> {
  const outcomes = new Map<ImageRef, Outcome>();
  const queue = groupByKey(refs).values();
  const work = async (slot: Slot): Promise<void> => {
    for (const events of queue) await classifyKey(context, slot, events, outcomes);
  };
  await Promise.all(slots.map(work));
  return refs.map((ref) => outcomes.get(ref) ?? notStarted(ref));
}

/** All events of one key, one after the other. */
async function classifyKey(
  context: ClassifyContext,
  slot: Slot,
  events: readonly ImageRef[],
  outcomes: Map<ImageRef, Outcome>,
): Promise<void> {
  const newest = newestOf(events);
  for (const ref of events) {
    const order =
      newest === undefined || ref.sequencer === undefined ? 0 : compareSequencers(ref.sequencer, newest);
    const same = events.find((other) => outcomes.has(other) && isSameEvent(other, ref));
    const outcome =
      order < 0
        ? ({ status: "superseded", ref } as const)
        : ((same && outcomes.get(same)) ?? (await classifyInTime(context, slot, ref)));
    outcomes.set(ref, outcome);
  }
}

async function classifyInTime(context: ClassifyContext, slot: Slot, ref: ImageRef): Promise<Outcome> {
  const { deadline, config } = context;
  return deadline.remainingMs() < config.deadlineMarginMs
    ? notStarted(ref)
    : classifyImage(context, slot, ref);
}

function notStarted(ref: ImageRef): Outcome {
  const message = "less than DEADLINE_MARGIN_MS was left of the invocation, so the picture was not started";
  return { status: "failed", ref, error: new ClassifierError("DEADLINE_NEAR", message) };
}

function groupByKey(refs: readonly ImageRef[]): Map<string, ImageRef[]> {
  // No bucket's name has a slash.
  return Map.groupBy(refs, ({ bucket, key }) => `${bucket}/${key}`);
}

function newestOf(events: readonly ImageRef[]): string | undefined {
  return events
    .map(({ sequencer }) => sequencer)
    .filter((sequencer) => sequencer !== undefined)
    .reduce<string | undefined>(
      (newest, sequencer) =>
        newest === undefined || compareSequencers(sequencer, newest) > 0 ? sequencer : newest,
      undefined,
    );
}

function isSameEvent(a: ImageRef, b: ImageRef): boolean {
  return a.sequencer === b.sequencer && a.versionId === b.versionId && a.eTag === b.eTag;
}
