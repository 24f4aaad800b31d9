import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { startEndpoint } from "./harness.ts";

const PAGE = "http://127.0.0.1:3000";

/** fetch sets Origin and Host by its own rules: plain HTTP does not. */
function ask(url: string, method: string, headers: Record<string, string>, body = "") {
  return new Promise<{
    status: number;
    headers: Record<string, string | string[] | undefined>;
    text: string;
  }>((resolve, reject) => {
    const outgoing = request(url, { method, headers }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

test("a foreign origin is refused, for preflights and requests alike, and changes nothing", async (t) => {
  const { url, events } = await startEndpoint(t, { allowedOrigin: PAGE });
  for (const origin of ["http://evil.example", "null", "http://127.0.0.1:3001"]) {
    for (const method of ["OPTIONS", "GET", "PUT", "DELETE"]) {
      const answer = await ask(`${url}/uploads/k`, method, { origin, "content-length": "0" });
      assert.equal(answer.status, 403, `${method} ${origin}`);
      assert.equal(answer.headers["access-control-allow-origin"], undefined);
    }
  }
  assert.equal(events.length, 0);
});

test("the allowed page may put from the browser, preflight first", async (t) => {
  const { url, events } = await startEndpoint(t, { allowedOrigin: PAGE });
  const preflight = await ask(`${url}/uploads/k.jpg`, "OPTIONS", {
    origin: PAGE,
    "access-control-request-method": "PUT",
    "access-control-request-headers": "content-type,x-amz-meta-a",
  });
  assert.equal(preflight.status, 200);
  assert.equal(preflight.headers["access-control-allow-origin"], PAGE);
  assert.match(String(preflight.headers["access-control-allow-methods"]), /\bPUT\b/);
  assert.equal(preflight.headers["access-control-allow-headers"], "content-type,x-amz-meta-a");
  const put = await ask(`${url}/uploads/k.jpg`, "PUT", { origin: PAGE, "content-length": "1" }, "x");
  assert.equal(put.status, 200);
  assert.equal(put.headers["access-control-allow-origin"], PAGE);
  assert.match(String(put.headers["access-control-expose-headers"]), /\betag\b/);
  assert.equal(events.length, 1);
});

test("an origin can be allowed while the server runs", async (t) => {
  const { url, allowOrigin } = await startEndpoint(t);
  assert.equal((await ask(`${url}/uploads`, "GET", { origin: PAGE })).status, 403);
  allowOrigin(PAGE);
  assert.equal((await ask(`${url}/uploads`, "GET", { origin: PAGE })).status, 200);
});

test("a foreign host name is refused, so that DNS rebinding reads nothing", async (t) => {
  const { url } = await startEndpoint(t);
  assert.equal((await ask(`${url}/uploads`, "GET", { host: "evil.example:80" })).status, 403);
  for (const host of ["localhost", "127.0.0.1:1", "[::1]:9000", "s3.localhost"]) {
    assert.equal((await ask(`${url}/uploads`, "GET", { host })).status, 200, host);
  }
});
