import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { classifyBatch } from "../../src/function/batch.ts";
import { createClassifier } from "../../src/function/classifier.ts";
import type { Config } from "../../src/function/config.ts";
import { createDeadline } from "../../src/function/deadline.ts";
import type { ImageRef } from "../../src/function/image-ref.ts";
import { loadModel } from "../../src/function/model/load.ts";
import type { Outcome } from "../../src/function/outcome.ts";
import { createPublisher } from "../../src/function/stages/publish/select.ts";
import { createFileMemory } from "../../src/function/sync/file-memory.ts";
import { classifyUpload } from "../../src/function/upload.ts";
import type { S3Options } from "../../src/local/s3/server.ts";
import { holdModel, testConfig } from "./harness.ts";
import { BLUE, GREEN, plainPng, RED } from "./pictures.ts";
import { recordS3 } from "./stages/s3-requests.ts";
import { writeTinyModel } from "./tiny-model.ts";

interface BatchOptions {
  readonly inFlight?: number;
  readonly remainingMs?: number;
  readonly config?: Partial<Config>;
  readonly s3?: Partial<S3Options>;
}

async function start(t: TestContext, options: BatchOptions = {}) {
  const running = await recordS3(t, options.s3);
  const { s3 } = running;
  const config = testConfig({ imagesInFlight: options.inFlight ?? 3, ...options.config });
  const classifier = await createClassifier(await loadModel(await writeTinyModel(t)), config);
  const files = createFileMemory(config.fileMemoryMb * 2 ** 20, config.maxObjectBytes);
  return {
    ...running,
    classifier,
    classify: async (
      refs: readonly ImageRef[],
      remainingMs = options.remainingMs ?? 60_000,
    ): Promise<Outcome[]> => {
      const deadline = createDeadline(remainingMs);
      const publisher = createPublisher(s3, config, "r");
      const context = { s3, classifier, publisher, files, config, deadline, requestId: "r" };
      const done = await classifyBatch(
        refs.map((target, index) => ({ id: String(index), target })),
        ({ target }) => classifyUpload(context, target, "shared"),
        { ...config, deadline },
      );
      assert.deepEqual(
        done.map(({ id }) => id),
        refs.map((_, index) => String(index)),
      );
      return done.map(({ outcome }) => outcome);
    },
  };
}

const upload = (key: string, others: Partial<ImageRef> = {}): ImageRef => ({
  bucket: "uploads",
  key,
  ...others,
});

/** The label, or the code, or how else it ended. */
function shown(outcome: Outcome): string | undefined {
  if (outcome.status === "classified") return outcome.result.predictions[0]?.label;
  return "error" in outcome ? outcome.error.code : outcome.status;
}

test("each upload has its outcome, in the order of the uploads, and a bad one spoils no neighbour", async (t) => {
  const { put, classify } = await start(t);
  await put("uploads", "red", await plainPng(RED));
  await put("uploads", "text", "no picture");
  await put("uploads", "green", await plainPng(GREEN));
  await put("uploads", "blue", await plainPng(BLUE));
  const refs = ["red", "text", "missing", "green", "blue"].map((key) => upload(key));
  const outcomes = await classify(refs);
  assert.deepEqual(outcomes.map(shown), ["red", "UNSUPPORTED_FORMAT", "OBJECT_NOT_FOUND", "green", "blue"]);
  assert.deepEqual(
    outcomes.map((outcome) => "ref" in outcome && outcome.ref),
    refs,
  );
});

test("no upload has no outcome", async (t) => {
  const { classify } = await start(t);
  assert.deepEqual(await classify([]), []);
});

for (const inFlight of [1, 3, 5]) {
  test(`with ${inFlight} images in flight, ${inFlight} uploads are on their way at once, never more`, async (t) => {
    const { put, classify, endpoint, peak } = await start(t, { inFlight });
    const red = await plainPng(RED);
    const keys = Array.from({ length: 10 }, (_, i) => `k${i}`);
    for (const key of keys) await put("uploads", key, red);
    endpoint.setFault({ kind: "delay", ms: 40 });
    const outcomes = await classify(keys.map((key) => upload(key)));
    assert.deepEqual(new Set(outcomes.map(shown)), new Set(["red"]));
    assert.equal(peak(), inFlight);
  });
}

test("of several events of one key only the newest is worked on, wherever it stands", async (t) => {
  const { put, classify, requests } = await start(t);
  await put("uploads", "k", await plainPng(RED));
  const outcomes = await classify(["02", "1", "0FF"].map((sequencer) => upload("k", { sequencer })));
  assert.deepEqual(outcomes.map(shown), ["superseded", "red", "superseded"]);
  assert.deepEqual(requests, ["GetObject", "PutObject"]);
});

test("the same event twice is worked on once, and has one outcome", async (t) => {
  const { put, classify, requests } = await start(t);
  const { eTag } = await put("uploads", "k", await plainPng(RED));
  const [first, second] = await classify([1, 2].map(() => upload("k", { sequencer: "01", eTag })));
  assert.equal(first, second);
  assert.deepEqual(requests, ["GetObject", "PutObject"]);
});

test("the same key in two buckets is two uploads", async (t) => {
  const buckets = ["uploads", "others", "results"];
  const { put, classify } = await start(t, { s3: { buckets } });
  await put("uploads", "k", await plainPng(RED));
  await put("others", "k", await plainPng(GREEN));
  const outcomes = await classify([
    upload("k", { sequencer: "02" }),
    { bucket: "others", key: "k", sequencer: "01" },
  ]);
  assert.equal(shown(outcomes[0] as Outcome), "red");
  assert.equal(shown(outcomes[1] as Outcome), "green");
});

test("with less time left than the margin no picture is started, and each is DEADLINE_NEAR", async (t) => {
  const { put, classify, requests } = await start(t, { remainingMs: 2400 });
  await put("uploads", "k", await plainPng(RED));
  const outcomes = await classify([upload("k"), upload("l")]);
  assert.deepEqual(outcomes.map(shown), ["DEADLINE_NEAR", "DEADLINE_NEAR"]);
  assert.deepEqual(requests, []);
});

test("when time runs out, what is under way is given up as DEADLINE_NEAR and what is done stays done", async (t) => {
  const { put, classify, endpoint } = await start(t, {
    inFlight: 2,
    remainingMs: 2500,
    config: { deadlineMarginMs: 0 },
  });
  for (const key of ["done", "stuck", "later"]) await put("uploads", key, await plainPng(RED));
  endpoint.setFault({
    kind: "delay",
    ms: 60_000,
    matches: (_bucket, key) => key !== "done" && key !== "done.json",
  });
  const outcomes = await classify(["done", "stuck", "later"].map((key) => upload(key)));
  assert.deepEqual(outcomes.map(shown), ["red", "DEADLINE_NEAR", "DEADLINE_NEAR"]);
});

test("an answer is given in time although a native call goes on, and what is done keeps its result", {
  timeout: 60_000,
}, async (t) => {
  const { put, classify, classifier } = await start(t, {
    remainingMs: 5000,
    config: { deadlineMarginMs: 0, decodesInFlight: 1 },
  });
  for (const key of ["done", "stuck"]) await put("uploads", key, await plainPng(RED));
  const answered = classify(["done", "stuck"].map((key) => upload(key)));
  const { session } = classifier.model;
  const run = session.run.bind(session);
  const second = Promise.withResolvers<void>();
  t.mock.method(session, "run", async (...args: Parameters<typeof run>) => {
    t.mock.restoreAll();
    const release = holdModel(t, classifier.model);
    second.promise.then(release);
    return run(...args);
  });
  assert.deepEqual((await answered).map(shown).sort(), ["DEADLINE_NEAR", "red"]);
  // Only now the call may end.
  second.resolve();
});

test("an image that is out of time does not touch those of the next invocation, whenever it goes on", async (t) => {
  for (const releasedAfterMs of [0, 5, 20, 60]) {
    const { put, classify, classifier } = await start(t, {
      config: { deadlineMarginMs: 0, decodesInFlight: 1 },
    });
    const colours = { red: RED, green: GREEN, blue: BLUE };
    for (const [name, colour] of Object.entries(colours)) await put("uploads", name, await plainPng(colour));
    const release = holdModel(t, classifier.model);
    assert.deepEqual((await classify([upload("red")], 900)).map(shown), ["DEADLINE_NEAR"]);
    setTimeout(release, releasedAfterMs);
    assert.deepEqual((await classify([upload("blue"), upload("green")])).map(shown), ["blue", "green"]);
  }
});
