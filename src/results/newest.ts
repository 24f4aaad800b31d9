import { compareSequencers } from "../function/image-ref.ts";
import type { Result } from "../function/result.ts";

/**
 * The newest result of each key, of lines in any order: that of the upload with the greatest sequencer. A result without
 * one (a backfill, a direct invocation) is placed with the upload that had the same bytes; with bytes of its own it came
 * after whatever had been judged before it. Of one upload a classification counts before a rejection, then the latest.
 *
 * The named Athena query of template.yaml is the same rule.
 */
export function newestOfEachKey(results: Iterable<Result>): Result[] {
  const byKey = Map.groupBy(results, ({ source: { bucket, key } }) => JSON.stringify([bucket, key]));
  return [...byKey.values()].map(newestOf);
}

interface Placed {
  readonly result: Result;
  /** Sequencer of the upload that the result belongs to or came after; "" when none is known. */
  readonly place: string;
  readonly isLater: boolean;
}

function newestOf(results: readonly Result[]): Result {
  const ofBytes = new Map<string | undefined, string>();
  const until = new Map<string, string>();
  let greatest = "";
  for (const { classifiedAt, source } of results.toSorted(byTime)) {
    const { eTag, sequencer } = source;
    if (sequencer !== undefined) {
      ofBytes.set(eTag, greaterOf(ofBytes.get(eTag) ?? "", sequencer));
      greatest = greaterOf(greatest, sequencer);
    }
    until.set(classifiedAt, greatest);
  }
  const placed = results.map((result): Placed => {
    const own = result.source.sequencer ?? ofBytes.get(result.source.eTag);
    return { result, place: own ?? until.get(result.classifiedAt) ?? "", isLater: own === undefined };
  });
  const [first] = placed.sort(
    (a, b) =>
      compareSequencers(b.place, a.place) ||
      Number(b.isLater) - Number(a.isLater) ||
      Number(b.result.status === "classified") - Number(a.result.status === "classified") ||
      (a.result.classifiedAt < b.result.classifiedAt ? 1 : -1),
  );
  return (first as Placed).result;
}

/** A hot key has a result for every second of its life: no result is compared with each other one. */
function byTime(a: Result, b: Result): number {
  return a.classifiedAt < b.classifiedAt ? -1 : a.classifiedAt > b.classifiedAt ? 1 : 0;
}

function greaterOf(a: string, b: string): string {
  return compareSequencers(a, b) < 0 ? b : a;
}
