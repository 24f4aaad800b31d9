import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * What can go wrong between the function and S3, each on one HTTP exchange:
 *
 * - `refuse`: the connection is closed before anything is answered
 * - `reset`: the connection breaks in the middle of the answer's body
 * - `500`, `503`, `slowdown`: S3 answers with that error and does nothing
 * - `stall`: nothing comes for longer than anybody waits
 * - `throttle`: the answer's body comes in small pieces
 * - `cut`: the answer is a whole one of half the body, and nothing in it says so
 * - `corrupt`: one byte of the answer's body is another one
 * - `corrupt-request`: one byte of what is sent to S3 is another one
 * - `lost-answer`: S3 does what was asked, but its answer never arrives
 * - `missing`: S3 answers 404 for an object that is there
 * - `denied`: S3 answers 412 as if the object had been overwritten
 * - `stale`: S3 answers with older bytes, whatever condition was sent
 */
export const FAULTS = [
  "refuse",
  "reset",
  "500",
  "503",
  "slowdown",
  "stall",
  "throttle",
  "cut",
  "corrupt",
  "corrupt-request",
  "lost-answer",
  "missing",
  "denied",
  "stale",
] as const;

/** The name of a fault. */
export type Fault = (typeof FAULTS)[number];

/** One HTTP exchange that is about to happen. */
export interface Exchange {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
}

/** A running proxy. */
export interface FaultProxy {
  readonly url: string;
  /** How often each fault was injected. */
  readonly injected: ReadonlyMap<Fault, number>;
  /**
   * From now on nothing gets through: `frozen` keeps idle connections, as a process has that will go on, `gone` cuts
   * them, `undefined` ends that.
   */
  sever(state: "frozen" | "gone" | undefined): void;
  close(): Promise<void>;
}

/** How long a stalled exchange stays silent: longer than any invocation may take. */
const STALL_MS = 90_000;

/**
 * An HTTP proxy on 127.0.0.1 that forwards to `target` and injects what `choose` says.
 *
 * @param target address of the S3 endpoint, for example `http://127.0.0.1:9000`
 * @param choose the fault for an exchange, or `undefined` to forward it unharmed
 * @param stalePath where the older bytes of an object lie
 * @param onBroken  told of each exchange that had no whole answer: of faults, and of a client that waited long enough
 */
export async function startFaultProxy(
  target: string,
  choose: (exchange: Exchange) => Fault | undefined,
  stalePath: (path: string) => string = (path) => path,
  onBroken: (exchange: Exchange) => void = () => {},
): Promise<FaultProxy> {
  const injected = new Map<Fault, number>();
  let severed = false;
  const server = createServer((incoming, outgoing) => {
    if (severed) {
      incoming.socket.destroy();
      return;
    }
    const asked = { method: incoming.method ?? "", path: incoming.url ?? "" };
    const fault = choose(asked);
    outgoing.once("close", () => {
      if (!outgoing.writableFinished) onBroken(asked);
    });
    if (fault !== undefined) injected.set(fault, (injected.get(fault) ?? 0) + 1);
    // It may be this exchange that ends the process: then nothing of it reaches S3.
    if (severed) {
      incoming.socket.destroy();
      return;
    }
    if (fault === "stale") {
      incoming.url = stalePath(incoming.url ?? "/");
      delete incoming.headers["if-match"];
    }
    void exchange(target, incoming, outgoing, fault).catch(() => outgoing.destroy());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    injected,
    sever(state) {
      severed = state !== undefined;
      if (state === "gone") server.closeAllConnections();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function exchange(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  switch (fault) {
    case "refuse":
      incoming.socket.destroy();
      return;
    case "500":
      return answerError(incoming, outgoing, 500, "InternalError");
    case "503":
      return answerError(incoming, outgoing, 503, "ServiceUnavailable");
    case "slowdown":
      return answerError(incoming, outgoing, 503, "SlowDown");
    case "missing":
      return answerError(incoming, outgoing, 404, "NoSuchKey");
    case "denied":
      return answerError(incoming, outgoing, 412, "PreconditionFailed");
    case "stall":
      incoming.resume();
      setTimeout(() => outgoing.destroy(), STALL_MS).unref();
      return;
    default:
      return forward(target, incoming, outgoing, fault);
  }
}

async function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Exclude<Fault, "refuse" | "500" | "503" | "slowdown" | "missing" | "denied" | "stall"> | undefined,
): Promise<void> {
  const sent = fault === "corrupt-request" ? flipped(Buffer.concat(await incoming.toArray())) : undefined;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const upstream = request(
      new URL(incoming.url ?? "/", target),
      { method: incoming.method, headers: incoming.headers },
      resolve,
    );
    upstream.on("error", reject);
    if (sent === undefined) incoming.on("error", reject).pipe(upstream);
    else upstream.end(sent);
  });
  const received = Buffer.concat(await answer.toArray());
  const body = fault === "corrupt" ? flipped(received) : received;
  if (fault === "lost-answer") {
    incoming.socket.destroy();
    return;
  }
  if (fault === "cut") {
    const half = received.subarray(0, received.length >> 1);
    const kept = Object.entries(answer.headers).filter(([name]) => !name.startsWith("x-amz-checksum"));
    const headers = { ...Object.fromEntries(kept), "content-length": half.length };
    outgoing.writeHead(answer.statusCode ?? 502, headers).end(half);
    return;
  }
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  if (fault === "reset") {
    outgoing.write(body.subarray(0, Math.floor(body.length / 2)));
    setImmediate(() => incoming.socket.destroy());
    return;
  }
  if (fault === "throttle") {
    for (let offset = 0; offset < body.length; offset += 1024) {
      outgoing.write(body.subarray(offset, offset + 1024));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    outgoing.end();
    return;
  }
  outgoing.end(body);
}

/** One bit in the middle is another one. */
function flipped(bytes: Buffer): Buffer {
  const middle = Math.floor(bytes.length / 2);
  if (bytes.length > 0) bytes.writeUInt8(bytes.readUInt8(middle) ^ 0x10, middle);
  return bytes;
}

function answerError(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  status: number,
  code: string,
): void {
  // The body is read first, as S3 does: a client that is still sending would see a reset instead.
  incoming.resume().once("end", () => {
    outgoing.writeHead(status, { "content-type": "application/xml", "x-amz-request-id": "FAULT" });
    outgoing.end(
      incoming.method === "HEAD"
        ? undefined
        : `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>Injected.</Message></Error>`,
    );
  });
}
