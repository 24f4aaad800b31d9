import type { S3Client } from "@aws-sdk/client-s3";
import type { Classification, Classifier } from "./classifier.ts";
import type { Config } from "./config.ts";
import type { Deadline } from "./deadline.ts";
import { ClassifierError, messageOf } from "./errors.ts";
import { type ImageRef, isFolderMarker } from "./image-ref.ts";
import type { Measured, Outcome } from "./outcome.ts";
import { classifiedResult, rejectedResult } from "./result.ts";
import { openObject, readObject } from "./stages/fetch.ts";
import { assertResultKey } from "./stages/publish/object.ts";
import type { Publisher } from "./stages/publish/publisher.ts";
import { removeIfGone, removeResult } from "./stages/publish/remove.ts";
import { tagUpload } from "./stages/publish/tag.ts";
import type { FileMemory, TakeBuffer } from "./sync/file-memory.ts";

/** What an invocation has for all its uploads. */
export interface UploadContext {
  readonly s3: S3Client;
  readonly classifier: Classifier;
  readonly publisher: Publisher;
  readonly files: FileMemory;
  readonly config: Config;
  readonly deadline: Deadline;
  readonly requestId: string;
}

/**
 * How an upload is delivered. `alone`: it failed before, and has an invocation of its own now, and a process of its own to
 * be decoded in. `suspect`: so it came more than once already, and what its decoder does to that process is its own fault.
 */
export type Delivery = "shared" | "alone" | "suspect";

/** Rejections that cannot stand beside the upload: a log line and the metrics are all that tells of them. */
const HAVE_NO_PLACE: ReadonlySet<string> = new Set([
  "KEY_TOO_LONG",
  "RESULT_KEY_TAKEN",
  "ANNOTATION_REFUSED",
]);

/**
 * One upload through all stages: fetch → decode → normalize → infer → rank → publish.
 *
 * @returns how it ended, at the deadline at the latest; never throws, so that an image cannot fail its neighbours
 */
export async function classifyUpload(
  context: UploadContext,
  ref: ImageRef,
  delivery: Delivery,
): Promise<Outcome> {
  const { deadline } = context;
  const startedAt = performance.now();
  /** What is known of the upload: of the event, then of the bytes that S3 sends. */
  const upload = { ref, source: ref };
  try {
    context.publisher.check(ref);
    const fetched = await deadline.bound(fetchAndClassify(context, upload, delivery));
    if (fetched === undefined) return { status: "superseded", ref };
    return await publishClassified(context, upload, fetched, startedAt);
  } catch (thrown) {
    const error = codedError(thrown, deadline);
    if (delivery === "suspect" && error.code === "DECODE_LIMIT")
      return rejectUpload(context, upload, processingLimit(error), startedAt);
    if (error.retryable) return { status: "failed", ref, error };
    if (error.code === "OBJECT_EMPTY" && isFolderMarker(upload.source)) return { status: "ignored", ref };
    return rejectUpload(context, upload, error, startedAt);
  }
}

/** Removes the result of an upload that was deleted. Never throws. */
export async function forgetUpload(
  { s3, config, deadline }: Pick<UploadContext, "s3" | "config" | "deadline">,
  ref: ImageRef,
): Promise<Outcome> {
  try {
    assertResultKey(ref.key);
    await deadline.bound(removeResult(s3, config.resultsBucket, ref, deadline.signal));
    return { status: "removed", ref };
  } catch (thrown) {
    const error = codedError(thrown, deadline);
    // A key that is too long has no result.
    return error.retryable ? { status: "failed", ref, error } : { status: "removed", ref };
  }
}

interface Upload {
  readonly ref: ImageRef;
  source: ImageRef;
}

interface Fetched {
  readonly classification: Classification;
  readonly fetchMs: number;
  readonly bytes: number;
}

/**
 * Settles when the classifier has, and only then gives the file's memory back.
 *
 * @returns `undefined` when there is nothing to do: the key holds other bytes by now, which have an event of their own
 */
async function fetchAndClassify(
  context: UploadContext,
  upload: Upload,
  delivery: Delivery,
): Promise<Fetched | undefined> {
  const known = upload.ref.sizeBytes ?? UNKNOWN_SIZE_BYTES;
  const first = await fetchWithin(context, upload, delivery, known);
  if (typeof first !== "number") return first;
  const second = await fetchWithin(context, upload, delivery, first);
  if (typeof second !== "number") return second;
  throw new ClassifierError("FETCH_FAILED", `expected ${first} bytes, S3 has ${second} by now`);
}

/** Direct events and S3 Batch Operations do not say how large an object is: most are not larger than this. */
const UNKNOWN_SIZE_BYTES = 2 ** 20;

/** @returns the object's size, unread, when it needs more memory than `maxBytes` */
function fetchWithin(
  context: UploadContext,
  upload: Upload,
  delivery: Delivery,
  maxBytes: number,
): Promise<Fetched | number | undefined> {
  const { s3, config, deadline, files, classifier } = context;
  const options = { ...config, signal: deadline.signal };
  const work = async (take: TakeBuffer) => {
    const startedAt = performance.now();
    const object = await openObject(s3, upload.ref, options);
    if (object === undefined) return undefined;
    upload.source = object.source;
    const { sizeBytes = 0 } = object.source;
    if (sizeBytes > maxBytes && sizeBytes <= config.maxObjectBytes) {
      object.body.destroy();
      return sizeBytes;
    }
    const bytes = await readObject(object, take, options);
    const fetchMs = performance.now() - startedAt;
    const classification = await classifier.classify(bytes, deadline, delivery !== "shared");
    return { classification, fetchMs, bytes: bytes.length };
  };
  return files.lend(Math.min(maxBytes, config.maxObjectBytes), work, deadline.signal);
}

async function publishClassified(
  context: UploadContext,
  { ref, source }: Upload,
  { classification: { timingsMs, ...judgement }, fetchMs, bytes }: Fetched,
  startedAt: number,
): Promise<Outcome> {
  const { s3, classifier, publisher, config, deadline, requestId } = context;
  const timings = { fetch: fetchMs, ...timingsMs };
  const origin = { model: classifier.identity, requestId };
  const result = classifiedResult(origin, source, { ...judgement, timingsMs: timings });
  const publishedAt = performance.now();
  const published = await publisher.publish(result, deadline.signal);
  if (published === "superseded" || published === "gone") return { status: "superseded", ref };
  if (config.removeResults && (await removeIfGone(s3, config.resultsBucket, ref, deadline.signal)))
    return { status: "removed", ref };
  const warning = config.tagUploads ? await tagUpload(s3, result, deadline.signal) : undefined;
  const now = performance.now();
  const measured: Measured = {
    durationMs: now - startedAt,
    publishMs: now - publishedAt,
    timingsMs: timings,
    pixels: judgement.image.width * judgement.image.height,
    bytes,
  };
  return { status: "classified", ref, result, measured, ...(warning !== undefined && { warning }) };
}

/** Publishes that the upload was rejected: a rejected image is a result. */
async function rejectUpload(
  context: UploadContext,
  { ref, source }: Upload,
  error: ClassifierError,
  startedAt: number,
): Promise<Outcome> {
  const { s3, classifier, publisher, config, deadline, requestId } = context;
  if (config.removeResults && error.code === "OBJECT_NOT_FOUND") return forgetUpload(context, ref);
  const result = rejectedResult({ model: classifier.identity, requestId }, source, error);
  const publishedAt = performance.now();
  try {
    if (!HAVE_NO_PLACE.has(error.code)) {
      const published = await publisher.publish(result, deadline.signal);
      if (published === "superseded" || published === "kept") return { status: "superseded", ref };
      if (config.removeResults && (await removeIfGone(s3, config.resultsBucket, ref, deadline.signal)))
        return { status: "removed", ref };
    }
  } catch (thrown) {
    const failure = codedError(thrown, deadline);
    if (failure.retryable) return { status: "failed", ref, error: failure };
  }
  const now = performance.now();
  const measured = { durationMs: now - startedAt, publishMs: now - publishedAt };
  return { status: "rejected", ref, error, result, measured };
}

/** What ran out was the image's own: nothing else was in the process that it was decoded in. */
function processingLimit(error: ClassifierError): ClassifierError {
  const message = `the image came back again and again, and alone in a process it did not decode: ${error.message}`;
  return new ClassifierError("PROCESSING_LIMIT", message, error);
}

/** What was cut off by the end of the invocation says so, whatever it was doing. */
function codedError(thrown: unknown, { signal }: Deadline): ClassifierError {
  const error =
    thrown instanceof ClassifierError
      ? thrown
      : new ClassifierError("INFERENCE_FAILED", messageOf(thrown), thrown);
  if (!error.retryable || error.code === "DEADLINE_NEAR" || !signal.aborted) return error;
  return new ClassifierError("DEADLINE_NEAR", `the invocation's time ran out: ${error.message}`, thrown);
}
