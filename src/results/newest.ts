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
  const placed = results.map((result): Placed => {
    const sameBytes = results.filter(({ source }) => source.eTag === result.source.eTag);
    const own = result.source.sequencer ?? greatest(sameBytes);
    const before = greatest(results.filter((other) => other.classifiedAt <= result.classifiedAt));
    return { result, place: own ?? before ?? "", isLater: own === undefined };
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

function greatest(results: readonly Result[]): string | undefined {
  return results
    .flatMap(({ source: { sequencer } }) => (sequencer === undefined ? [] : [sequencer]))
    .reduce<string | undefined>(
      (most, one) => (most === undefined || compareSequencers(one, most) > 0 ? one : most),
      undefined,
    );
}
