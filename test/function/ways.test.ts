import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  DeleteObjectCommand,
  GetObjectAnnotationCommand,
  GetObjectCommand,
  ListObjectsV2Command,
} from "@aws-sdk/client-s3";
import type { Config, ResultsAs } from "../../src/function/config.ts";
import { parseResult, type Result } from "../../src/function/result.ts";
import { newestOfEachKey } from "../../src/results/newest.ts";
import { fixture, holdModel, type RunningFunction, sqsEvent, startFunction, triageModel } from "./harness.ts";

type Start = (
  versioning?: boolean,
) => Promise<RunningFunction & { read(key: string): Promise<Result | undefined> }>;

/** A function with a way of publishing, and that way's own reading. */
function starter(t: TestContext, resultsAs: ResultsAs, changes: Partial<Config> = {}): Start {
  return async (versioning = true) => {
    const buckets = [{ name: "uploads", versioning }, "results"];
    const running = await startFunction(t, { resultsAs, s3Attempts: 1, ...changes }, { buckets });
    const { client } = running.s3;
    const readers: Record<ResultsAs, (key: string) => Promise<Result | undefined>> = {
      object: running.result,
      annotation: (key) => readAnnotation(running, key),
      lines: async (key) =>
        newestOfEachKey(await readLines(running)).find(({ source }) => source.key === key),
      async "annotation+lines"(key) {
        const annotation = await readAnnotation(running, key);
        const line = newestOfEachKey(await readLines(running)).find(({ source }) => source.key === key);
        assert.deepEqual(annotation, line);
        return line;
      },
    };
    assert.ok(client);
    return { ...running, read: readers[resultsAs] };
  };
}

async function readAnnotation({ s3 }: RunningFunction, Key: string): Promise<Result | undefined> {
  const command = new GetObjectAnnotationCommand({
    Bucket: "uploads",
    Key,
    AnnotationName: "classification",
  });
  try {
    return parseResult((await (await s3.client.send(command)).AnnotationPayload?.transformToString()) ?? "");
  } catch (error) {
    if (error instanceof Error && error.name.startsWith("NoSuch")) return undefined;
    throw error;
  }
}

async function readLines({ s3 }: Pick<RunningFunction, "s3">): Promise<Result[]> {
  const { Contents = [] } = await s3.client.send(
    new ListObjectsV2Command({ Bucket: "results", Prefix: "results/" }),
  );
  const texts = await Promise.all(
    Contents.map(async ({ Key }) => {
      assert.match(String(Key), /^results\/year=\d{4}\/month=\d\d\/day=\d\d\/hour=\d\d\/[\w-]+\.jsonl$/);
      return (
        await s3.client.send(new GetObjectCommand({ Bucket: "results", Key }))
      ).Body?.transformToString();
    }),
  );
  const lines = texts.flatMap((text = "") => text.trimEnd().split("\n"));
  return lines.map((line) => parseResult(line) ?? assert.fail(line));
}

const label = (result: Result | undefined) =>
  result?.status === "classified" ? result.predictions[0]?.label : result?.error.code;
const message = (...records: unknown[]) => sqsEvent(records.map((record) => ({ Records: [record] })));

for (const way of ["object", "annotation", "lines", "annotation+lines"] as const) {
  test(`${way}: classified and rejected uploads have their results`, async (t) => {
    const { upload, invoke, read } = await starter(t, way)();
    const records = [
      await upload("a b/photo.jpg", await fixture("photo-1.jpg")),
      await upload("icon.png", await fixture("icon-1.png")),
      await upload("text.jpg", "no image"),
    ];
    assert.deepEqual(await invoke(message(...records)), { batchItemFailures: [] });
    assert.equal(label(await read("a b/photo.jpg")), "photo");
    assert.equal(label(await read("icon.png")), "icon");
    assert.equal(label(await read("text.jpg")), "UNSUPPORTED_FORMAT");
  });

  for (const versioning of [true, false]) {
    const where = versioning ? "with versions" : "without versions";
    test(`${way}, ${where}: reordered, repeated and overwritten, the newest upload's result is read`, async (t) => {
      const { upload, invoke, read } = await starter(t, way)(versioning);
      const older = await upload("k", await fixture("photo-1.jpg"));
      const newer = await upload("k", await fixture("document-1.png"));
      for (const [i, record] of [newer, older, newer, older].entries()) {
        assert.deepEqual(await invoke(message(record), 60_000, `request-${i}`), { batchItemFailures: [] });
      }
      assert.equal(label(await read("k")), "document");
    });
  }

  test(`${way}: a redelivery after the upload was deleted makes no rejection of its classification`, async (t) => {
    const { s3, upload, invoke, read } = await starter(t, way)(false);
    const record = await upload("k", await fixture("photo-1.jpg"));
    await invoke(message(record));
    await s3.client.send(new DeleteObjectCommand({ Bucket: "uploads", Key: "k" }));
    assert.deepEqual(await invoke(message(record), 60_000, "request-2"), { batchItemFailures: [] });
    if (way === "object" || way === "lines") assert.equal(label(await read("k")), "photo");
    else if (way === "annotation") assert.equal(await read("k"), undefined);
  });

  test(`${way}: nothing counts as classified that could not be published, and it comes back`, async (t) => {
    const { s3, upload, invoke, read, metrics, log } = await starter(t, way)();
    const records = [
      await upload("photo.jpg", await fixture("photo-1.jpg")),
      await upload("text.jpg", "no image"),
    ];
    const operations = ["PutObject", "PutObjectAnnotation"] as const;
    s3.setFault({ kind: "status", status: 503, code: "SlowDown", operations });
    const back = ["message-0", "message-1"].map((itemIdentifier) => ({ itemIdentifier }));
    assert.deepEqual(await invoke(message(...records)), { batchItemFailures: back });
    const { ImagesClassified, ImagesRejected, ImagesFailed } = metrics[0] ?? {};
    assert.deepEqual([ImagesClassified, ImagesRejected, ImagesFailed], [0, 0, 2]);
    assert.deepEqual([...new Set(log.map(({ code }) => code))], ["PUBLISH_FAILED"]);
    s3.setFault(undefined);
    assert.deepEqual(await invoke(message(...records)), { batchItemFailures: [] });
    assert.equal(label(await read("photo.jpg")), "photo");
    assert.equal(label(await read("text.jpg")), "UNSUPPORTED_FORMAT");
  });
}

test("lines: a batch takes one PUT, and a retried request another", async (t) => {
  const running = await starter(t, "lines")();
  const records = [];
  for (let i = 0; i < 12; i++) records.push(await running.upload(`${i}.jpg`, await fixture("photo-1.jpg")));
  for (let attempt = 0; attempt < 2; attempt++) await running.invoke(message(...records));
  const written = running.s3.events.filter(({ s3 }) => s3.bucket.name === "results");
  assert.equal(written.length, 2);
  assert.equal(newestOfEachKey(await readLines(running)).length, 12);
});

test("lines: what a request published stays when it is tried again and fails, or rejects what is gone", async (t) => {
  const { s3, upload, invoke, read } = await starter(t, "lines")(false);
  const [photo, icon] = [await fixture("photo-1.jpg"), await fixture("icon-1.png")];
  const event = { Records: [await upload("a", photo), await upload("b", icon)] };
  const refuse = (refused: string) =>
    s3.setFault({
      kind: "status",
      status: 503,
      code: "SlowDown",
      operations: ["GetObject"],
      matches: (_bucket, key) => key === refused,
    });
  // Asynchronous, so that Lambda tries again under the same request id.
  for (const refused of ["b", "a"]) {
    refuse(refused);
    await assert.rejects(invoke(event), /1 of 2 images failed/);
  }
  s3.setFault(undefined);
  assert.deepEqual([label(await read("a")), label(await read("b"))], ["photo", "icon"]);
  await s3.client.send(new DeleteObjectCommand({ Bucket: "uploads", Key: "a" }));
  await invoke(event);
  assert.deepEqual([label(await read("a")), label(await read("b"))], ["photo", "icon"]);
});

test("lines: what is left of an invocation is kept for writing them", async (t) => {
  const { upload, invoke, read, log } = await starter(t, "lines")();
  const record = await upload("k", await fixture("photo-1.jpg"));
  // 2 s of writing, 0.5 s of answering and 2 s of margin: nothing is begun.
  assert.deepEqual(await invoke(message(record), 4400), {
    batchItemFailures: [{ itemIdentifier: "message-0" }],
  });
  assert.equal(log[0]?.code, "DEADLINE_NEAR");
  assert.equal(await read("k"), undefined);
});

test("annotation: each version has the result of its own bytes", async (t) => {
  const { s3, upload, invoke } = await starter(t, "annotation")();
  const older = await upload("k", await fixture("photo-1.jpg"));
  const newer = await upload("k", await fixture("document-1.png"));
  await invoke(message(newer));
  await invoke(message(older));
  for (const [{ s3: event }, expected] of [
    [older, "photo"],
    [newer, "document"],
  ] as const) {
    const { AnnotationPayload } = await s3.client.send(
      new GetObjectAnnotationCommand({
        Bucket: "uploads",
        Key: "k",
        VersionId: event.object.versionId,
        AnnotationName: "classification",
      }),
    );
    const result = parseResult((await AnnotationPayload?.transformToString()) ?? "");
    // Of one key the older event is superseded by the newer one only within a batch.
    assert.equal(label(result), expected);
    assert.equal(result?.source.versionId, event.object.versionId);
  }
});

for (const way of ["object", "lines"] as const) {
  test(`${way}: a key of the results bucket that KMS refuses is the operator's, so everything comes back`, async (t) => {
    const { s3, upload, invoke, read, log } = await starter(t, way)();
    const record = await upload("k", await fixture("photo-1.jpg"));
    const operations = ["PutObject"] as const;
    s3.setFault({ kind: "status", status: 400, code: "KMS.DisabledException", operations });
    assert.deepEqual(await invoke(message(record)), { batchItemFailures: [{ itemIdentifier: "message-0" }] });
    assert.deepEqual(
      log.map(({ code, retryable }) => [code, retryable]),
      [["PUBLISH_FAILED", true]],
    );
    s3.setFault(undefined);
    assert.deepEqual(await invoke(message(record)), { batchItemFailures: [] });
    assert.equal(label(await read("k")), "photo");
  });
}

test("annotation: an upload whose own key KMS refuses is rejected at once; a busy KMS brings it back", async (t) => {
  const { s3, upload, invoke, log } = await starter(t, "annotation")();
  const record = await upload("k", await fixture("photo-1.jpg"));
  const refuse = (code: string) =>
    s3.setFault({ kind: "status", status: 400, code, matches: (_, key) => key === "k" });
  refuse("KMS.NotFoundException");
  assert.deepEqual(await invoke(message(record)), { batchItemFailures: [] });
  assert.equal(log[0]?.code, "OBJECT_ENCRYPTED");
  refuse("KMS.ThrottlingException");
  assert.deepEqual(await invoke(message(record)), { batchItemFailures: [{ itemIdentifier: "message-0" }] });
  assert.equal(log[1]?.code, "FETCH_FAILED");
});

for (const [status, code] of [
  [404, "NoSuchKey"],
  [412, "PreconditionFailed"],
] as const) {
  test(`annotation: ${status} for an upload that is there is not believed: it comes back`, async (t) => {
    const { s3, upload, invoke, read, log } = await starter(t, "annotation")(false);
    const record = await upload("k", await fixture("photo-1.jpg"));
    s3.setFault({ kind: "status", status, code, operations: ["PutObjectAnnotation"], times: 1 });
    assert.deepEqual(await invoke(message(record)), { batchItemFailures: [{ itemIdentifier: "message-0" }] });
    assert.equal(log[0]?.code, "PUBLISH_FAILED");
    assert.deepEqual(await invoke(message(record)), { batchItemFailures: [] });
    assert.equal(label(await read("k")), "photo");
  });
}

test("annotation+lines: an upload whose annotation stands already gets the line that it lacks", async (t) => {
  const { s3, upload, invoke, read } = await starter(t, "annotation+lines")();
  const record = await upload("k", await fixture("photo-1.jpg"));
  s3.setFault({ kind: "status", status: 503, code: "SlowDown", operations: ["PutObject"] });
  const back = { batchItemFailures: [{ itemIdentifier: "message-0" }] };
  assert.deepEqual(await invoke(message(record)), back);
  s3.setFault(undefined);
  assert.deepEqual(await invoke(message(record), 60_000, "request-2"), { batchItemFailures: [] });
  assert.equal(label(await read("k")), "photo");
});

test("annotation+lines: a line that an upload lacks comes again as often as it cannot be written", async (t) => {
  const { s3, upload, invoke, read } = await starter(t, "annotation+lines")();
  const record = await upload("k", await fixture("photo-1.jpg"));
  const fail = () =>
    s3.setFault({ kind: "status", status: 503, code: "SlowDown", operations: ["PutObject"] });
  const back = { batchItemFailures: [{ itemIdentifier: "message-0" }] };
  fail();
  assert.deepEqual(await invoke(message(record)), back);
  // Rejected now, so that the annotation stays and the line has to be its.
  const object = { ...record.s3.object, size: 2 ** 30 };
  const rejected = message({ ...record, s3: { ...record.s3, object } });
  assert.deepEqual(await invoke(rejected, 60_000, "request-2"), back);
  s3.setFault(undefined);
  assert.deepEqual(await invoke(rejected, 60_000, "request-3"), { batchItemFailures: [] });
  assert.equal(label(await read("k")), "photo");
});

test("annotation: an upload that is overwritten while it is classified does not get its label on the new bytes", async (t) => {
  const model = await triageModel();
  const { upload, invoke, read, s3 } = await starter(t, "annotation")(false);
  const older = await upload("k", await fixture("photo-1.jpg"));
  const hold = holdModel(t, model);
  const classifying = invoke(message(older));
  await hold.entered;
  const newer = await upload("k", await fixture("document-1.png"));
  hold();
  assert.deepEqual(await classifying, { batchItemFailures: [] });
  assert.equal(await read("k"), undefined);
  assert.equal(s3.events.filter(({ eventName }) => eventName === "ObjectAnnotation:Put").length, 0);
  await invoke(message(newer));
  assert.equal(label(await read("k")), "document");
});

test("annotation+lines: an upload that can have no annotation has its line", async (t) => {
  const { s3, upload, invoke, log } = await starter(t, "annotation+lines")();
  const record = await upload("k", await fixture("photo-1.jpg"));
  const operations = ["PutObjectAnnotation"] as const;
  s3.setFault({ kind: "status", status: 400, code: "AnnotationLimitExceeded", operations });
  assert.deepEqual(await invoke(message(record)), { batchItemFailures: [] });
  assert.equal(log[0]?.code, "ANNOTATION_REFUSED");
  assert.deepEqual((await readLines({ s3 })).map(label), ["photo"]);
});
