import type { IncomingMessage } from "node:http";
import { s3Error } from "./errors.ts";

/** Guards the endpoint against foreign web pages in the user's browser. */
export interface OriginGuard {
  /** Lets pages of this origin (`http://127.0.0.1:3000`) use the endpoint. */
  allow(origin: string): void;
  /** CORS headers for the answer; none without an Origin. Throws AccessDenied for a foreign one. */
  check(request: IncomingMessage): Record<string, string>;
}

/**
 * Requests with an Origin that is not allowed are refused, and so are names in `Host` other than the local ones
 * when the server listens on a loopback address: a page could otherwise read it through a DNS name of its own
 * that points to 127.0.0.1.
 */
export function createOriginGuard(listenHost: string, origins: Iterable<string> = []): OriginGuard {
  const allowed = new Set(origins);
  const isLoopback = isLocalName(listenHost);
  return {
    allow(origin) {
      allowed.add(origin);
    },
    check({ headers }) {
      const host = (headers.host ?? "").replace(/:\d+$/, "");
      if (isLoopback && host !== "" && !isLocalName(host)) {
        throw s3Error("AccessDenied", {
          message: `This local endpoint answers to 127.0.0.1 and localhost, not to ${host}.`,
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
