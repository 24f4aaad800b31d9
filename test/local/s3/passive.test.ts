import assert from "node:assert/strict";
import { test } from "node:test";
import { startEndpoint } from "./harness.ts";

test("whatever an upload says it is, a browser only shows it: no origin, no scripts, no guessing, no embedding", async (t) => {
  const { url } = await startEndpoint(t);
  const headers = { "content-type": "text/html" };
  const body = "<script>fetch('/results')</script>";
  const put = await fetch(`${url}/uploads/page.html`, { method: "PUT", headers, body });
  assert.equal(put.status, 200);
  for (const path of [
    "/uploads/page.html",
    "/uploads/page.html?response-content-type=text/html&response-content-disposition=inline",
    "/uploads/page.html?response-content-type=image/svg%2Bxml",
    "/uploads/none.html",
    "/uploads",
    "/",
  ]) {
    const answer = await fetch(url + path);
    await answer.arrayBuffer();
    const policy = answer.headers.get("content-security-policy")?.split("; ") ?? [];
    assert.ok(policy.includes("sandbox"), path);
    assert.ok(policy.includes("default-src 'none'"), path);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff", path);
    assert.equal(answer.headers.get("cross-origin-resource-policy"), "same-origin", path);
  }
});
