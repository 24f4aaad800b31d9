import type { MetricId } from "./metric-store.ts";

/** A search expression as far as it names everything exactly: `{namespace,dimension,…} MetricName="x" dimension="y"`. */
export interface Search {
  matches(id: MetricId): boolean;
  /** What tells a found metric from the others: its dimensions that the search does not name. */
  nameOf(id: MetricId): string;
}

/** @throws Error for what only CloudWatch can search: partial words, OR, NOT, brackets */
export function parseSearch(query: string): Search {
  const [, schema = "", terms = ""] = /^\s*\{([^}]*)\}(.*)$/s.exec(query) ?? [];
  const [namespace = "", ...names] = schema.split(",").map((name) => name.trim());
  const exact = new Map(
    [...terms.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]),
  );
  const rest = terms.replaceAll(/\w+="[^"]*"/g, "").trim();
  if (namespace === "" || rest !== "")
    throw new Error(
      `expected {namespace,dimensions} and terms such as MetricName="x" in SEARCH, got ${query}`,
    );
  const metricName = exact.get("MetricName");
  exact.delete("MetricName");
  return {
    matches: (id) =>
      id.namespace === namespace &&
      (metricName === undefined || id.name === metricName) &&
      Object.keys(id.dimensions).sort().join() === names.toSorted().join() &&
      [...exact].every(([name, value]) => id.dimensions[name] === value),
    nameOf: ({ name, dimensions }) => {
      const open = names.filter((each) => !exact.has(each)).map((each) => dimensions[each] ?? "");
      return (metricName === undefined ? [name, ...open] : open).join(" ");
    },
  };
}
