import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { s3Error } from "./errors.ts";
import type { ObjectEventName } from "./notification.ts";
import { openPayload } from "./payload.ts";
import type { Route } from "./route.ts";
import type { Store } from "./store.ts";
import type { Versioning } from "./versions.ts";

/** A request to one operation. */
export interface S3Request extends Route {
  readonly headers: IncomingHttpHeaders;
  readonly requestId: string;
  readonly sourceIp: string;
  /** The body as it comes; the first read sends `100 Continue` to a client that waits for it. */
  readonly body: AsyncIterable<Buffer>;
}

/** What an operation answers. Without `status` it is 200, or 204 when there is no body. */
export interface S3Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** An XML document, or bytes of which `content-length` in `headers` tells the number. */
  readonly body?: string | Readable;
}

/** What operations work with. */
export interface S3Context {
  readonly store: Store;
  readonly region: string;
  /** Announces a committed change of `request.key`, or of the key named in it. */
  notify(request: S3Request, change: Change): void;
}

export interface Change {
  readonly name: ObjectEventName;
  readonly key?: string;
  readonly size?: number;
  readonly eTag?: string;
  readonly versionId: string;
}

/** One operation of the S3 API. Throws S3Error. */
export type Operation = (context: S3Context, request: S3Request) => Promise<S3Reply>;

/** A request header as text, undefined when it is absent. */
export function header(request: S3Request, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

const MAX_XML_BYTES = 2 * 1024 ** 2;

/** The verified body of a request that carries XML: at most 2 MiB, MalformedXML beyond. */
export async function readText(request: S3Request): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of openPayload(request.headers, request.body).chunks) {
    size += chunk.length;
    if (size > MAX_XML_BYTES) throw s3Error("MalformedXML", { message: "Expected at most 2 MiB of XML." });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** `x-amz-version-id`, which S3 sends only once a bucket has known versioning. */
export function versionHeader(versionId: string, versioning: Versioning): Record<string, string | undefined> {
  return { "x-amz-version-id": versioning === "Off" ? undefined : versionId };
}
