/** Where in the flow an error is found. */
export type Stage = "trigger" | "fetch" | "decode" | "infer" | "publish" | "any";

interface ErrorEntry {
  /** `true`: the world is at fault, try again later. `false`: the upload is at fault, trying again is useless. */
  readonly retryable: boolean;
  readonly stage: Stage;
  readonly meaning: string;
}

/** Every code that a result, a log line or an answer can carry. The README's error table is this table. */
export const ERRORS = {
  INVALID_EVENT: {
    retryable: false,
    stage: "trigger",
    meaning: "The event, or one record in it, has none of the supported shapes.",
  },
  OBJECT_NOT_FOUND: {
    retryable: false,
    stage: "fetch",
    meaning: "The uploaded object was deleted before it was read.",
  },
  OBJECT_EMPTY: { retryable: false, stage: "fetch", meaning: "The uploaded object has 0 bytes." },
  OBJECT_TOO_LARGE: {
    retryable: false,
    stage: "fetch",
    meaning: "The uploaded object has more bytes than MAX_OBJECT_BYTES.",
  },
  OBJECT_ARCHIVED: {
    retryable: false,
    stage: "fetch",
    meaning:
      "The uploaded object lies in an archive storage class and must be restored before it can be read.",
  },
  OBJECT_ENCRYPTED: {
    retryable: false,
    stage: "fetch",
    meaning:
      "The uploader encrypted the object with a key that the function has not: SSE-C, or a KMS key it may not use.",
  },
  ACCESS_DENIED: {
    retryable: true,
    stage: "fetch",
    meaning: "The function's role may not read the object: a wrong policy must not reject every upload.",
  },
  FETCH_FAILED: {
    retryable: true,
    stage: "fetch",
    meaning:
      "S3 did not deliver the object whole: an outage, throttling, a timeout, a corrupt body, a wrong bucket.",
  },
  UNSUPPORTED_FORMAT: {
    retryable: false,
    stage: "decode",
    meaning:
      "The bytes are no image of a format in FORMATS, or of a variant that is not decoded, whatever the file's name says.",
  },
  INVALID_IMAGE: {
    retryable: false,
    stage: "decode",
    meaning: "The bytes begin like a supported image but are truncated or corrupt.",
  },
  IMAGE_TOO_LARGE: {
    retryable: false,
    stage: "decode",
    meaning:
      "The image has more pixels than MAX_IMAGE_PIXELS, in what is shown or in what has to be decoded for it.",
  },
  DECODE_LIMIT: {
    retryable: true,
    stage: "decode",
    meaning:
      "Time or memory ran out while the image was decoded: perhaps the machine's fault, so it is tried again, alone.",
  },
  MODEL_INVALID: {
    retryable: true,
    stage: "infer",
    meaning: "The model folder cannot be used; found at init, before the first image.",
  },
  INFERENCE_FAILED: {
    retryable: true,
    stage: "infer",
    meaning: "The model did not run, or its logits are not numbers.",
  },
  KEY_TOO_LONG: {
    retryable: false,
    stage: "publish",
    meaning: "The upload's key with .json behind it is longer than the 1,024 bytes that S3 allows.",
  },
  RESULT_KEY_TAKEN: {
    retryable: false,
    stage: "publish",
    meaning:
      "In the results bucket the result's place is taken by an object that is no result; it stays as it is.",
  },
  ANNOTATION_REFUSED: {
    retryable: false,
    stage: "publish",
    meaning:
      "The upload can have no annotation: it has 1,000 already, a customer's key, or is in a directory bucket.",
  },
  PUBLISH_FAILED: {
    retryable: true,
    stage: "publish",
    meaning: "The result could not be written.",
  },
  PROCESSING_LIMIT: {
    retryable: false,
    stage: "any",
    meaning:
      "The image came back again and again, and decoded alone, in a process of its own, it crashed that or ran out of time or memory.",
  },
  DEADLINE_NEAR: {
    retryable: true,
    stage: "any",
    meaning: "Too little of the invocation's time was left, so the image was not started or not finished.",
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** Decoders report every fault of a file, and the message stands in a result and a line of the log. */
const MAX_MESSAGE_LENGTH = 2000;

/**
 * The one error of the function. The code is given where the fault is caught, and decides everything else:
 * whether the image is rejected (a result) or failed (tried again).
 */
export class ClassifierError extends Error {
  override readonly name = "ClassifierError";
  readonly code: ErrorCode;
  readonly retryable: boolean;

  /**
   * @param code    one of {@link ERRORS}
   * @param message what was expected, what came, what to do
   * @param cause   what was caught, when something was
   */
  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message.slice(0, MAX_MESSAGE_LENGTH), cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryable = ERRORS[code].retryable;
  }
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
