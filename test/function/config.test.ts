import assert from "node:assert/strict";
import { test } from "node:test";
import { type Config, readConfig } from "../../src/function/config.ts";

const DEFAULTS: Config = {
  modelDir: "/opt/model",
  resultsBucket: "results",
  resultsAs: "object",
  annotationName: "classification",
  topK: 5,
  imagesInFlight: 32,
  decodesInFlight: 3,
  fileMemoryMb: 64,
  maxObjectBytes: 26_214_400,
  maxImagePixels: 50_000_000,
  formats: ["jpeg", "png", "webp", "gif", "avif", "heic"],
  heicThumbnailPercent: 90,
  applyIccProfile: false,
  backgroundColor: "#ffffff",
  tagUploads: false,
  removeResults: false,
  intraOpThreads: 1,
  deadlineMarginMs: 2000,
  s3TimeoutMs: 5000,
  s3Attempts: 3,
  s3ForcePathStyle: false,
  isolationQueueArn: "",
  memorySizeMb: 0,
  functionVersion: "$LATEST",
  serviceName: "graviton-image-classifier",
};

interface Case {
  readonly variable: string;
  readonly good: Readonly<Record<string, unknown>>;
  readonly bad: readonly string[];
}

const FLAG = { good: { true: true, false: false }, bad: ["yes", "TRUE", "1"] };
const numbers = (min: number, max: number) => ({
  good: { [min]: min, [max]: max },
  bad: [String(min - 1), String(max + 1), "1.5", "1e3", " 1", "many"],
});

/** Every field: its variable, what it accepts and as what, what it refuses. */
const CASES: Record<keyof Config, Case> = {
  modelDir: { variable: "MODEL_DIR", good: { "models/x": "models/x" }, bad: [] },
  resultsBucket: {
    variable: "RESULTS_BUCKET",
    good: { abc: "abc", "my.bucket-1": "my.bucket-1" },
    bad: ["ab", "Upper", "under_score", "-begins", "ends-", "with/slash", "b".repeat(64)],
  },
  resultsAs: {
    variable: "RESULTS_AS",
    good: Object.fromEntries(["object", "annotation", "lines", "annotation+lines"].map((way) => [way, way])),
    bad: ["objects", "lines+annotation", "Object"],
  },
  annotationName: {
    variable: "ANNOTATION_NAME",
    good: { "ml.label-1": "ml.label-1" },
    bad: ["aws.label", "S3-label", "with blank", "n".repeat(33)],
  },
  topK: { variable: "TOP_K", ...numbers(1, 1000) },
  imagesInFlight: { variable: "IMAGES_IN_FLIGHT", ...numbers(1, 64) },
  decodesInFlight: { variable: "DECODES_IN_FLIGHT", ...numbers(1, 16) },
  fileMemoryMb: { variable: "FILE_MEMORY_MB", ...numbers(1, 1024) },
  maxObjectBytes: { variable: "MAX_OBJECT_BYTES", ...numbers(1, 2 ** 30) },
  formats: {
    variable: "FORMATS",
    good: {
      heic: ["heic"],
      "tiff,jpeg": ["jpeg", "tiff"],
      "webp,jpeg": ["jpeg", "webp"],
      "png, gif": ["png", "gif"],
    },
    bad: ["jpg", "JPEG", "jpeg,", "jpeg,jpeg", ","],
  },
  heicThumbnailPercent: { variable: "HEIC_THUMBNAIL_PERCENT", ...numbers(1, 400) },
  maxImagePixels: { variable: "MAX_IMAGE_PIXELS", ...numbers(1, 1_000_000_000) },
  applyIccProfile: { variable: "APPLY_ICC_PROFILE", ...FLAG },
  backgroundColor: {
    variable: "BACKGROUND_COLOR",
    good: { "#000000": "#000000", "#AbCdEf": "#AbCdEf" },
    bad: ["white", "#fff", "#12345g", "#12345678", "ffffff"],
  },
  tagUploads: { variable: "TAG_UPLOADS", ...FLAG },
  removeResults: { variable: "REMOVE_RESULTS", ...FLAG },
  intraOpThreads: { variable: "INTRA_OP_THREADS", ...numbers(1, 16) },
  deadlineMarginMs: { variable: "DEADLINE_MARGIN_MS", ...numbers(0, 600_000) },
  s3TimeoutMs: { variable: "S3_TIMEOUT_MS", ...numbers(1, 600_000) },
  s3Attempts: { variable: "S3_ATTEMPTS", ...numbers(1, 10) },
  s3ForcePathStyle: { variable: "S3_FORCE_PATH_STYLE", ...FLAG },
  isolationQueueArn: {
    variable: "ISOLATION_QUEUE_ARN",
    good: { "arn:aws:sqs:us-east-1:123456789012:q": "arn:aws:sqs:us-east-1:123456789012:q" },
    bad: ["queue", "arn: aws"],
  },
  memorySizeMb: { variable: "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", ...numbers(128, 10_240) },
  functionVersion: {
    variable: "AWS_LAMBDA_FUNCTION_VERSION",
    good: { "7": "7", $LATEST: "$LATEST" },
    bad: ["latest", "1.0", "-1"],
  },
  serviceName: {
    variable: "POWERTOOLS_SERVICE_NAME",
    good: { "my service": "my service" },
    bad: ["café", "s".repeat(256), "two\nlines"],
  },
};

test("with only the results bucket set everything has its default", () => {
  assert.deepEqual(readConfig({ RESULTS_BUCKET: "results" }), DEFAULTS);
});

test("an empty variable is as good as none", () => {
  const empty = Object.fromEntries(Object.values(CASES).map(({ variable }) => [variable, ""]));
  assert.deepEqual(readConfig({ ...empty, RESULTS_BUCKET: "results" }), DEFAULTS);
});

for (const [field, { variable, good, bad }] of Object.entries(CASES) as [keyof Config, Case][]) {
  test(`${variable} sets ${field}, and nothing else`, () => {
    for (const [text, value] of Object.entries(good)) {
      assert.deepEqual(readConfig({ RESULTS_BUCKET: "results", [variable]: text }), {
        ...DEFAULTS,
        [field]: value,
      });
    }
  });

  test(`a bad ${variable} is refused by name, with what came`, () => {
    for (const text of bad) {
      assert.throws(
        () => readConfig({ RESULTS_BUCKET: "results", [variable]: text }),
        ({ message }: Error) =>
          message.includes(`${variable}: expected `) && message.includes(JSON.stringify(text)),
        text,
      );
    }
  });
}

test("all problems are named at once, the missing bucket among them", () => {
  assert.throws(() => readConfig({ TOP_K: "0", TAG_UPLOADS: "maybe" }), {
    message: `Invalid environment variables:
  RESULTS_BUCKET: expected a bucket name, but it is not set
  TOP_K: expected a whole number from 1 to 1000, got "0"
  TAG_UPLOADS: expected true or false, got "maybe"`,
  });
});

for (const name of ["POWERTOOLS_METRICS_DISABLED", "POWERTOOLS_DEV"]) {
  test(`${name} would silence all metrics: it is refused by name`, () => {
    for (const value of ["true", "1", "YES"]) {
      assert.throws(
        () => readConfig({ RESULTS_BUCKET: "results", [name]: value }),
        new RegExp(`${name}: .*metrics`),
      );
    }
    readConfig({ RESULTS_BUCKET: "results", [name]: "false" });
  });
}

test("results that cannot be removed are not promised to be", () => {
  for (const way of ["annotation", "lines", "annotation+lines"]) {
    const env = { RESULTS_BUCKET: "results", RESULTS_AS: way, REMOVE_RESULTS: "true" };
    assert.throws(() => readConfig(env), /REMOVE_RESULTS: expected false with RESULTS_AS/);
  }
});
