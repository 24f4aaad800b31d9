/** What a deployed function did, from CloudWatch. */
export interface DeployedMetrics {
  invocations: number;
  /** Sum of Lambda's `Duration`, milliseconds. */
  durationMs: number;
  pictures: number;
}

interface MetricDataResult {
  Id?: string;
  Values?: number[];
}

/** Query ids that {@link readMetrics} sums: the `Id` of each result. */
const IDS = ["invocations", "duration", "pictures"] as const;

/**
 * Reads what `aws cloudwatch get-metric-data` prints, asked with {@link metricQueries}.
 *
 * @throws that names what is missing
 */
export function readMetrics(json: string): DeployedMetrics {
  const { MetricDataResults: results } = JSON.parse(json) as { MetricDataResults?: MetricDataResult[] };
  if (!Array.isArray(results)) throw new Error("Expected GetMetricData's answer with MetricDataResults.");
  const [invocations, durationMs, pictures] = IDS.map((id) => {
    const values = results.filter((result) => result.Id === id).flatMap(({ Values }) => Values ?? []);
    const sum = values.reduce((all, value) => all + value, 0);
    if (sum > 0) return sum;
    throw new Error(`Expected values with Id ${id}, found ${values.length === 0 ? "none" : "only zeros"}.`);
  });
  return { invocations: invocations ?? 0, durationMs: durationMs ?? 0, pictures: pictures ?? 0 };
}

/** What to ask CloudWatch for: the file of `get-metric-data --metric-data-queries`. */
export function metricQueries(functionName: string, service: string, model: string): unknown[] {
  const query = (
    Id: string,
    Namespace: string,
    MetricName: string,
    dimensions: Record<string, string>,
  ): unknown => ({
    Id,
    MetricStat: {
      Metric: {
        Namespace,
        MetricName,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: 3600,
      Stat: "Sum",
    },
  });
  return [
    query("invocations", "AWS/Lambda", "Invocations", { FunctionName: functionName }),
    query("duration", "AWS/Lambda", "Duration", { FunctionName: functionName }),
    query("pictures", "GravitonImageClassifier", "BatchSize", { service, model }),
  ];
}
