import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const PREFIX = "/2018-06-01/runtime/";

/** Lambda's limit of a buffered response. */
export const MAX_RESPONSE_BYTES = 6_291_556;

/** What the function's process may ask of the Runtime API. */
export interface RuntimeApiHandlers {
  /** The runtime is ready for an event; `deliver` answers the long poll. */
  onNext(deliver: (invocation: DeliveredInvocation) => void): void;
  /** Whether this is the event that is being worked on. */
  isCurrent(requestId: string): boolean;
  onResponse(body: string): void;
  onError(error: RuntimeError): void;
  onInitError(error: RuntimeError): void;
}

/** An error as the runtime interface client posts it. */
export interface RuntimeError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export interface DeliveredInvocation {
  readonly requestId: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The Lambda Runtime API (version 2018-06-01) of one execution environment, on a port of its own at 127.0.0.1.
 * Each environment has its own, so no other can fetch its events or answer for it.
 */
export async function startRuntimeApi(
  handlers: RuntimeApiHandlers,
): Promise<{ address: string; close(): void }> {
  let address = "";
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0 }, (request, response) => {
    if (!isFunction(request, address)) {
      refuse(response, 403, "AccessDenied", "Only the function's own process may use its Runtime API.");
      return;
    }
    answer(handlers, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else refuse(response, 500, "InternalServerError", String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    address,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** No web page, which could take an event away or answer for the function: a browser names its origin or its site. */
function isFunction({ headers }: IncomingMessage, address: string): boolean {
  return headers.host === address && headers.origin === undefined && headers["sec-fetch-site"] === undefined;
}

async function answer(
  handlers: RuntimeApiHandlers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url?.startsWith(PREFIX) ? request.url.slice(PREFIX.length) : "";
  if (request.method === "GET" && path === "invocation/next") {
    handlers.onNext((invocation) => {
      response
        .writeHead(200, { "Content-Type": "application/json", ...invocation.headers })
        .end(invocation.body);
    });
    return;
  }
  const post =
    request.method === "POST" ? /^(?:invocation\/([^/]+)\/(response|error)|init\/error)$/.exec(path) : null;
  if (post === null) {
    refuse(response, 404, "UnknownPath", `The Runtime API has no ${request.method} ${request.url}.`);
    return;
  }
  const [, id, kind] = post;
  const body = await readBody(request);
  if (id !== undefined && !handlers.isCurrent(decodeURIComponent(id))) {
    refuse(response, 400, "InvalidRequestID", `There is no invocation ${id} in progress.`);
    return;
  }
  if (body === undefined) {
    const message = `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`;
    handlers.onError({ errorType: "Function.ResponseSizeTooLarge", errorMessage: message });
    refuse(response, 413, "RequestEntityTooLarge", message);
    return;
  }
  if (kind === "response") handlers.onResponse(body);
  else if (kind === "error") handlers.onError(readError(body));
  else handlers.onInitError(readError(body));
  response.writeHead(202, { "Content-Type": "application/json" }).end('{"status":"OK"}');
}

/** The whole body as text, or `undefined` when it is longer than Lambda takes. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_RESPONSE_BYTES) chunks.push(chunk);
  }
  return bytes > MAX_RESPONSE_BYTES ? undefined : Buffer.concat(chunks).toString();
}

function readError(body: string): RuntimeError {
  try {
    const { errorType, errorMessage, trace } = JSON.parse(body) as Partial<RuntimeError>;
    return {
      errorType: errorType ?? "Unhandled",
      errorMessage: errorMessage ?? "",
      ...(trace !== undefined && { trace }),
    };
  } catch {
    return { errorType: "Unhandled", errorMessage: body };
  }
}

function refuse(response: ServerResponse, status: number, errorType: string, errorMessage: string): void {
  response
    .writeHead(status, { "Content-Type": "application/json" })
    .end(JSON.stringify({ errorType, errorMessage }));
}
