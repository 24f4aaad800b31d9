import assert from "node:assert/strict";
import { test } from "node:test";
import { s3Trigger } from "../../../src/function/triggers/s3.ts";
import { done } from "./done.ts";

interface RecordOptions {
  readonly key?: unknown;
  readonly eventName?: unknown;
  readonly eventVersion?: unknown;
  readonly object?: object;
}

function recordOf({
  key = "k",
  eventName = "ObjectCreated:Put",
  eventVersion = "2.1",
  object,
}: RecordOptions = {}) {
  const s3 = { bucket: { name: "uploads" }, object: { key, ...object } };
  return { eventVersion, eventSource: "aws:s3", eventName, s3 };
}
const targetsOf = (...records: unknown[]) => s3Trigger.read({ Records: records }).map(({ target }) => target);

const KEYS: Record<string, string> = {
  "my+pictures/a+b.jpg": "my pictures/a b.jpg",
  "1%2B1.jpg": "1+1.jpg",
  "caf%C3%A9.jpg": "café.jpg",
  "%E6%97%A5%E6%9C%AC/%F0%9F%98%80.png": "日本/😀.png",
  "a%2520b": "a%20b",
  "%2Fleading%2F%2Fdouble": "/leading//double",
  "50%25.jpg": "50%.jpg",
};

for (const [encoded, key] of Object.entries(KEYS)) {
  test(`the encoded key ${encoded} is ${key}`, () => {
    assert.deepEqual(targetsOf(recordOf({ key: encoded })), [{ bucket: "uploads", key }]);
  });
}

test("version, ETag, sequencer and size come along; null ones and empty ones do not", () => {
  const full = { versionId: "v", eTag: "e", sequencer: "01", size: 5 };
  assert.deepEqual(targetsOf(recordOf({ object: full })), [
    { bucket: "uploads", key: "k", versionId: "v", eTag: "e", sequencer: "01", sizeBytes: 5 },
  ]);
  const none = { versionId: null, eTag: "", sequencer: null, size: null };
  assert.deepEqual(targetsOf(recordOf({ object: none })), [{ bucket: "uploads", key: "k" }]);
});

test("every way to create an object asks for a classification, with and without the prefix s3:", () => {
  const names = ["Put", "Post", "Copy", "CompleteMultipartUpload"].map((way) => `ObjectCreated:${way}`);
  for (const eventName of [...names, "s3:ObjectCreated:Put"]) {
    assert.equal(targetsOf(recordOf({ eventName })).length, 1);
  }
});

test("a deleted upload asks for the removal of its result; a delete marker's own version is not the upload's", () => {
  const object = { versionId: "v", sequencer: "02" };
  for (const [eventName, versionId] of [
    ["ObjectRemoved:Delete", "v"],
    ["ObjectRemoved:DeleteMarkerCreated", undefined],
    ["s3:LifecycleExpiration:Delete", "v"],
    ["LifecycleExpiration:DeleteMarkerCreated", undefined],
  ] as const) {
    const [task, ...others] = s3Trigger.read({ Records: [recordOf({ eventName, object })] });
    const target = {
      bucket: "uploads",
      key: "k",
      sequencer: "02",
      ...(versionId !== undefined && { versionId }),
    };
    assert.deepEqual([task, others], [{ id: "0", target, isRemoval: true }, []], eventName);
  }
});

test("other events ask for nothing", () => {
  for (const eventName of ["ObjectTagging:Put", "ObjectAcl:Put", "s3:ObjectRestore:Completed"]) {
    assert.deepEqual(targetsOf(recordOf({ eventName })), []);
  }
});

test("any version 2.x is read, another is INVALID_EVENT that names it", () => {
  for (const eventVersion of ["2.0", "2.1", "2.99"])
    assert.equal(targetsOf(recordOf({ eventVersion })).length, 1);
  for (const eventVersion of ["1.0", "3.0", "2", "two"]) {
    const [target] = targetsOf(recordOf({ eventVersion }));
    assert.ok(target instanceof Error && "code" in target);
    assert.deepEqual(
      [target.code, target.message],
      ["INVALID_EVENT", `expected eventVersion 2.x, got ${eventVersion}`],
    );
  }
});

test("a malformed record is INVALID_EVENT and spoils no neighbour", () => {
  const broken = [
    recordOf({ key: "%E0%A4%A" }),
    recordOf({ key: 5 }),
    recordOf({ key: "" }),
    recordOf({ eventVersion: undefined as unknown }),
    { ...recordOf(), s3: undefined },
    { ...recordOf(), s3: { object: { key: "k" } } },
    null,
    "text",
  ];
  broken[3] = { ...recordOf(), eventVersion: null };
  const targets = targetsOf(recordOf(), ...broken, recordOf({ key: "last" }));
  assert.deepEqual(targets[0], { bucket: "uploads", key: "k" });
  assert.deepEqual(targets.at(-1), { bucket: "uploads", key: "last" });
  for (const target of targets.slice(1, -1))
    assert.ok(target instanceof Error && "code" in target && target.code === "INVALID_EVENT");
  assert.equal(targets.length, broken.length + 2);
});

test("the answer is nothing when all is done, and a throw with each failed entry when not", () => {
  assert.equal(
    s3Trigger.answer({}, [done("0", "classified"), done("1", "INVALID_IMAGE"), done("2", "superseded")]),
    undefined,
  );
  const ends = [
    done("0", "classified"),
    done("1", "FETCH_FAILED", "silence"),
    done("2", "INVALID_EVENT", "odd"),
  ];
  assert.throws(
    () => s3Trigger.answer({}, ends),
    (error: AggregateError) => {
      assert.equal(error.errors.length, 2);
      assert.match(
        error.message,
        /^2 of 3 images failed:\n {2}FETCH_FAILED k: silence\n {2}INVALID_EVENT \(unreadable\): odd$/,
      );
      return true;
    },
  );
});
