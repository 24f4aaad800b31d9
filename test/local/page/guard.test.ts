import assert from "node:assert/strict";
import { request } from "node:http";
import { networkInterfaces } from "node:os";
import { suite, test } from "node:test";
import fastify from "fastify";
import { guardPage } from "../../../src/local/page/guard.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A guarded server; `ask` sends any headers, which `fetch` would not. */
async function startGuarded(t: { after(task: () => Promise<unknown>): void }) {
  const app = fastify();
  let url = "";
  guardPage(app, () => url, ["http://127.0.0.1:9000"]);
  app.get("/", () => "page");
  app.post("/api/redrive", () => ({}));
  url = await app.listen({ host: "127.0.0.1", port: 0 });
  t.after(() => app.close());
  const { port, host } = new URL(url);
  const ask = (method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const message = request({ host: "127.0.0.1", port, method, path, headers: { host, ...headers } });
      message.on("error", reject);
      message.on("response", (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0, headers: response.headers });
      });
      message.end();
    });
  return { url, port, ask };
}

suite("guard of the local page", () => {
  test("the page's own origin is served, with a policy that names no other place", async (t) => {
    const { url, ask } = await startGuarded(t);
    const { status, headers } = await ask("GET", "/");
    assert.equal(status, 200);
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, /default-src 'none'/);
    assert.deepEqual(policy.match(/https?:\/\/\S+?(?=[ ;]|$)/g), ["http://127.0.0.1:9000"]);
    assert.equal((await ask("POST", "/api/redrive", { origin: url })).status, 200);
  });

  test("another host name is refused, which is what DNS rebinding needs", async (t) => {
    const { port, ask } = await startGuarded(t);
    for (const host of [`evil.example:${port}`, "127.0.0.1", `127.0.0.1.evil.example:${port}`]) {
      assert.equal((await ask("GET", "/", { host })).status, 421, host);
    }
  });

  test("localhost is sent to 127.0.0.1", async (t) => {
    const { url, port, ask } = await startGuarded(t);
    const { status, headers } = await ask("GET", "/", { host: `localhost:${port}` });
    assert.deepEqual([status, headers.location], [307, `${url}/`]);
  });

  test("other origins and other sites are refused, a link from elsewhere is not", async (t) => {
    const { url, ask } = await startGuarded(t);
    const refused: Record<string, string>[] = [
      { origin: "https://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
    ];
    for (const headers of refused) {
      assert.equal((await ask("GET", "/", headers)).status, 403, JSON.stringify(headers));
    }
    const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    assert.equal((await ask("GET", "/", link)).status, 200);
    assert.equal((await ask("POST", "/api/redrive", { ...link, origin: url })).status, 403);
  });

  test("what changes something needs the page's Origin", async (t) => {
    const { ask } = await startGuarded(t);
    assert.equal((await ask("POST", "/api/redrive")).status, 403);
  });

  test("other addresses of this machine are not listened on", async (t) => {
    const { port } = await startGuarded(t);
    const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
    const outside = addresses.find(({ family, internal }) => family === "IPv4" && !internal);
    if (outside === undefined) return t.skip("this machine has no other address");
    const url = `http://${outside.address}:${port}/`;
    await assert.rejects(fetch(url, { signal: AbortSignal.timeout(20_000) }));
    return undefined;
  });
});
