import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { ClassifierError } from "../../../../src/function/errors.ts";
import type { ImageRef } from "../../../../src/function/image-ref.ts";
import { classifiedResult, type Result, rejectedResult } from "../../../../src/function/result.ts";
import { assertResultKey, publishResult } from "../../../../src/function/stages/publish/object.ts";
import { recordS3 } from "../s3-requests.ts";

function resultOf(source: Partial<ImageRef>, sha256 = "11".repeat(32)): Result {
  const classification = {
    image: { format: "png", width: 1, height: 1 },
    predictions: [{ label: "photo", index: 0, score: 1 }],
    timingsMs: { fetch: 1, decode: 1, normalize: 1, infer: 1, rank: 1 },
  } as const;
  const origin = { model: { name: "tiny", sha256, fingerprint: sha256 }, requestId: "request-1" };
  return classifiedResult(origin, { bucket: "uploads", key: "a b/ü.jpg", ...source }, classification);
}

function rejectionOf(
  source: Partial<ImageRef>,
  code: "OBJECT_NOT_FOUND" | "IMAGE_TOO_LARGE" | "PROCESSING_LIMIT",
): Result {
  const origin = { model: resultOf({}).model, requestId: "request-2" };
  return rejectedResult(
    origin,
    { bucket: "uploads", key: "a b/ü.jpg", ...source },
    new ClassifierError(code, "why"),
  );
}

async function start(t: TestContext) {
  const running = await recordS3(t);
  const { s3, endpoint, requests } = running;
  const { signal } = new AbortController();
  return {
    ...running,
    /** Publishes; returns what came of it and the requests that it took. */
    async publish(result: Result) {
      const before = requests.length;
      const published = await publishResult(s3, "results", result, signal);
      return [published, ...requests.slice(before)];
    },
    async stored(): Promise<Result> {
      const got = await endpoint.client.send(
        new GetObjectCommand({ Bucket: "results", Key: "a b/ü.jpg.json" }),
      );
      assert.equal(got.ContentType, "application/json");
      return JSON.parse((await got.Body?.transformToString()) ?? "");
    },
  };
}

test("the first result of a key takes one request", async (t) => {
  const { publish, stored } = await start(t);
  const result = resultOf({ sequencer: "10", eTag: "a" });
  assert.deepEqual(await publish(result), ["published", "PutObject"]);
  assert.deepEqual(await stored(), result);
});

test("the same result again changes nothing", async (t) => {
  const { publish, stored } = await start(t);
  const first = resultOf({ sequencer: "10", eTag: "a" });
  await publish(first);
  const again = { ...resultOf({ sequencer: "10", eTag: "a" }), classifiedAt: "2100-01-01T00:00:00.000Z" };
  assert.deepEqual(await publish(again), ["unchanged", "PutObject", "GetObject"]);
  assert.deepEqual(await stored(), first);
});

test("a newer upload's result replaces the older one's, and never the other way", async (t) => {
  const { publish, stored } = await start(t);
  const [older, newer] = [resultOf({ sequencer: "0f", eTag: "a" }), resultOf({ sequencer: "1", eTag: "b" })];
  await publish(older);
  assert.deepEqual(await publish(newer), ["published", "PutObject", "GetObject", "PutObject"]);
  assert.deepEqual(await publish(older), ["superseded", "PutObject", "GetObject"]);
  assert.deepEqual(await stored(), newer);
});

test("another model's result of the same upload replaces the former", async (t) => {
  const { publish, stored } = await start(t);
  await publish(resultOf({ sequencer: "10", eTag: "a" }));
  const other = resultOf({ sequencer: "10", eTag: "a" }, "22".repeat(32));
  assert.equal((await publish(other))[0], "published");
  assert.deepEqual(await stored(), other);
});

test("without a sequencer the result whose bytes the key holds now is the newer", async (t) => {
  const { publish, put, stored } = await start(t);
  const { eTag: before } = await put("uploads", "a b/ü.jpg", "before");
  const { eTag: now } = await put("uploads", "a b/ü.jpg", "now");
  await publish(resultOf({ sequencer: "10", eTag: before }));
  const current = resultOf({ eTag: now });
  assert.deepEqual(await publish(current), [
    "published",
    "PutObject",
    "GetObject",
    "HeadObject",
    "PutObject",
  ]);
  assert.deepEqual(await publish(resultOf({ eTag: before })), [
    "superseded",
    "PutObject",
    "GetObject",
    "HeadObject",
  ]);
  assert.deepEqual(await stored(), current);
});

test("a repeated result without a sequencer is unchanged, whatever sequencer the first had", async (t) => {
  const { publish } = await start(t);
  await publish(resultOf({ sequencer: "10", eTag: "a" }));
  assert.deepEqual(await publish(resultOf({ eTag: "a" })), ["unchanged", "PutObject", "GetObject"]);
});

test("a conflict of two writers at once, 409, is tried again", async (t) => {
  const { publish, endpoint, stored } = await start(t);
  const operations = ["PutObject"] as const;
  endpoint.setFault({
    kind: "status",
    status: 409,
    code: "ConditionalRequestConflict",
    operations,
    times: 1,
  });
  const result = resultOf({ sequencer: "10" });
  assert.deepEqual(await publish(result), ["published", "PutObject", "GetObject", "PutObject"]);
  assert.deepEqual(await stored(), result);
});

test("five lost races in a row are PUBLISH_FAILED, retryable", async (t) => {
  const { publish, endpoint, requests } = await start(t);
  endpoint.setFault({ kind: "status", status: 412, code: "PreconditionFailed", operations: ["PutObject"] });
  await assert.rejects(publish(resultOf({})), {
    code: "PUBLISH_FAILED",
    retryable: true,
    message: /lost 5 races/,
  });
  assert.equal(requests.filter((name) => name === "PutObject").length, 5);
});

for (const [status, code] of [
  [404, "NoSuchBucket"],
  [403, "AccessDenied"],
  [500, "InternalError"],
] as const) {
  test(`S3's ${status} ${code} is PUBLISH_FAILED with the result's place`, async (t) => {
    const { publish, endpoint } = await start(t);
    endpoint.setFault({ kind: "status", status, code });
    await assert.rejects(publish(resultOf({})), (error: { code: string; message: string }) => {
      assert.equal(error.code, "PUBLISH_FAILED");
      assert.ok(error.message.startsWith(`s3://results/a b/ü.jpg.json: ${code}`), error.message);
      return true;
    });
  });
}

test("of twenty results written at once in any order, that of the newest upload stays", async (t) => {
  const { publish, stored } = await start(t);
  const results = Array.from({ length: 20 }, (_, i) =>
    resultOf({ sequencer: `0${((i * 7) % 20) + 16}`, eTag: `e${i}` }),
  );
  // A writer that loses five races comes again later, as its message would.
  const publishSurely = async (result: Result) => {
    for (let attempt = 0; attempt < 20; attempt++) {
      const isDone = await publish(result).then(
        () => true,
        () => false,
      );
      if (isDone) return;
    }
  };
  await Promise.all(results.map(publishSurely));
  assert.equal((await stored()).source.sequencer, "035");
});

test("a rejection never replaces a classification of the same event, by whatever it is known", async (t) => {
  for (const event of [{ sequencer: "10" }, { eTag: "a" }, { eTag: "a", versionId: "v" }]) {
    const { publish, stored } = await start(t);
    const classified = resultOf({ eTag: "a", ...event });
    await publish(classified);
    for (const code of ["OBJECT_NOT_FOUND", "IMAGE_TOO_LARGE"] as const) {
      assert.equal((await publish(rejectionOf({ eTag: "a", ...event }, code)))[0], "kept");
    }
    assert.deepEqual(await stored(), classified);
  }
});

test("a rejection of a newer event replaces a classification, and a classification a rejection of its own event", async (t) => {
  const { publish, stored } = await start(t);
  await publish(resultOf({ sequencer: "10", eTag: "a" }));
  const rejected = rejectionOf({ sequencer: "11", eTag: "b" }, "IMAGE_TOO_LARGE");
  assert.equal((await publish(rejected))[0], "published");
  assert.equal((await publish(rejected))[0], "unchanged");
  const classified = resultOf({ sequencer: "11", eTag: "b" });
  assert.equal((await publish(classified))[0], "published");
  assert.deepEqual(await stored(), classified);
});

test("an object that is no result keeps its place, and the upload gets a code", async (t) => {
  const { publish, endpoint } = await start(t);
  const report = { Bucket: "results", Key: "a b/ü.jpg.json" };
  for (const Body of ["no JSON", '{"Format":"Report_CSV_20180820"}', "null"]) {
    await endpoint.client.send(new PutObjectCommand({ ...report, Body }));
    await assert.rejects(publish(resultOf({ sequencer: "10" })), {
      code: "RESULT_KEY_TAKEN",
      retryable: false,
    });
    const { Body: after } = await endpoint.client.send(new GetObjectCommand(report));
    assert.equal(await after?.transformToString(), Body);
  }
});

test("a key has to leave room for .json, counted in bytes", () => {
  assertResultKey("k".repeat(1019));
  assertResultKey("ü".repeat(509));
  for (const key of ["k".repeat(1020), "k".repeat(1024), "ü".repeat(510)]) {
    assert.throws(() => assertResultKey(key), { code: "KEY_TOO_LONG", retryable: false });
  }
});

test("that an image was too much for its process replaces no other verdict of its event", async (t) => {
  const { publish } = await start(t);
  const of = (code: "IMAGE_TOO_LARGE" | "PROCESSING_LIMIT") =>
    rejectionOf({ sequencer: "10", eTag: "a" }, code);
  assert.equal((await publish(of("IMAGE_TOO_LARGE")))[0], "published");
  assert.equal((await publish(of("PROCESSING_LIMIT")))[0], "kept");
});

test("what was found wrong with an upload stays when the upload has gone since", async (t) => {
  const { publish } = await start(t);
  await publish(rejectionOf({ sequencer: "10", eTag: "a" }, "IMAGE_TOO_LARGE"));
  assert.equal((await publish(rejectionOf({ sequencer: "10", eTag: "a" }, "OBJECT_NOT_FOUND")))[0], "kept");
});
