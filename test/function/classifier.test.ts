import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createClassifier } from "../../src/function/classifier.ts";
import { createDeadline } from "../../src/function/deadline.ts";
import { loadModel } from "../../src/function/model/load.ts";
import { holdModel } from "./harness.ts";
import { BLUE, GREEN, plainPng, RED } from "./pictures.ts";
import { writeTinyModel } from "./tiny-model.ts";

const SETTINGS = {
  maxImagePixels: 10_000,
  applyIccProfile: false,
  backgroundColor: "#ffffff",
  topK: 2,
  decodesInFlight: 3,
  formats: ["jpeg", "png", "webp", "gif", "avif", "heic"] as const,
  heicThumbnailPercent: 90,
  memorySizeMb: 0,
};

async function classifierOf(t: TestContext, changes: object = {}, model = {}) {
  return createClassifier(await loadModel(await writeTinyModel(t, model)), { ...SETTINGS, ...changes });
}

for (const elementType of ["float32", "uint8"] as const) {
  for (const layout of ["NCHW", "NHWC"] as const) {
    test(`file bytes become labels through a ${elementType} ${layout} graph`, async (t) => {
      const classifier = await classifierOf(t, {}, { elementType, layout });
      for (const [label, colour] of Object.entries({ red: RED, green: GREEN, blue: BLUE })) {
        const bytes = await plainPng(colour, 20, 10);
        const { image, predictions, timingsMs } = await classifier.classify(bytes);
        assert.deepEqual(image, { format: "png", width: 20, height: 10 });
        assert.equal(predictions.length, 2);
        assert.equal(predictions[0]?.label, label);
        // Of logits 1, 0, 0 for float32 and 255, 0, 0 for uint8.
        const expected = elementType === "float32" ? Math.E / (Math.E + 2) : 1;
        assert.ok(Math.abs((predictions[0]?.score ?? 0) - expected) < 1e-6);
        assert.deepEqual(Object.keys(timingsMs), ["decode", "normalize", "infer", "rank"]);
        for (const ms of Object.values(timingsMs)) assert.ok(ms >= 0);
      }
    });
  }
}

test("images classified at the same time do not disturb each other, with as many buffers as there are", async (t) => {
  for (const decodesInFlight of [1, 2, 5]) {
    const classifier = await classifierOf(t, { decodesInFlight });
    const colours = Object.entries({ red: RED, green: GREEN, blue: BLUE });
    const work = Array.from({ length: 60 }, async (_, i) => {
      const [label, colour] = colours[i % 3] ?? ["red", RED];
      const { predictions } = await classifier.classify(await plainPng(colour, 64, 1 + i));
      assert.equal(predictions[0]?.label, label);
    });
    await Promise.all(work);
  }
});

test("waiting for buffers and for the model is in no stage's time", async (t) => {
  const classifier = await classifierOf(t, { decodesInFlight: 1 });
  const bytes = await plainPng(RED);
  const release = holdModel(t, classifier.model);
  const work = [classifier.classify(bytes), classifier.classify(bytes)];
  setTimeout(release, 500);
  const [, second] = await Promise.all(work);
  for (const ms of Object.values(second?.timingsMs ?? {})) assert.ok(ms < 400, `${ms} ms`);
});

test("after the deadline nothing reaches the model, and the buffers serve the next image", async (t) => {
  const classifier = await classifierOf(t, { decodesInFlight: 2 });
  const [red, blue] = [await plainPng(RED), await plainPng(BLUE)];
  const release = holdModel(t, classifier.model);
  const first = classifier.classify(red);
  await release.entered;
  // Decoded and waiting for the model when its time is over.
  const late = classifier.classify(red, createDeadline(700));
  const refused = assert.rejects(late, { code: "DEADLINE_NEAR", message: /too little time/ });
  await sleep(300);
  release();
  await Promise.all([first, refused]);
  assert.equal((await classifier.classify(blue)).predictions[0]?.label, "blue");
});

test("work that outlives its deadline keeps its buffers; too much of it, and the classifier is stuck until it ends", async (t) => {
  const classifier = await classifierOf(t, { decodesInFlight: 1 });
  const [red, blue] = [await plainPng(RED), await plainPng(BLUE)];
  const release = holdModel(t, classifier.model);
  const late = classifier.classify(red, createDeadline(600));
  await sleep(200);
  assert.equal(classifier.isStuck, true);
  const next = classifier.classify(blue);
  await sleep(50);
  release();
  assert.equal((await late).predictions[0]?.label, "red");
  assert.equal((await next).predictions[0]?.label, "blue");
  assert.equal(classifier.isStuck, false);
});

test("a model whose graph does not fit its labels is refused by the first image, at INIT", async (t) => {
  const model = await loadModel(await writeTinyModel(t));
  await assert.rejects(createClassifier({ ...model, labels: ["only"] }, SETTINGS), {
    code: "MODEL_INVALID",
    message: /expected 1 float32 logits/,
  });
});
