import assert from "node:assert/strict";
import { test } from "node:test";
import { eventBridgeTrigger, type S3EventBridgeEvent } from "../../../src/function/triggers/eventbridge.ts";
import { done } from "./done.ts";

function eventOf(detail: unknown, type = "Object Created"): S3EventBridgeEvent {
  return { version: "0", source: "aws.s3", "detail-type": type, detail };
}
const detailOf = (object: unknown) => ({ bucket: { name: "uploads" }, object });

test("keys are taken as they are written: EventBridge does not encode them", () => {
  for (const key of ["a+b c.jpg", "100%.jpg", "café/日本.png", "%20"]) {
    assert.deepEqual(eventBridgeTrigger.read(eventOf(detailOf({ key }))), [
      { id: "0", target: { bucket: "uploads", key } },
    ]);
  }
});

test("version, ETag, sequencer and size come along", () => {
  const object = { key: "k", "version-id": "v", etag: "e", sequencer: "01", size: 5 };
  const [task] = eventBridgeTrigger.read(eventOf(detailOf(object)));
  const target = { bucket: "uploads", key: "k", versionId: "v", eTag: "e", sequencer: "01", sizeBytes: 5 };
  assert.deepEqual(task?.target, target);
});

test("a deleted upload asks for the removal of its result; a delete marker's own version is not the upload's", () => {
  const object = { key: "k", "version-id": "v", sequencer: "02" };
  for (const [deletion, versionId] of [
    ["Permanently Deleted", "v"],
    ["Delete Marker Created", undefined],
  ] as const) {
    const detail = { bucket: { name: "uploads" }, object, "deletion-type": deletion };
    const target = {
      bucket: "uploads",
      key: "k",
      sequencer: "02",
      ...(versionId !== undefined && { versionId }),
    };
    assert.deepEqual(eventBridgeTrigger.read(eventOf(detail, "Object Deleted")), [
      { id: "0", target, isRemoval: true },
    ]);
  }
});

test("S3's other events ask for nothing", () => {
  for (const type of ["Object Tags Added", "Object Restore Completed"]) {
    assert.deepEqual(eventBridgeTrigger.read(eventOf({}, type)), []);
  }
});

test("a malformed detail is INVALID_EVENT that names the missing field", () => {
  const cases: [unknown, RegExp][] = [
    [undefined, /detail\.bucket\.name/],
    [{ object: { key: "k" } }, /detail\.bucket\.name/],
    [detailOf({}), /detail\.object\.key/],
    [detailOf(null), /detail\.object\.key/],
  ];
  for (const [detail, message] of cases) {
    const [task] = eventBridgeTrigger.read(eventOf(detail));
    assert.ok(task?.target instanceof Error);
    assert.match(task.target.message, message);
  }
});

test("events of other sources are not of this shape", () => {
  for (const event of [{ source: "aws.ec2", "detail-type": "x" }, { source: "aws.s3" }, {}, null, []]) {
    assert.equal(eventBridgeTrigger.matches(event), false);
  }
});

test("the answer throws what failed, so that Lambda tries again", () => {
  assert.equal(eventBridgeTrigger.answer(eventOf({}), [done("0", "classified")]), undefined);
  assert.throws(
    () => eventBridgeTrigger.answer(eventOf({}), [done("0", "FETCH_FAILED")]),
    /1 of 1 images failed/,
  );
});
