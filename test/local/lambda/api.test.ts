import assert from "node:assert/strict";
import { request } from "node:http";
import { type TestContext, test } from "node:test";
import {
  type DeliveredInvocation,
  MAX_RESPONSE_BYTES,
  type RuntimeApiHandlers,
  startRuntimeApi,
} from "../../../src/local/lambda/api.ts";

const INVOCATION: DeliveredInvocation = {
  requestId: "r-1",
  body: '{"n":1}',
  headers: { "Lambda-Runtime-Aws-Request-Id": "r-1", "Lambda-Runtime-Deadline-Ms": "99" },
};

/** An API whose current event is `r-1`, and what it was told. */
async function startApi(t: TestContext, handlers: Partial<RuntimeApiHandlers> = {}) {
  const calls: unknown[][] = [];
  const api = await startRuntimeApi({
    onNext: (deliver) => deliver(INVOCATION),
    isCurrent: (id) => id === "r-1",
    onResponse: (body) => calls.push(["response", body]),
    onError: (error) => calls.push(["error", error]),
    onInitError: (error) => calls.push(["init", error]),
    ...handlers,
  });
  t.after(() => api.close());
  const url = (path: string): string => `http://${api.address}/2018-06-01/runtime/${path}`;
  return {
    address: api.address,
    calls,
    get: (path: string) => fetch(url(path)),
    post: (path: string, body: string) => fetch(url(path), { method: "POST", body }),
  };
}

test("next delivers the event with its headers", async (t) => {
  const { get } = await startApi(t);
  const response = await get("invocation/next");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("lambda-runtime-aws-request-id"), "r-1");
  assert.equal(response.headers.get("lambda-runtime-deadline-ms"), "99");
  assert.equal(await response.text(), '{"n":1}');
});

test("answers, errors and INIT errors are accepted with 202 and handed on", async (t) => {
  const { post, calls } = await startApi(t);
  const error = { errorType: "E", errorMessage: "m", trace: ["at a"] };
  assert.equal((await post("invocation/r-1/response", '"fine"')).status, 202);
  assert.equal((await post("invocation/r-1/error", JSON.stringify(error))).status, 202);
  assert.equal((await post("init/error", "no JSON")).status, 202);
  assert.deepEqual(calls, [
    ["response", '"fine"'],
    ["error", error],
    ["init", { errorType: "Unhandled", errorMessage: "no JSON" }],
  ]);
});

test("an answer to another event is refused with 400", async (t) => {
  const { post, calls } = await startApi(t);
  const response = await post("invocation/r-2/response", "1");
  assert.equal(response.status, 400);
  assert.equal(((await response.json()) as { errorType: string }).errorType, "InvalidRequestID");
  assert.deepEqual(calls, []);
});

test("an answer of Lambda's limit is taken, one byte more is refused with 413 and is the event's error", async (t) => {
  const { post, calls } = await startApi(t);
  assert.equal((await post("invocation/r-1/response", "x".repeat(MAX_RESPONSE_BYTES))).status, 202);
  assert.equal((await post("invocation/r-1/response", "x".repeat(MAX_RESPONSE_BYTES + 1))).status, 413);
  const [kind, error] = calls[1] ?? [];
  assert.equal(kind, "error");
  assert.equal((error as { errorType: string }).errorType, "Function.ResponseSizeTooLarge");
});

for (const [who, headers] of [
  ["a page of another origin", { origin: "http://evil.example" }],
  ["a page of this machine", { origin: "http://127.0.0.1:4400" }],
  ["a page that loads it as an image", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }],
  ["a name that was made to point here", { host: "rebound.example" }],
  ["localhost, which the function is not told", { host: "localhost" }],
] as const) {
  test(`${who} gets no event and answers none`, async (t) => {
    const { address, calls } = await startApi(t);
    for (const [method, path] of [
      ["GET", "invocation/next"],
      ["POST", "invocation/r-1/response"],
      ["POST", "init/error"],
    ] as const) {
      assert.equal(await send(address, method, path, headers), 403, path);
    }
    assert.deepEqual(calls, []);
  });
}

/** By `node:http`, since `fetch` lets nobody choose Host. @returns the status */
function send(address: string, method: string, path: string, headers: Readonly<Record<string, string>>) {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  request(`http://${address}/2018-06-01/runtime/${path}`, { method, headers, agent: false }, (response) => {
    response.resume();
    resolve(response.statusCode);
  })
    .on("error", reject)
    .end();
  return promise;
}

test("a path or method that the Runtime API lacks answers 404", async (t) => {
  const { get, post } = await startApi(t);
  for (const response of [
    await get("invocation/r-1/response"),
    await post("invocation/next", ""),
    await get("x"),
  ]) {
    assert.equal(response.status, 404);
  }
});
