import { type Expression, parseExpression } from "./expression.ts";
import type { MetricEntry } from "./widget.ts";

/**
 * A text that is equal for entries that compute the same thing, whatever their ids and the order of their
 * sums and products: how the threshold of an alarm finds the line of a chart that it belongs to.
 *
 * @param entries the entries of the same widget or alarm, which the ids in expressions refer to
 */
export function canonicalEntry(entry: MetricEntry, entries: readonly MetricEntry[]): string {
  const { source } = entry;
  if (source.kind === "metric") {
    const dimensions = Object.entries(source.dimensions).sort(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify([source.namespace, source.name, dimensions, entry.stat]);
  }
  return canonical(parseExpression(source.expression), entries);
}

function canonical(expression: Expression, entries: readonly MetricEntry[]): string {
  switch (expression.kind) {
    case "number":
    case "string":
      return JSON.stringify(expression.value);
    case "id": {
      const entry = entries.find(({ id }) => id === expression.name);
      return entry === undefined ? expression.name : canonicalEntry(entry, entries);
    }
    case "list":
      return `[${expression.items.map((item) => canonical(item, entries)).join(",")}]`;
    case "call":
      return `${expression.name}(${expression.args.map((argument) => canonical(argument, entries)).join(",")})`;
    case "unary":
      return `-(${canonical(expression.operand, entries)})`;
    case "binary": {
      const { operator } = expression;
      if (operator !== "+" && operator !== "*") {
        return `(${canonical(expression.left, entries)}${operator}${canonical(expression.right, entries)})`;
      }
      const terms = flatten(expression, operator, entries).map((term) => canonical(term, entries));
      return `(${terms.sort().join(operator)})`;
    }
  }
}

/** The terms of a nested sum or product, also through the ids of expressions. */
function flatten(expression: Expression, operator: "+" | "*", entries: readonly MetricEntry[]): Expression[] {
  if (expression.kind === "id") {
    const source = entries.find(({ id }) => id === expression.name)?.source;
    if (source?.kind === "expression") return flatten(parseExpression(source.expression), operator, entries);
  }
  if (expression.kind !== "binary" || expression.operator !== operator) return [expression];
  return [...flatten(expression.left, operator, entries), ...flatten(expression.right, operator, entries)];
}
