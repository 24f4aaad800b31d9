import { median } from "simple-statistics";

/** What one model said of an image. */
export interface Said {
  readonly label: string;
  readonly score: number;
  /** From decoding to ranking: what a model and its preprocessing cost, without S3. */
  readonly ms: number;
}

/** One image by two models. */
export interface Pair {
  readonly key: string;
  readonly a: Said;
  readonly b: Said;
}

export interface Comparison {
  readonly total: number;
  readonly agreeing: number;
  /** The surest ones first: those are the ones to look at. */
  readonly disagreements: readonly Pair[];
  /** Of either model, sorted. */
  readonly labels: readonly string[];
  /** `confusion[i][j]` images have `labels[i]` by A and `labels[j]` by B. */
  readonly confusion: readonly (readonly number[])[];
  /** Mean of B's score minus A's, where they agree; `undefined` where they never do. */
  readonly scoreShift: number | undefined;
  /** Medians, in milliseconds. */
  readonly ms: { readonly a: number; readonly b: number };
}

/** Two models on the same images, in numbers. */
export function comparePairs(pairs: readonly Pair[]): Comparison {
  const labels = [...new Set(pairs.flatMap(({ a, b }) => [a.label, b.label]))].sort();
  const indexes = new Map(labels.map((label, index) => [label, index]));
  const confusion = labels.map(() => labels.map(() => 0));
  for (const { a, b } of pairs) {
    const row = confusion[indexes.get(a.label) ?? 0] ?? [];
    const column = indexes.get(b.label) ?? 0;
    row[column] = (row[column] ?? 0) + 1;
  }
  const agreeing = pairs.filter(({ a, b }) => a.label === b.label);
  const shifts = agreeing.map(({ a, b }) => b.score - a.score);
  const sureness = ({ a, b }: Pair) => Math.min(a.score, b.score);
  return {
    total: pairs.length,
    agreeing: agreeing.length,
    disagreements: pairs
      .filter(({ a, b }) => a.label !== b.label)
      .sort((one, other) => sureness(other) - sureness(one)),
    labels,
    confusion,
    scoreShift:
      shifts.length === 0 ? undefined : shifts.reduce((sum, shift) => sum + shift, 0) / shifts.length,
    ms: { a: medianMs(pairs.map(({ a }) => a)), b: medianMs(pairs.map(({ b }) => b)) },
  };
}

/** 0 of none. */
function medianMs(said: readonly Said[]): number {
  return said.length === 0 ? 0 : median(said.map(({ ms }) => ms));
}
