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
  // Nor an address, as long as it listens on the loopback device alone.
  assert.equal((await ask(`${url}/uploads`, "GET", { host: "192.0.2.1:4401" })).status, 403);
  for (const host of ["localhost", "127.0.0.1:1", "[::1]:9000", "host.docker.internal:4401"]) {
    assert.equal((await ask(`${url}/uploads`, "GET", { host })).status, 200, host);
  }
});

test("a container reaches it where it was told to listen, and foreign pages still do not", async (t) => {
  const { port, url } = await startEndpoint(t, { listen: "127.0.0.2" });
  assert.equal(url, `http://127.0.0.1:${port}`);
  for (const at of ["127.0.0.1", "127.0.0.2"]) {
    const there = `http://${at}:${port}/uploads`;
    assert.equal((await ask(there, "GET", { host: "host.docker.internal:4401" })).status, 200, at);
    assert.equal((await ask(there, "GET", { host: "evil.example" })).status, 403, at);
    assert.equal((await ask(there, "GET", { origin: "http://evil.example" })).status, 403, at);
  }
});

test("on all addresses it answers to each of them, and to no other name", async (t) => {
  const { port, url } = await startEndpoint(t, { listen: "0.0.0.0" });
  assert.equal(url, `http://127.0.0.1:${port}`);
  assert.equal((await ask(`${url}/uploads`, "GET", { host: "192.0.2.1:4401" })).status, 200);
  assert.equal((await ask(`${url}/uploads`, "GET", { host: "evil.example" })).status, 403);
  assert.equal((await ask(`${url}/uploads`, "GET", { origin: "http://192.0.2.1:80" })).status, 403);
});

test("an address that cannot be listened at is refused, and nothing is left open", async (t) => {
  await assert.rejects(startEndpoint(t, { listen: "192.0.2.1" }), { code: "EADDRNOTAVAIL" });
});

test("the host may name the bucket, as SDKs do where path style is not asked for", async (t) => {
  const { url, port } = await startEndpoint(t);
  const host = `uploads.localhost:${port}`;
  assert.equal((await ask(`${url}/a/b.jpg`, "PUT", { host, "content-length": "1" }, "x")).status, 200);
  assert.equal((await ask(`${url}/a/b.jpg`, "GET", { host })).text, "x");
  assert.equal((await ask(`${url}/uploads/a/b.jpg`, "GET", {})).text, "x");
  assert.match((await ask(`${url}/?list-type=2`, "GET", { host })).text, /<Key>a\/b\.jpg<\/Key>/);
  assert.equal((await ask(`${url}/k`, "GET", { host: `none.localhost:${port}` })).status, 404);
});
