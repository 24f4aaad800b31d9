import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How the server treats a request; nothing set means well. */
export interface Behaviour {
  readonly status?: number;
  /** Cuts the connection after so many bytes of the body. */
  readonly dropAfterBytes?: number;
  /** Cuts it even where the rest is shorter. */
  readonly dropAlways?: boolean;
  /** Sends so many bytes, then nothing more, but keeps the connection. */
  readonly stallAfterBytes?: number;
  readonly ignoreRange?: boolean;
}

export interface SeenRequest {
  readonly path: string | undefined;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

/**
 * A download server for one file, on a free port, that misbehaves as told.
 *
 * @param hasArrived resolves when the client has kept so many bytes: a connection that is cut earlier leaves
 *   nothing to resume
 */
export async function startArchiveServer(initial: Uint8Array, hasArrived: (bytes: number) => Promise<void>) {
  const requests: SeenRequest[] = [];
  const script = new Map<number, Behaviour>();
  let [bytes, etag]: [Uint8Array, string | undefined] = [initial, '"v1"'];
  let behaviour: Behaviour = {};
  let sent = 0;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { range } = request.headers;
    const ifRange = request.headers["if-range"];
    requests.push({ path: request.url, range, ifRange: typeof ifRange === "string" ? ifRange : undefined });
    behaviour = script.get(requests.length) ?? behaviour;
    if (behaviour.status !== undefined) {
      response.writeHead(behaviour.status).end();
      return;
    }
    const resumes = range !== undefined && !behaviour.ignoreRange && ifRange === etag;
    const start = resumes ? Number(/^bytes=(\d+)-$/.exec(range)?.[1]) : 0;
    const body = bytes.subarray(start);
    response.writeHead(resumes ? 206 : 200, {
      "content-length": body.length,
      ...(etag && { etag }),
      ...(resumes && { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    });
    const limit = behaviour.dropAfterBytes ?? behaviour.stallAfterBytes ?? Infinity;
    const isCut = limit < body.length || behaviour.dropAlways;
    const piece = isCut ? body.subarray(0, limit) : body;
    sent += piece.length;
    await new Promise<void>((resolve) => response.write(piece, () => resolve()));
    if (!isCut) response.end();
    else if (behaviour.dropAfterBytes !== undefined) {
      await hasArrived(start + piece.length);
      response.socket?.destroy();
    }
  };

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    sentBytes: () => sent,
    /** From the next request on. */
    behave(next: Behaviour) {
      script.clear();
      behaviour = next;
    },
    /** After so many more requests. */
    behaveAfter(count: number, next: Behaviour) {
      script.set(requests.length + count + 1, next);
    },
    serve(content: Uint8Array, tag: string | undefined) {
      [bytes, etag] = [content, tag];
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
