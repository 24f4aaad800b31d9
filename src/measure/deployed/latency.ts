import { connect, createServer, type Socket } from "node:net";

/** A proxy on a port of 127.0.0.1. */
export interface Proxy {
  readonly port: number;
  close(): void;
}

/**
 * Stands before a server as S3 stands before a function: what a client sends arrives `delayMs` later, so that every
 * request waits as long for its answer, and many wait at the same time.
 */
export async function startLatencyProxy(port: number, delayMs: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    const end = (): void => {
      client.destroy();
      upstream.destroy();
      sockets.delete(client);
    };
    sockets.add(client);
    for (const socket of [client, upstream]) socket.setNoDelay(true).on("error", end).on("close", end);
    client.on("data", (chunk) => void setTimeout(() => upstream.write(chunk), delayMs));
    upstream.pipe(client, { end: false });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as { port: number }).port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
