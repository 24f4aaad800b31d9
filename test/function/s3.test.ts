import assert from "node:assert/strict";
import { test } from "node:test";
import { describeS3Error, unquoteETag } from "../../src/function/s3.ts";

test("an S3 error is described by its code and HTTP status", () => {
  const error = Object.assign(new Error("gone"), { name: "NoSuchKey", $metadata: { httpStatusCode: 404 } });
  assert.deepEqual(describeS3Error(error), { code: "NoSuchKey", status: 404 });
});

test("an error of the connection has a code and no status", () => {
  assert.deepEqual(describeS3Error(new TypeError("x")), { code: "TypeError", status: undefined });
  assert.deepEqual(describeS3Error("text"), { code: "text", status: undefined });
});

test("ETags lose their quotes", () => {
  assert.equal(unquoteETag('"abc-2"'), "abc-2");
  assert.equal(unquoteETag(undefined), undefined);
});
