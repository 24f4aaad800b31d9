import { type Fields, fields, list, properties } from "./read.ts";

/** One row of a widget's `metrics`: [namespace, name, dimension, value, …, options], or [options] for an expression. */
export interface MetricRow {
  readonly namespace?: string;
  readonly name?: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly options: Fields;
}

export interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: Fields & { readonly title?: string };
  readonly metrics: readonly MetricRow[];
}

const substitution = list(fields(properties("Dashboard").DashboardBody)["Fn::Sub"]);

/** What the body is filled in with besides parameters and resources. */
export const bodyVariables = fields(substitution[1]);

/** The dashboard's body as it stands in the template, `${…}` unresolved. Throws where it is not strict JSON. */
export const body = JSON.parse(String(substitution[0]));

export const widgets: readonly Widget[] = body.widgets.map((widget: Widget) => ({
  ...widget,
  metrics: ((widget.properties.metrics ?? []) as readonly (readonly (string | Fields)[])[]).map(readRow),
}));

function readRow(row: readonly (string | Fields)[]): MetricRow {
  const last = row.at(-1);
  const options = typeof last === "object" ? last : {};
  const [namespace, name, ...pairs] = row.filter((item) => typeof item === "string");
  if (namespace === undefined) return { dimensions: {}, options };
  if (name === undefined || pairs.length % 2 !== 0)
    throw new TypeError(`not a metric: ${JSON.stringify(row)}`);
  const dimensions = Object.fromEntries(
    pairs.flatMap((key, index) => (index % 2 === 0 ? [[key, String(pairs[index + 1])]] : [])),
  );
  return { namespace, name, dimensions, options };
}

/** Names that a metric-math expression uses, its functions and texts left out. */
export function operands(expression: string): string[] {
  const text = expression.replaceAll(/\$\{[^}]+\}/g, "1").replaceAll(/'[^']*'/g, "");
  return [...text.matchAll(/[A-Za-z_]\w*(?!\w*\()/g)].map(([name]) => name);
}
