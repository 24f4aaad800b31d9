import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { s3Error } from "./errors.ts";

/** Guards the endpoint against foreign web pages in the user's browser. */
export interface OriginGuard {
  /** Lets pages of this origin (`http://127.0.0.1:3000`) use the endpoint. */
  allow(origin: string): void;
  /** CORS headers for the answer; none without an Origin. Throws AccessDenied for a foreign one. */
  check(request: IncomingMessage): Record<string, string>;
}

/** By which a container reaches the machine that it runs on. */
const DOCKER_HOST = "host.docker.internal";

/**
 * Requests with an Origin that is not allowed are refused, and so are names in `Host` other than local ones: a page
 * could otherwise read the endpoint through a DNS name of its own that points here. An address needs no name server;
 * one is taken where the endpoint listens beyond the loopback device.
 */
export function createOriginGuard(
  listenHosts: readonly string[],
  origins: Iterable<string> = [],
): OriginGuard {
  const allowed = new Set(origins);
  const takesAddresses = !listenHosts.every(isLocalName);
  return {
    allow(origin) {
      allowed.add(origin);
    },
    check({ headers }) {
      const host = (headers.host ?? "").replace(/:\d+$/, "");
      const isKnown =
        host === "" ||
        isLocalName(host) ||
        host.toLowerCase() === DOCKER_HOST ||
        (takesAddresses && isIP(host.replace(/^\[(.*)\]$/, "$1")) > 0);
      if (!isKnown) {
        throw s3Error("AccessDenied", {
          message: `This local endpoint answers to 127.0.0.1, localhost and ${DOCKER_HOST}, not to ${host}.`,
        });
      }
      const { origin } = headers;
      if (origin === undefined) return {};
      if (!allowed.has(origin)) {
        throw s3Error("AccessDenied", {
          message: `CORSResponse: pages of ${origin} may not use this endpoint.`,
        });
      }
      return {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "etag, x-amz-request-id, x-amz-version-id",
        vary: "Origin",
      };
    },
  };
}

/** The headers that answer an allowed preflight. */
export function preflightHeaders({ headers }: IncomingMessage): Record<string, string> {
  return {
    "access-control-allow-methods": "GET, HEAD, PUT, POST, DELETE",
    "access-control-allow-headers": headers["access-control-request-headers"] ?? "",
    "access-control-max-age": "3000",
  };
}

function isLocalName(host: string): boolean {
  return /^(127(\.\d{1,3}){3}|\[?::1\]?|localhost|.+\.localhost)$/i.test(host);
}
