import { addAbortSignal, Readable } from "node:stream";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { ClassifierError, type ErrorCode, messageOf } from "../errors.ts";
import type { ImageRef } from "../image-ref.ts";
import {
  askAgain,
  describeS3Error,
  isKeyRefused,
  isMissingObject,
  nameOfUpload,
  unquoteETag,
} from "../s3.ts";
import type { TakeBuffer } from "../sync/file-memory.ts";

/** An object whose headers have arrived and whose body has not. It must be read or destroyed. */
export interface OpenObject {
  /** The bytes that S3 is sending: version, ETag and size are theirs, not the event's. */
  readonly source: ImageRef;
  readonly body: Readable;
}

export interface FetchOptions {
  readonly maxObjectBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Asks S3 for the very version that the event is about. Without a version id, `If-Match` with the event's ETag makes
 * sure that the bytes are the event's.
 *
 * @returns `undefined` when the key holds other bytes by now: they have an event of their own
 * @throws {ClassifierError} `OBJECT_TOO_LARGE`, `OBJECT_EMPTY`, `OBJECT_NOT_FOUND`, `OBJECT_ARCHIVED`,
 *   `OBJECT_ENCRYPTED`, `ACCESS_DENIED`, `FETCH_FAILED`
 */
export async function openObject(
  s3: S3Client,
  ref: ImageRef,
  options: FetchOptions,
): Promise<OpenObject | undefined> {
  // Known from the event, so not worth a request.
  assertSize(ref.sizeBytes, options.maxObjectBytes);
  const command = new GetObjectCommand({
    Bucket: ref.bucket,
    Key: ref.key,
    VersionId: ref.versionId,
    IfMatch: ref.eTag,
  });
  try {
    const { Body, ETag, VersionId, ContentLength } = await s3.send(command, { abortSignal: options.signal });
    if (!(Body instanceof Readable)) throw new Error("expected a body, got none");
    const got = unquoteETag(ETag);
    if (ref.eTag !== undefined && got !== ref.eTag) {
      Body.destroy();
      throw new Error(`expected the bytes with ETag ${ref.eTag}, got those with ${got}`);
    }
    // The same bytes have the same size: what is shorter was cut on its way, and is no broken image.
    if (ref.eTag !== undefined && ref.sizeBytes !== undefined && ContentLength !== ref.sizeBytes) {
      Body.destroy();
      throw new Error(`expected ${ref.sizeBytes} bytes with ETag ${ref.eTag}, S3 announced ${ContentLength}`);
    }
    const source: ImageRef = {
      ...ref,
      ...optional("versionId", VersionId ?? ref.versionId),
      ...optional("eTag", got),
      ...optional("sizeBytes", ContentLength),
    };
    return { source, body: Body };
  } catch (cause) {
    const told = describeS3Error(cause);
    if (told.status === 412 || isMissingObject(told)) {
      await askAgain(s3, ref, told.status, "FETCH_FAILED", options.signal);
      if (told.status === 412) return undefined;
    }
    throw fetchError(told, ref, cause);
  }
}

/**
 * Reads a body into memory that is lent.
 *
 * @param take called once, with the size that S3 announced
 * @returns a view of what `take` gave
 * @throws {ClassifierError} `OBJECT_TOO_LARGE`, `OBJECT_EMPTY`, or `FETCH_FAILED` when the body stops, ends early, or
 *   does not match its checksum
 */
export async function readObject(
  object: OpenObject,
  take: TakeBuffer,
  options: FetchOptions,
): Promise<Buffer> {
  const { body, source } = object;
  // Silence ends a body too: the client's socket timeout destroys it. A trickle does not, so the deadline must.
  addAbortSignal(options.signal, body);
  try {
    assertSize(source.sizeBytes, options.maxObjectBytes);
    if (source.sizeBytes === undefined) throw new Error("expected S3 to announce the size of the body");
    const buffer = take(source.sizeBytes);
    let length = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (length + chunk.length > source.sizeBytes) {
        throw new Error(`expected ${source.sizeBytes} bytes, the body goes on after them`);
      }
      chunk.copy(buffer, length);
      length += chunk.length;
    }
    if (length !== source.sizeBytes) {
      throw new Error(`expected ${source.sizeBytes} bytes, the body ended after ${length}`);
    }
    return buffer.subarray(0, length);
  } catch (cause) {
    if (cause instanceof ClassifierError) throw cause;
    throw new ClassifierError("FETCH_FAILED", `${nameOfUpload(source)}: ${messageOf(cause)}`, cause);
  } finally {
    body.destroy();
  }
}

function assertSize(sizeBytes: number | undefined, maxObjectBytes: number): void {
  if (sizeBytes === 0) throw new ClassifierError("OBJECT_EMPTY", "expected an image, got 0 bytes");
  if (sizeBytes !== undefined && sizeBytes > maxObjectBytes) {
    throw new ClassifierError(
      "OBJECT_TOO_LARGE",
      `expected at most ${maxObjectBytes} bytes (MAX_OBJECT_BYTES), got ${sizeBytes}`,
    );
  }
}

/** To a GET without the key that the object was encrypted with, S3 answers 400 and this text; it has no code of its own. */
const CUSTOMER_KEY = /Server Side Encryption|SSE-C/i;

function fetchError(
  told: ReturnType<typeof describeS3Error>,
  ref: ImageRef,
  cause: unknown,
): ClassifierError {
  const { code, status } = told;
  const failure = (ours: ErrorCode, what: string) =>
    new ClassifierError(ours, `${nameOfUpload(ref)} ${what}: ${code}, ${messageOf(cause)}`, cause);
  // A version id that names a delete marker answers 405.
  if (status === 405 || isMissingObject(told))
    return failure("OBJECT_NOT_FOUND", "was deleted before it was read");
  if (code === "InvalidObjectState") return failure("OBJECT_ARCHIVED", "has to be restored first");
  const needsCustomerKey = status === 400 && CUSTOMER_KEY.test(messageOf(cause));
  if (needsCustomerKey || isKeyRefused(cause)) {
    return failure("OBJECT_ENCRYPTED", "is encrypted with a key that the function may not use");
  }
  if (status === 403) return failure("ACCESS_DENIED", "may not be read");
  return failure("FETCH_FAILED", "was not delivered");
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): { [N in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [N in Name]?: Value });
}
