import assert from "node:assert/strict";
import test from "node:test";
import { readFailure } from "../../../src/local/page/failure-lines.ts";

const LINE = {
  level: "ERROR",
  message: "picture failed: S3 answered 503",
  code: "FETCH_FAILED",
  retryable: true,
  key: "a b.jpg",
};

test("the function's line of a failed picture gives key, code and message", () => {
  const failure = { key: "a b.jpg", code: "FETCH_FAILED", message: "S3 answered 503" };
  assert.deepEqual(readFailure(JSON.stringify(LINE)), failure);
});

test("lines of rejected pictures and lines that are no JSON are none", () => {
  const lines = [
    JSON.stringify({ ...LINE, retryable: false }),
    '{"code":',
    '"code"',
    "null",
    '{"code":1,"key":"a"}',
  ];
  for (const line of lines) assert.equal(readFailure(line), undefined, line);
});
