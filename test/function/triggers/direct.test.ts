import assert from "node:assert/strict";
import { test } from "node:test";
import { directTrigger } from "../../../src/function/triggers/direct.ts";
import { done } from "./done.ts";

test("an upload, or a list of them, with plain keys", () => {
  const one = { bucket: "b", key: "a+b %20.jpg", versionId: "v", other: 1 };
  assert.ok(directTrigger.matches(one) && directTrigger.matches([one, one]));
  assert.deepEqual(directTrigger.read(one), [
    { id: "0", target: { bucket: "b", key: "a+b %20.jpg", versionId: "v" } },
  ]);
  assert.deepEqual(
    directTrigger.read([one, { bucket: "b", key: "k" }]).map(({ id }) => id),
    ["0", "1"],
  );
});

test("what names no bucket or no key is not of this shape", () => {
  for (const event of [
    {},
    [],
    [{ bucket: "b" }],
    { key: "k" },
    null,
    "b/k",
    [{ bucket: "b", key: "k" }, 5],
  ]) {
    assert.equal(directTrigger.matches(event), false, JSON.stringify(event));
  }
});

test("a name that is no text is INVALID_EVENT", () => {
  for (const upload of [
    { bucket: 5, key: "k" },
    { bucket: "b", key: "" },
  ]) {
    const [task] = directTrigger.read(upload);
    assert.ok(task?.target instanceof Error && "code" in task.target && task.target.code === "INVALID_EVENT");
  }
});

test("the answer is the result document, a list for a list; a rejection is a document, too", () => {
  const upload = { bucket: "uploads", key: "k" };
  const single = directTrigger.answer(upload, [done("0", "classified")]) as { status: string };
  assert.equal(single.status, "classified");
  const list = directTrigger.answer(
    [upload, upload, upload],
    [done("0", "classified"), done("1", "INVALID_IMAGE"), done("2", "superseded")],
  ) as { status: string }[];
  assert.deepEqual(
    list.map(({ status }) => status),
    ["classified", "rejected", "superseded"],
  );
});

test("in a list a failed entry is a document with its error, and the others are not lost", () => {
  const upload = { bucket: "uploads", key: "k" };
  const list = directTrigger.answer(
    [upload, upload, upload],
    [done("0", "classified"), done("1", "FETCH_FAILED", "silence"), done("2", "INVALID_EVENT", "no key")],
  ) as { status: string; error?: object }[];
  assert.deepEqual(
    list.map(({ status, error }) => [status, error]),
    [
      ["classified", undefined],
      ["failed", { code: "FETCH_FAILED", message: "silence", retryable: true }],
      ["unreadable", { code: "INVALID_EVENT", message: "no key", retryable: false }],
    ],
  );
});

test("a failed image that came alone throws its error to the caller", () => {
  assert.throws(
    () => directTrigger.answer({ bucket: "b", key: "k" }, [done("0", "FETCH_FAILED", "silence")]),
    {
      code: "FETCH_FAILED",
      message: "silence",
    },
  );
});
