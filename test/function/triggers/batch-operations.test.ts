import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type BatchOperationsEvent,
  batchOperationsTrigger,
} from "../../../src/function/triggers/batch-operations.ts";
import { done } from "./done.ts";

function eventOf(tasks: readonly unknown[], version: "1.0" | "2.0" = "1.0"): BatchOperationsEvent {
  return { invocationSchemaVersion: version, invocationId: "i", job: { id: "j" }, tasks };
}
const readOne = (task: object) => batchOperationsTrigger.read(eventOf([{ taskId: "t", ...task }]))[0]?.target;

test("schema 1.0 names the bucket by its ARN, in every partition, 2.0 by its name", () => {
  for (const partition of ["aws", "aws-cn", "aws-us-gov"]) {
    const task = { s3BucketArn: `arn:${partition}:s3:::my.bucket`, s3Key: "k" };
    assert.deepEqual(readOne(task), { bucket: "my.bucket", key: "k" });
  }
  assert.deepEqual(readOne({ s3Bucket: "b", s3Key: "k", s3VersionId: "v" }), {
    bucket: "b",
    key: "k",
    versionId: "v",
  });
});

test("keys are decoded, and a null version is none", () => {
  assert.deepEqual(readOne({ s3Bucket: "b", s3Key: "a+b/caf%C3%A9%2B.jpg", s3VersionId: null }), {
    bucket: "b",
    key: "a b/café+.jpg",
  });
});

test("a malformed task is INVALID_EVENT under its own id", () => {
  const tasks = [
    { taskId: "arn", s3BucketArn: "arn:aws:s3:us-east-1:1:accesspoint/x", s3Key: "k" },
    { taskId: "key", s3Bucket: "b" },
    { taskId: "encoding", s3Bucket: "b", s3Key: "%" },
    { taskId: "bucket", s3Key: "k" },
  ];
  for (const { id, target } of batchOperationsTrigger.read(eventOf(tasks))) {
    assert.ok(target instanceof Error && "code" in target && target.code === "INVALID_EVENT", id);
  }
  assert.throws(() => batchOperationsTrigger.read(eventOf([{ s3Bucket: "b", s3Key: "k" }])), /taskId/);
});

test("an unknown schema version is not of this shape", () => {
  for (const version of ["3.0", 1, undefined]) {
    assert.equal(
      batchOperationsTrigger.matches({ invocationSchemaVersion: version, invocationId: "i", tasks: [] }),
      false,
    );
  }
  assert.equal(batchOperationsTrigger.matches({ invocationSchemaVersion: "1.0", tasks: [] }), false);
});

for (const version of ["1.0", "2.0"] as const) {
  test(`schema ${version}: every task has its report, temporary or permanent`, () => {
    const ends = [
      done("a", "classified"),
      done("b", "superseded"),
      done("c", "INVALID_IMAGE", "cut"),
      done("d", "FETCH_FAILED", "silence"),
      done("e", "INVALID_EVENT", "odd"),
    ];
    assert.deepEqual(batchOperationsTrigger.answer(eventOf([], version), ends), {
      invocationSchemaVersion: version,
      treatMissingKeysAs: "PermanentFailure",
      invocationId: "i",
      results: [
        { taskId: "a", resultCode: "Succeeded", resultString: "photo 0.9877" },
        { taskId: "b", resultCode: "Succeeded", resultString: "superseded by a newer upload" },
        { taskId: "c", resultCode: "PermanentFailure", resultString: "INVALID_IMAGE: cut" },
        { taskId: "d", resultCode: "TemporaryFailure", resultString: "FETCH_FAILED: silence" },
        { taskId: "e", resultCode: "PermanentFailure", resultString: "INVALID_EVENT: odd" },
      ],
    });
  });
}

test("a report's text is cut at what the completion report takes", () => {
  const { results } = batchOperationsTrigger.answer(eventOf([]), [
    done("a", "FETCH_FAILED", "x".repeat(5000)),
  ]) as {
    results: { resultString: string }[];
  };
  assert.equal(results[0]?.resultString.length, 1024);
});
