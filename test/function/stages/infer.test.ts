import assert from "node:assert/strict";
import { test } from "node:test";
import { createInputBuffers } from "../../../src/function/model/input-buffers.ts";
import { loadModel } from "../../../src/function/model/load.ts";
import { inferLogits } from "../../../src/function/stages/infer.ts";
import { TINY_SIDE, writeTinyModel } from "../tiny-model.ts";

const PLANE = TINY_SIDE * TINY_SIDE;

for (const elementType of ["float32", "uint8"] as const) {
  for (const layout of ["NCHW", "NHWC"] as const) {
    test(`a ${elementType} ${layout} graph reads the buffer`, async (t) => {
      const model = await loadModel(await writeTinyModel(t, { elementType, layout }));
      const buffers = createInputBuffers(model.input);
      const channelOf = (i: number) => (layout === "NCHW" ? Math.floor(i / PLANE) : i % 3);
      for (let i = 0; i < buffers.pixelValues.length; i++)
        buffers.pixelValues[i] = [10, 20, 30][channelOf(i)] ?? 0;
      const first = await inferLogits(model, buffers);
      assert.deepEqual(first, Float32Array.of(10, 20, 30));
      buffers.pixelValues.fill(7);
      assert.deepEqual(await inferLogits(model, buffers), Float32Array.of(7, 7, 7));
      assert.deepEqual(first, Float32Array.of(10, 20, 30), "the first logits stay as they were");
    });
  }
}

test("a graph that does not run is INFERENCE_FAILED, retryable, with the model's name and the cause", async (t) => {
  const model = await loadModel(await writeTinyModel(t));
  const wrong = createInputBuffers({ ...model.input, height: 2 });
  await assert.rejects(inferLogits(model, wrong), (error: Error & { code: string; retryable: boolean }) => {
    assert.equal(error.code, "INFERENCE_FAILED");
    assert.equal(error.retryable, true);
    assert.ok(error.message.includes(model.name) && error.cause instanceof Error);
    return true;
  });
});

test("a graph that gives another number of logits than there are labels is INFERENCE_FAILED", async (t) => {
  const model = await loadModel(await writeTinyModel(t));
  await assert.rejects(inferLogits({ ...model, labels: ["only"] }, createInputBuffers(model.input)), {
    code: "INFERENCE_FAILED",
    message: /expected 1 float32 logits, got float32 \[1,3\]/,
  });
});
