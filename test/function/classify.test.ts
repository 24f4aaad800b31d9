import assert from "node:assert/strict";
import { test } from "node:test";
import { classifyBytes } from "../../src/function/classify.ts";
import { loadModel } from "../../src/function/model/load.ts";
import { createSlot } from "../../src/function/slot.ts";
import { BLUE, GREEN, plainPng, RED } from "./pictures.ts";
import { writeTinyModel } from "./tiny-model.ts";

const OPTIONS = { maxImagePixels: 10_000, applyIccProfile: false, backgroundColor: "#ffffff" };

for (const elementType of ["float32", "uint8"] as const) {
  for (const layout of ["NCHW", "NHWC"] as const) {
    test(`file bytes become labels through a ${elementType} ${layout} graph`, async (t) => {
      const model = await loadModel(await writeTinyModel(t, { elementType, layout }));
      const slot = createSlot(model);
      for (const [label, colour] of Object.entries({ red: RED, green: GREEN, blue: BLUE })) {
        const bytes = await plainPng(colour, 20, 10);
        const { image, predictions, timingsMs } = await classifyBytes(model, slot, bytes, OPTIONS, 2);
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

test("pictures classified at the same time do not disturb each other", async (t) => {
  const model = await loadModel(await writeTinyModel(t));
  const colours = Object.entries({ red: RED, green: GREEN, blue: BLUE });
  const work = Array.from({ length: 30 }, async (_, i) => {
    const [label, colour] = colours[i % 3] ?? ["red", RED];
    const bytes = await plainPng(colour, 64, 64);
    const { predictions } = await classifyBytes(model, createSlot(model), bytes, OPTIONS, 1);
    assert.equal(predictions[0]?.label, label);
  });
  await Promise.all(work);
});

test("the wait for room in the lane is in no stage's time", async (t) => {
  const model = await loadModel(await writeTinyModel(t));
  const waitMs = 300;
  const pixelLane = async <R>(_pixels: number, work: () => Promise<R>) => {
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    return work();
  };
  const startedAt = performance.now();
  const bytes = await plainPng(RED);
  const { timingsMs } = await classifyBytes(model, createSlot(model), bytes, { ...OPTIONS, pixelLane }, 1);
  const total = performance.now() - startedAt;
  assert.ok(timingsMs.decode <= total - waitMs + 5);
});
