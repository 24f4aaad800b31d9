import { defaultFormats, type ImageFormat, imageFormats } from "./image-format.ts";

/** Ways of publishing; `annotation+lines` is both. */
export const RESULTS_AS = ["object", "annotation", "lines", "annotation+lines"] as const;
export type ResultsAs = (typeof RESULTS_AS)[number];

/** What the function is told by its environment. Every field's variable and default stand in {@link VARIABLES}. */
export interface Config {
  /** Model folder in the Hugging Face layout. */
  readonly modelDir: string;
  /** Bucket that receives objects and lines. */
  readonly resultsBucket: string;
  /** Where results go. */
  readonly resultsAs: ResultsAs;
  /** Name of the annotation that holds a result. */
  readonly annotationName: string;
  /** Predictions in a result. */
  readonly topK: number;
  /** Uploads of one batch that are worked on at the same time, most of them waiting for S3. */
  readonly imagesInFlight: number;
  /** Images that are decoded at the same time; inference is always one at a time. */
  readonly decodesInFlight: number;
  /** MiB that the files being worked on may take of memory, together; at least one of `maxObjectBytes` always may. */
  readonly fileMemoryMb: number;
  readonly maxObjectBytes: number;
  readonly maxImagePixels: number;
  /** Formats that are accepted. */
  readonly formats: readonly ImageFormat[];
  /** A HEIC's thumbnail is decoded instead of it when it has this percentage of the pixels that the resize makes, per axis. */
  readonly heicThumbnailPercent: number;
  /** Convert wide-gamut images to sRGB by their own profile. Costs up to twice the decode time. */
  readonly applyIccProfile: boolean;
  /** `#rrggbb` that shows through transparent pixels. */
  readonly backgroundColor: string;
  /** Write label and score as tags on the upload, too. */
  readonly tagUploads: boolean;
  /** Remove the result of an upload that is deleted. */
  readonly removeResults: boolean;
  /** ONNX Runtime's threads for one inference. */
  readonly intraOpThreads: number;
  /** No image is started with less than this left of the invocation. */
  readonly deadlineMarginMs: number;
  /** Longest silence on one S3 connection. */
  readonly s3TimeoutMs: number;
  /** Attempts of one S3 request, the first included. */
  readonly s3Attempts: number;
  /** `true` for S3-compatible endpoints that know no bucket host names. */
  readonly s3ForcePathStyle: boolean;
  /** ARN of the queue whose messages come alone; empty when there is none. */
  readonly isolationQueueArn: string;
  /** The function's memory, which Lambda says; 0 where it is not said. */
  readonly memorySizeMb: number;
  /** The version of the function that runs, which Lambda says. */
  readonly functionVersion: string;
  /** The metrics' dimension `service`. */
  readonly serviceName: string;
}

interface Variable<T> {
  readonly fallback: T | undefined;
  readonly expected: string;
  readonly parse: (text: string) => T | undefined;
}

function integer(fallback: number, min: number, max: number): Variable<number> {
  return {
    fallback,
    expected: `a whole number from ${min} to ${max}`,
    parse: (text) => {
      const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

function text(fallback: string | undefined, pattern: RegExp, expected: string): Variable<string> {
  return { fallback, expected, parse: (value) => (pattern.test(value) ? value : undefined) };
}

const flag: Variable<boolean> = {
  fallback: false,
  expected: "true or false",
  parse: (value) => (value === "true" ? true : value === "false" ? false : undefined),
};

function choice<const Value extends string>(fallback: Value, values: readonly Value[]): Variable<Value> {
  return {
    fallback,
    expected: `one of ${values.join(", ")}`,
    parse: (given) => values.find((value) => value === given),
  };
}

function choices<Value extends string>(
  fallback: readonly Value[],
  values: readonly Value[],
): Variable<readonly Value[]> {
  return {
    fallback,
    expected: `some of ${values.join(",")}`,
    parse: (given) => {
      const names = given.split(",").map((name) => name.trim());
      const known = values.filter((value) => names.includes(value));
      return known.length === names.length ? known : undefined;
    },
  };
}

type VariableOf = {
  readonly [Field in keyof Config]: readonly [name: string, variable: Variable<Config[Field]>];
};

/** Field → environment variable, default and accepted values. */
const VARIABLES: VariableOf = {
  modelDir: ["MODEL_DIR", text("/opt/model", /./, "the path of a model folder")],
  resultsBucket: ["RESULTS_BUCKET", text(undefined, /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "a bucket name")],
  resultsAs: ["RESULTS_AS", choice<ResultsAs>("object", RESULTS_AS)],
  annotationName: [
    "ANNOTATION_NAME",
    text(
      "classification",
      /^(?!aws|s3)[A-Za-z0-9_.-]{1,32}$/i,
      "1 to 32 letters, digits and _ . -, not beginning with aws or s3",
    ),
  ],
  topK: ["TOP_K", integer(5, 1, 1000)],
  imagesInFlight: ["IMAGES_IN_FLIGHT", integer(32, 1, 64)],
  decodesInFlight: ["DECODES_IN_FLIGHT", integer(3, 1, 16)],
  fileMemoryMb: ["FILE_MEMORY_MB", integer(64, 1, 1024)],
  maxObjectBytes: ["MAX_OBJECT_BYTES", integer(25 * 2 ** 20, 1, 2 ** 30)],
  maxImagePixels: ["MAX_IMAGE_PIXELS", integer(50_000_000, 1, 1_000_000_000)],
  formats: ["FORMATS", choices(defaultFormats, imageFormats)],
  heicThumbnailPercent: ["HEIC_THUMBNAIL_PERCENT", integer(90, 1, 400)],
  applyIccProfile: ["APPLY_ICC_PROFILE", flag],
  backgroundColor: ["BACKGROUND_COLOR", text("#ffffff", /^#[0-9a-f]{6}$/i, "a colour such as #ffffff")],
  tagUploads: ["TAG_UPLOADS", flag],
  removeResults: ["REMOVE_RESULTS", flag],
  intraOpThreads: ["INTRA_OP_THREADS", integer(1, 1, 16)],
  deadlineMarginMs: ["DEADLINE_MARGIN_MS", integer(2000, 0, 600_000)],
  s3TimeoutMs: ["S3_TIMEOUT_MS", integer(5000, 1, 600_000)],
  s3Attempts: ["S3_ATTEMPTS", integer(3, 1, 10)],
  s3ForcePathStyle: ["S3_FORCE_PATH_STYLE", flag],
  isolationQueueArn: ["ISOLATION_QUEUE_ARN", text("", /^arn:[^\s]+$/, "the ARN of an SQS queue")],
  memorySizeMb: ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE", integer(0, 128, 10_240)],
  functionVersion: ["AWS_LAMBDA_FUNCTION_VERSION", text("$LATEST", /^(\$LATEST(\.\w+)?|\d+)$/, "a version")],
  serviceName: [
    "POWERTOOLS_SERVICE_NAME",
    text("graviton-image-classifier", /^[\x20-\x7e]{1,255}$/, "1 to 255 ASCII characters"),
  ],
};

/** Of Powertools: each of them silences all metrics without a word. */
const SILENCERS = ["POWERTOOLS_METRICS_DISABLED", "POWERTOOLS_DEV"];

/**
 * Reads the configuration. The only reader of the environment in the function, besides the AWS SDK itself
 * (region, credentials, `AWS_ENDPOINT_URL_S3`).
 *
 * @throws {Error} that lists every variable that is missing or has an unusable value, not only the first
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const entries = Object.entries(VARIABLES).map(([field, [name, variable]]) => {
    const given = env[name];
    if (given !== undefined && given !== "") {
      const value = variable.parse(given);
      if (value === undefined)
        problems.push(`${name}: expected ${variable.expected}, got ${JSON.stringify(given)}`);
      return [field, value];
    }
    if (variable.fallback === undefined)
      problems.push(`${name}: expected ${variable.expected}, but it is not set`);
    return [field, variable.fallback];
  });
  for (const name of SILENCERS) {
    if (/^(1|true|y|yes|on|t)$/i.test(env[name] ?? "")) {
      problems.push(
        `${name}: expected not to be set, for it silences all metrics, got ${JSON.stringify(env[name])}`,
      );
    }
  }
  if (problems.length > 0) throw new Error(`Invalid environment variables:\n  ${problems.join("\n  ")}`);
  const config = Object.fromEntries(entries) as unknown as Config;
  if (config.removeResults && config.resultsAs !== "object") {
    const why =
      config.resultsAs === "annotation" ? "an annotation goes with its upload" : "lines are not taken apart";
    throw new Error(
      `REMOVE_RESULTS: expected false with RESULTS_AS=${config.resultsAs}, for ${why}, got true`,
    );
  }
  return config;
}
