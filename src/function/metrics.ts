/** CloudWatch namespace of everything that the function emits. */
export const NAMESPACE = "GravitonImageClassifier";

/** The dimensions of every metric: one set, so one billed metric a name, service and model. */
export const DIMENSIONS = ["service", "model"] as const;

/** A further dimension of the few metrics that judge a deployment: those of the version that runs. */
export const VERSION_DIMENSION = "version";
export const VERSION_METRICS = ["BatchSize", "ImagesFailed"] as const satisfies readonly MetricName[];

/**
 * A further dimension of one metric: what comes in, label by label. Each label is a billed metric of its own, so those of
 * models with more labels than this are not counted.
 */
export const LABEL_DIMENSION = "label";
export const LABEL_METRIC = "ImagesLabelled" satisfies MetricName;
export const MAX_COUNTED_LABELS = 12;

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
  TopScore: "None",
  ImagesLabelled: "Count",
} as const;

export type MetricName = keyof typeof METRICS;
