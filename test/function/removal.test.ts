import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { DeleteObjectCommand, PutBucketVersioningCommand } from "@aws-sdk/client-s3";
import { loadModel } from "../../src/function/model/load.ts";
import type { ObjectEventRecord } from "../../src/local/s3/notification.ts";
import { fixture, type RunningFunction, sqsEvent, startFunction } from "./harness.ts";
import { writeTinyModel } from "./tiny-model.ts";

const DONE = { batchItemFailures: [] };

async function start(t: TestContext, options: { removeResults?: boolean; versioned?: boolean } = {}) {
  const model = await loadModel(await writeTinyModel(t));
  const running = await startFunction(t, { removeResults: options.removeResults ?? true }, {}, model);
  if (options.versioned) {
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await running.s3.client.send(
      new PutBucketVersioningCommand({ Bucket: "uploads", VersioningConfiguration }),
    );
  }
  return running;
}

/** Deletes an upload, or one version of it. @returns the record that S3 notifies of it */
async function remove({ s3 }: RunningFunction, Key: string, VersionId?: string): Promise<ObjectEventRecord> {
  const before = s3.events.length;
  await s3.client.send(new DeleteObjectCommand({ Bucket: "uploads", Key, ...(VersionId && { VersionId }) }));
  const record = s3.events[before];
  assert.ok(record, "no event of the deletion");
  return record;
}

const of = (...records: ObjectEventRecord[]) => sqsEvent(records.map((record) => ({ Records: [record] })));
const photo = () => fixture("photo-1.jpg");
const other = () => fixture("barcode-1.png");

for (const versioned of [false, true]) {
  test(`the result of a deleted upload is removed, ${versioned ? "with" : "without"} versioning`, async (t) => {
    const running = await start(t, { versioned });
    assert.deepEqual(await running.invoke(of(await running.upload("k.jpg", await photo()))), DONE);
    assert.equal((await running.result("k.jpg"))?.status, "classified");
    const removal = of(await remove(running, "k.jpg"));
    assert.deepEqual(await running.invoke(removal), DONE);
    assert.equal(await running.result("k.jpg"), undefined);
    // Twice is as good as once.
    assert.deepEqual(await running.invoke(removal), DONE);
    assert.deepEqual(running.log, []);
  });
}

test("without the setting a deleted upload keeps its result", async (t) => {
  const running = await start(t, { removeResults: false });
  await running.invoke(of(await running.upload("k.jpg", await photo())));
  assert.deepEqual(await running.invoke(of(await remove(running, "k.jpg"))), DONE);
  assert.equal((await running.result("k.jpg"))?.status, "classified");
});

for (const versioned of [false, true]) {
  test(`an upload whose removal comes first has no result, ${versioned ? "with" : "without"} versioning`, async (t) => {
    const running = await start(t, { versioned });
    const created = await running.upload("k.jpg", await photo());
    const removed = await remove(running, "k.jpg");
    await running.invoke(of(removed));
    assert.deepEqual(await running.invoke(of(created)), DONE);
    assert.equal(await running.result("k.jpg"), undefined);
  });
}

test("in one batch the newest event of a key decides", async (t) => {
  const running = await start(t);
  const first = await running.upload("k.jpg", await photo());
  const removed = await remove(running, "k.jpg");
  assert.deepEqual(await running.invoke(of(first, removed)), DONE);
  assert.equal(await running.result("k.jpg"), undefined);
  const again = await running.upload("k.jpg", await other());
  assert.deepEqual(await running.invoke(of(again, removed, first)), DONE);
  assert.equal((await running.result("k.jpg"))?.source.eTag, again.s3.object.eTag);
});

test("a removal that comes late leaves the result of the upload after it", async (t) => {
  const running = await start(t);
  await running.invoke(of(await running.upload("k.jpg", await photo())));
  const removed = await remove(running, "k.jpg");
  const again = await running.upload("k.jpg", await other());
  await running.invoke(of(again));
  assert.deepEqual(await running.invoke(of(removed)), DONE);
  assert.equal((await running.result("k.jpg"))?.source.eTag, again.s3.object.eTag);
});

test("removing an old version, or a delete marker, leaves the result of the current one", async (t) => {
  const running = await start(t, { versioned: true });
  const old = await running.upload("k.jpg", await photo());
  const current = await running.upload("k.jpg", await other());
  const removed = await remove(running, "k.jpg", old.s3.object.versionId);
  // The removal is the newest event of the key, and yet the current version is classified.
  assert.deepEqual(await running.invoke(of(current, removed)), DONE);
  assert.equal((await running.result("k.jpg"))?.source.versionId, current.s3.object.versionId);
  const marker = await remove(running, "k.jpg");
  const undone = await remove(running, "k.jpg", marker.s3.object.versionId);
  assert.deepEqual(await running.invoke(of(undone)), DONE);
  assert.equal((await running.result("k.jpg"))?.status, "classified");
  // The version itself is another matter.
  assert.deepEqual(
    await running.invoke(of(await remove(running, "k.jpg", current.s3.object.versionId))),
    DONE,
  );
  assert.equal(await running.result("k.jpg"), undefined);
});

test("a result that cannot be removed is tried again", async (t) => {
  const running = await start(t);
  await running.invoke(of(await running.upload("k.jpg", await photo())));
  const removal = of(await remove(running, "k.jpg"));
  running.s3.setFault({ kind: "status", status: 403, code: "AccessDenied", operations: ["DeleteObject"] });
  assert.deepEqual(await running.invoke(removal), { batchItemFailures: [{ itemIdentifier: "message-0" }] });
  assert.equal(running.log[0]?.code, "PUBLISH_FAILED");
  running.s3.setFault(undefined);
  assert.deepEqual(await running.invoke(removal), DONE);
  assert.equal(await running.result("k.jpg"), undefined);
});
