import { parseRule, type Rule } from "./rule.ts";
import type { MetricEntry } from "./widget.ts";

export type Comparison = ">" | ">=" | "<" | "<=";
export type MissingData = "missing" | "ignore" | "breaching" | "notBreaching";

export interface MetricAlarm {
  readonly kind: "metric";
  readonly name: string;
  readonly description: string;
  /** Metrics and expressions; `returned` is the one that the threshold is compared with. */
  readonly entries: readonly MetricEntry[];
  readonly returned: MetricEntry;
  readonly threshold: number;
  readonly comparison: Comparison;
  /** Of so many periods … */
  readonly evaluationPeriods: number;
  /** … so many must be breaching. */
  readonly datapointsToAlarm: number;
  readonly periodMs: number;
  readonly missingData: MissingData;
}

export interface CompositeAlarm {
  readonly kind: "composite";
  readonly name: string;
  readonly description: string;
  readonly rule: Rule;
}

export type AlarmDefinition = MetricAlarm | CompositeAlarm;

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  GreaterThanThreshold: ">",
  GreaterThanOrEqualToThreshold: ">=",
  LessThanThreshold: "<",
  LessThanOrEqualToThreshold: "<=",
};

/**
 * Reads the resolved properties of an `AWS::CloudWatch::Alarm` or `AWS::CloudWatch::CompositeAlarm`.
 *
 * @throws Error naming the alarm and the property that is not understood
 */
export function readAlarm(name: string, properties: Readonly<Record<string, unknown>>): AlarmDefinition {
  const description = String(properties.AlarmDescription ?? "");
  if (properties.AlarmRule !== undefined) {
    return { kind: "composite", name, description, rule: parseRule(String(properties.AlarmRule)) };
  }
  const comparison = COMPARISONS[String(properties.ComparisonOperator)];
  const threshold = Number(properties.Threshold);
  const evaluationPeriods = Number(properties.EvaluationPeriods);
  if (comparison === undefined || !Number.isFinite(threshold) || !Number.isFinite(evaluationPeriods)) {
    throw new Error(
      `the alarm ${name} needs a plain ComparisonOperator, a Threshold and EvaluationPeriods; it has ` +
        `${JSON.stringify([properties.ComparisonOperator, properties.Threshold, properties.EvaluationPeriods])}`,
    );
  }
  const definitions =
    properties.Metrics === undefined ? undefined : (properties.Metrics as MetricDefinition[]);
  const entries = definitions?.map(readDefinition) ?? [readSimple(properties)];
  const returnedAt = definitions?.findIndex(({ ReturnData }) => ReturnData !== false) ?? 0;
  const returned = entries[returnedAt];
  if (returned === undefined) throw new Error(`the alarm ${name} has no metric with ReturnData`);
  return {
    kind: "metric",
    name,
    description,
    entries,
    returned,
    threshold,
    comparison,
    evaluationPeriods,
    datapointsToAlarm: Number(properties.DatapointsToAlarm ?? evaluationPeriods),
    // An expression has the period of its metrics.
    periodMs: entries.find(({ source }) => source.kind === "metric")?.periodMs ?? 60_000,
    missingData: (properties.TreatMissingData ?? "missing") as MissingData,
  };
}

interface MetricDefinition {
  readonly Id: string;
  readonly Label?: string;
  readonly Expression?: string;
  readonly ReturnData?: boolean;
  readonly MetricStat?: {
    readonly Stat: string;
    readonly Period: number;
    readonly Metric: {
      readonly Namespace: string;
      readonly MetricName: string;
      readonly Dimensions?: Dimensions;
    };
  };
}

type Dimensions = readonly { readonly Name: string; readonly Value: string }[];

const COMMON = { visible: true, color: undefined, axis: "left" } as const;

function readDefinition({ Id, Label, Expression, MetricStat }: MetricDefinition): MetricEntry {
  if (MetricStat === undefined) {
    const source = { kind: "expression", expression: String(Expression) } as const;
    return { ...COMMON, id: Id, label: Label, stat: "Average", periodMs: 60_000, source };
  }
  const { Stat, Period, Metric } = MetricStat;
  return {
    ...COMMON,
    id: Id,
    label: Label,
    stat: Stat,
    periodMs: Number(Period) * 1000,
    source: {
      kind: "metric",
      namespace: Metric.Namespace,
      name: Metric.MetricName,
      dimensions: readDimensions(Metric.Dimensions ?? []),
    },
  };
}

function readSimple(properties: Readonly<Record<string, unknown>>): MetricEntry {
  return {
    ...COMMON,
    id: "m",
    label: undefined,
    stat: String(properties.ExtendedStatistic ?? properties.Statistic),
    periodMs: Number(properties.Period) * 1000,
    source: {
      kind: "metric",
      namespace: String(properties.Namespace),
      name: String(properties.MetricName),
      dimensions: readDimensions((properties.Dimensions ?? []) as Dimensions),
    },
  };
}

function readDimensions(dimensions: Dimensions): Record<string, string> {
  return Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value]));
}
