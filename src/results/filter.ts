import type { Result } from "../function/result.ts";

export interface Filter {
  /** Of the best prediction. */
  readonly label?: string;
  /** Bounds of the best prediction's score, both included. */
  readonly minScore?: number;
  readonly maxScore?: number;
  readonly status?: Result["status"];
  /** Begin of the key. */
  readonly prefix?: string;
}

export function isWanted(
  result: Result,
  { label, minScore, maxScore, status, prefix = "" }: Filter,
): boolean {
  const { label: best, score } = bestOf(result);
  return (
    result.source.key.startsWith(prefix) &&
    (status === undefined || result.status === status) &&
    (label === undefined || best === label) &&
    (minScore === undefined || (score !== undefined && score >= minScore)) &&
    (maxScore === undefined || (score !== undefined && score <= maxScore))
  );
}

/** The best label and its score; a rejection has its code in their place. */
export function bestOf(result: Result): { label?: string; score?: number; code?: string } {
  if (result.status === "rejected") return { code: result.error.code };
  const [best] = result.predictions;
  return best === undefined ? {} : { label: best.label, score: best.score };
}

export interface Count {
  /** `2026-11-26`, in UTC. */
  readonly day: string;
  /** Or the code of a rejection. */
  readonly label: string;
  readonly count: number;
}

/** How many results each label and each code had on each day, in order. */
export function countDays(results: readonly Result[]): Count[] {
  const counts = new Map<string, Count>();
  for (const result of results) {
    const { label, code } = bestOf(result);
    const [day, name] = [result.classifiedAt.slice(0, 10), label ?? code ?? ""];
    const id = `${day} ${name}`;
    counts.set(id, { day, label: name, count: (counts.get(id)?.count ?? 0) + 1 });
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => count);
}
