import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { S3Error, s3Error } from "./errors.ts";
import { createFaultInjector, type Fault } from "./fault.ts";
import { type ObjectEventRecord, objectEventRecord } from "./notification.ts";
import { OPERATIONS } from "./operations.ts";
import { createOriginGuard, preflightHeaders } from "./origin.ts";
import type { S3Context, S3Reply } from "./request.ts";
import { type OperationName, parseRoute } from "./route.ts";
import { createSequencer } from "./sequencer.ts";
import { openStore } from "./store.ts";
import { xmlDocument } from "./xml.ts";

export interface S3Options {
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** An address to listen at beside 127.0.0.1, on the same port; `0.0.0.0` is all of them. */
  readonly listen?: string;
  /** Where buckets are kept; created when missing, for one server at a time. */
  readonly dataDir: string;
  /** Buckets to create unless they are there; `versioning: true` enables it. */
  readonly buckets?: readonly (string | { readonly name: string; readonly versioning?: boolean })[];
  readonly region?: string;
  /** Origin of a web page that may use the endpoint from a browser. */
  readonly allowedOrigin?: string;
  /** Told of every committed change of an object, in order for each key. */
  readonly onObjectEvent?: (record: ObjectEventRecord) => void;
  /** Told of every request before it is answered, to count what would be paid for. */
  readonly onOperation?: (operation: OperationName) => void;
}

export interface S3Server {
  /** `http://127.0.0.1:port`, for AWS_ENDPOINT_URL_S3. */
  readonly url: string;
  readonly port: number;
  /** Makes matching requests fail or wait until it is called with undefined. */
  setFault(fault: Fault | undefined): void;
  allowOrigin(origin: string): void;
  /** Cuts all connections; what was committed stays. */
  close(): Promise<void>;
}

/**
 * Starts a local S3 endpoint over HTTP, path-style (`/bucket/key`). For one developer's machine: requests are not
 * authenticated and signatures are not verified, so it listens on 127.0.0.1 alone unless told otherwise.
 */
export async function startS3(options: S3Options): Promise<S3Server> {
  const { port = 0, listen = LOOPBACK, dataDir, region = "us-east-1", onObjectEvent } = options;
  await mkdir(dataDir, { recursive: true });
  const store = await openStore(dataDir);
  for (const bucket of options.buckets ?? []) {
    const { name, versioning = false } = typeof bucket === "string" ? { name: bucket } : bucket;
    if (!store.buckets().some((existing) => existing.name === name)) await store.createBucket(name);
    if (versioning) await store.setVersioning(name, "Enabled");
  }
  const nextSequencer = createSequencer(join(dataDir, "sequencer"));
  const stop = new AbortController();
  const faults = createFaultInjector(stop.signal);
  const origins = createOriginGuard(
    [listen],
    options.allowedOrigin === undefined ? [] : [options.allowedOrigin],
  );
  const context: S3Context = {
    store,
    region,
    notify(request, change) {
      const record = objectEventRecord({
        ...change,
        bucket: request.bucket,
        key: change.key ?? request.key,
        sequencer: nextSequencer(),
        region,
        requestId: request.requestId,
        hostId: HOST_ID,
        sourceIp: request.sourceIp,
      });
      // Out of this call: an error of the listener must not look like one of the write, which has succeeded.
      if (onObjectEvent !== undefined) queueMicrotask(() => onObjectEvent(record));
    },
  };

  async function answer(
    message: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    expectsContinue: boolean,
  ): Promise<S3Reply> {
    const cors = origins.check(message);
    for (const [name, value] of Object.entries(cors)) response.setHeader(name, value);
    if (message.method === "OPTIONS") {
      if (message.headers.origin === undefined) throw s3Error("MethodNotAllowed");
      return { status: 200, headers: preflightHeaders(message) };
    }
    const isCopy = message.headers["x-amz-copy-source"] !== undefined;
    const route = parseRoute(message.method ?? "", message.headers.host ?? "", message.url ?? "", isCopy);
    options.onOperation?.(route.operation);
    await faults.apply(route);
    return OPERATIONS[route.operation](context, {
      ...route,
      headers: message.headers,
      requestId,
      sourceIp: (message.socket.remoteAddress ?? LOOPBACK).replace(/^::ffff:/, ""),
      body: bodyOf(message, () => {
        if (expectsContinue) response.writeContinue();
      }),
    });
  }

  async function handle(message: IncomingMessage, response: ServerResponse, expectsContinue: boolean) {
    const requestId = randomBytes(8).toString("hex").toUpperCase();
    response.setHeader("x-amz-request-id", requestId);
    response.setHeader("x-amz-id-2", HOST_ID);
    for (const [name, value] of Object.entries(PASSIVE)) response.setHeader(name, value);
    // The client of an unmet expectation may or may not send its body: only a new connection is in step.
    if (expectsContinue) response.setHeader("connection", "close");
    try {
      await send(message, response, await answer(message, response, requestId, expectsContinue));
    } catch (error) {
      if (response.headersSent || response.destroyed || stop.signal.aborted) {
        response.destroy();
        return;
      }
      if (!(error instanceof S3Error)) console.error(`Local S3, request ${requestId}:`, error);
      await send(message, response, errorReply(error, message, requestId));
    }
  }

  const running = new Set<Promise<void>>();
  const listenAt = async (at: string, atPort: number): Promise<Server> => {
    const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 });
    for (const [event, expectsContinue] of [
      ["request", false],
      ["checkContinue", true],
    ] as const) {
      server.on(event, (message: IncomingMessage, response: ServerResponse) => {
        const work = handle(message, response, expectsContinue).catch(() => void response.destroy());
        running.add(work);
        void work.finally(() => running.delete(work));
      });
    }
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(atPort, at, resolve);
    });
    return server;
  };
  const close = async (server: Server): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  const isWildcard = listen === "0.0.0.0" || listen === "::";
  const first = await listenAt(isWildcard ? listen : LOOPBACK, port);
  const servers = [first];
  const actualPort = (first.address() as AddressInfo).port;
  if (!isWildcard && listen !== LOOPBACK) {
    try {
      servers.push(await listenAt(listen, actualPort));
    } catch (error) {
      await Promise.all(servers.map(close));
      throw error;
    }
  }
  return {
    url: `http://${LOOPBACK}:${actualPort}`,
    port: actualPort,
    setFault: faults.set,
    allowOrigin: origins.allow,
    async close() {
      stop.abort();
      await Promise.all(servers.map(close));
      await Promise.all(running);
    },
  };
}

const LOOPBACK = "127.0.0.1";
const HOST_ID = "local";

/**
 * Uploads are served with the uploader's content type, from an origin that may read every bucket: a browser is to show
 * them and no more. In a sandbox a document has no origin and no scripts; no other page may embed an answer.
 */
const PASSIVE = {
  "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
};

async function* bodyOf(message: IncomingMessage, onFirstRead: () => void): AsyncGenerator<Buffer> {
  onFirstRead();
  // Leaving the loop early must not destroy the connection, on which the error is still to be sent.
  yield* message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}

async function send(message: IncomingMessage, response: ServerResponse, reply: S3Reply): Promise<void> {
  const { status = 200, headers = {}, body } = reply;
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, value);
  }
  if (typeof body === "string") {
    response.setHeader("content-type", "application/xml");
    response.setHeader("content-length", Buffer.byteLength(body));
    response.end(message.method === "HEAD" ? undefined : body);
  } else if (body === undefined) {
    if (status !== 204 && status !== 304 && !response.hasHeader("content-length")) {
      response.setHeader("content-length", 0);
    }
    response.end();
  } else if (response.destroyed) {
    // A pipeline to a client that has gone would not close the file.
    body.destroy();
  } else {
    await pipeline(body, response);
  }
}

function errorReply(error: unknown, message: IncomingMessage, requestId: string): S3Reply {
  const known = error instanceof S3Error ? error : s3Error("InternalError");
  const body = xmlDocument("Error", {
    Code: known.code,
    Message: known.message,
    ...known.details,
    Resource: (message.url ?? "").split("?")[0] ?? "",
    RequestId: requestId,
    HostId: HOST_ID,
  });
  return { status: known.status, headers: known.headers, body };
}
