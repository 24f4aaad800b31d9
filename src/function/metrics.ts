/** CloudWatch namespace of everything that the function emits. */
export const NAMESPACE = "GravitonImageClassifier";

/** The dimensions of every metric: one set, so one billed metric a name, service and model. */
export const DIMENSIONS = ["service", "model"] as const;

/** A further dimension of the few metrics that judge a deployment: those of the version that runs. */
export const VERSION_DIMENSION = "version";
export const VERSION_METRICS = ["BatchSize", "ImagesFailed"] as const satisfies readonly MetricName[];

/** Every metric with its CloudWatch unit. The dashboard and the alarms may name no other. */
export const METRICS = {
  FetchDuration: "Milliseconds",
  DecodeDuration: "Milliseconds",
  NormalizeDuration: "Milliseconds",
  InferDuration: "Milliseconds",
  RankDuration: "Milliseconds",
  PublishDuration: "Milliseconds",
  ImageDuration: "Milliseconds",
  ModelLoadDuration: "Milliseconds",
  ColdStart: "Count",
  ImagesClassified: "Count",
  ImagesRejected: "Count",
  ImagesFailed: "Count",
  ImagesSuperseded: "Count",
  EntriesUnreadable: "Count",
  ImageBytes: "Bytes",
  ImagePixels: "Count",
  BatchSize: "Count",
} as const;

export type MetricName = keyof typeof METRICS;
