import assert from "node:assert/strict";
import { test } from "node:test";
import { selectTrigger } from "../../../src/function/triggers/select.ts";

const UNKNOWN: [unknown, RegExp][] = [
  [{}, /Got an object with the fields: none$/],
  [{ httpMethod: "GET", path: "/" }, /the fields: httpMethod, path$/],
  [{ Records: [] }, /the fields: Records$/],
  [{ Records: [{ eventSource: "aws:sns" }] }, /the fields: Records$/],
  [[], /Got an array of 0$/],
  [[1, 2], /Got an array of 2$/],
  [null, /Got null$/],
  ["text", /Got "text"$/],
  [undefined, /Got undefined$/],
];

for (const [event, message] of UNKNOWN) {
  test(`${JSON.stringify(event)} is INVALID_EVENT with the known shapes and what came`, () => {
    assert.throws(() => selectTrigger(event), { code: "INVALID_EVENT", retryable: false, message });
    assert.throws(() => selectTrigger(event), /S3 notification .*EventBridge .*S3 Batch Operations .*direct/);
  });
}

test("an object of a thousand fields is described by the first twenty", () => {
  const event = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`field${i}`, i]));
  assert.throws(
    () => selectTrigger(event),
    ({ message }: Error) => message.endsWith("field19") && !message.includes("field20"),
  );
});
