import { evaluateExpression } from "./evaluate.ts";
import { parseExpression } from "./expression.ts";
import type { MetricStore } from "./metric-store.ts";
import { parseSearch } from "./search.ts";
import type { Value } from "./series.ts";
import type { MetricEntry } from "./widget.ts";

export interface EvaluatedEntries {
  /** @throws Error when there is no such id, or its expression cannot be evaluated */
  value(id: string): Value;
}

/**
 * Evaluates the metrics and expressions of one widget or alarm, each once and when asked for.
 *
 * @param speed divides every period: 1 as deployed, 12 makes a minute five seconds
 */
export function evaluateEntries(
  entries: readonly MetricEntry[],
  store: MetricStore,
  range: { readonly fromMs: number; readonly toMs: number },
  speed: number,
): EvaluatedEntries {
  const known = new Map<string, Value>();
  const open = new Set<string>();
  // An expression has the period of the metrics it stands with.
  const periodMs = Math.min(
    ...entries.filter(({ source }) => source.kind === "metric").map((entry) => entry.periodMs),
  );

  const compute = (entry: MetricEntry): Value => {
    const { source } = entry;
    if (source.kind === "metric") {
      const entryRange = { ...range, periodMs: entry.periodMs / speed };
      const series = store.query(source, entry.stat, entryRange);
      return { kind: "series", id: entry.id, series, periodMs: entryRange.periodMs };
    }
    const ownRange = { ...range, periodMs: (Number.isFinite(periodMs) ? periodMs : entry.periodMs) / speed };
    return evaluateExpression(parseExpression(source.expression), {
      range: ownRange,
      resolve: value,
      search: (query, stat) => {
        const { matches, nameOf } = parseSearch(query);
        return store
          .ids()
          .filter(matches)
          .map((id) => ({
            kind: "series" as const,
            id: nameOf(id),
            series: store.query(id, stat, ownRange),
            periodMs: ownRange.periodMs,
          }))
          .sort((a, b) => a.id.localeCompare(b.id));
      },
      metrics: () =>
        entries
          .filter((other) => other.source.kind === "metric")
          .map((other) => value(other.id))
          .filter((other) => other.kind === "series"),
    });
  };

  const value = (id: string): Value => {
    const cached = known.get(id);
    if (cached !== undefined) return cached;
    const entry = entries.find((candidate) => candidate.id === id);
    if (entry === undefined) throw new Error(`the expression uses the id ${id}, which no metric has`);
    if (open.has(id)) throw new Error(`the expression ${id} refers to itself`);
    open.add(id);
    const computed = compute(entry);
    open.delete(id);
    known.set(id, computed);
    return computed;
  };
  return { value };
}
