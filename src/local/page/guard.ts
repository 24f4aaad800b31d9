import type { FastifyInstance } from "fastify";

/**
 * Keeps other web pages and other machines away from a server on this machine. Only the page's own origin is
 * answered: a request that names another host (DNS rebinding), comes from another origin, or that a browser
 * marks as cross-site is refused. `localhost` is sent to 127.0.0.1, so that there is one origin only.
 *
 * @param origin the page's origin, known once it listens
 * @param connectOrigins further origins that the page's scripts may connect to
 */
export function guardPage(
  app: FastifyInstance,
  origin: () => string,
  connectOrigins: readonly string[],
): void {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    `connect-src 'self' ${connectOrigins.join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
  app.addHook("onRequest", async (request, reply) => {
    reply.headers({
      "content-security-policy": policy,
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
    const own = new URL(origin());
    const { host, origin: from, "sec-fetch-site": site } = request.headers;
    if (host === `localhost:${own.port}` && request.method === "GET" && from === undefined) {
      return reply.redirect(`${own.origin}${request.url}`, 307);
    }
    if (host !== own.host) {
      return reply.code(421).send({ error: `this server is ${own.host}, not ${host ?? "nobody"}` });
    }
    // A link on another site may lead here (navigation); nothing else may come from there.
    const isNavigation = request.headers["sec-fetch-mode"] === "navigate" && request.method === "GET";
    const isForeignSite = site !== undefined && site !== "same-origin" && site !== "none" && !isNavigation;
    if ((from !== undefined && from !== own.origin) || isForeignSite) {
      return reply.code(403).send({ error: `pages of ${from ?? "another site"} may not use this server` });
    }
    if (request.method !== "GET" && from === undefined) {
      return reply
        .code(403)
        .send({ error: "a request that changes something needs the Origin of this page" });
    }
    return undefined;
  });
}
