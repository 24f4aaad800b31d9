import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readGraphInput, readGraphOutput } from "../../../src/function/model/graph.ts";
import { loadOrt } from "../../../src/function/native.ts";
import { type TinyModel, writeTinyModel } from "../tiny-model.ts";

const SIZE = { height: 8, width: 8 };

async function sessionOf(t: TestContext, model: TinyModel) {
  const session = await loadOrt().InferenceSession.create(join(await writeTinyModel(t, model), "model.onnx"));
  t.after(() => session.release());
  return session;
}

for (const elementType of ["float32", "uint8", "float16", "float64"] as const) {
  for (const layout of ["NCHW", "NHWC"] as const) {
    test(`${elementType} and ${layout} are read from the graph`, async (t) => {
      const session = await sessionOf(t, { elementType, layout });
      const channels = 3;
      const expected = { name: "pixel_values", elementType, layout, channels, ...SIZE };
      assert.deepEqual(readGraphInput(session, SIZE), expected);
    });
  }
}

test("symbolic dimensions take the size that the preprocessing ends with; where no 3 is seen, NCHW", async (t) => {
  const shapes = [
    [["n", "c", "h", "w"], "NCHW"],
    [["n", 3, "h", "w"], "NCHW"],
  ] as const;
  for (const [shape, layout] of shapes) {
    const session = await sessionOf(t, { shape });
    assert.deepEqual(readGraphInput(session, SIZE).layout, layout);
    assert.deepEqual(readGraphInput(session, { height: 5, width: 7 }).width, 7);
  }
  const session = await sessionOf(t, { layout: "NHWC", shape: ["n", "h", "w", 3] });
  assert.equal(readGraphInput(session, SIZE).layout, "NHWC");
});

const REFUSED: readonly (readonly [string, (number | string)[], RegExp])[] = [
  ["a batch of 2", [2, 3, 8, 8], /expected a graph for 1 picture at a time, got pixel_values \[2, 3, 8, 8\]/],
  [
    "four channels",
    [1, 4, 8, 8],
    /expected an input of 3 channels \(R, G, B\) or 1 \(gray\), got pixel_values \[1, 4, 8, 8\]/,
  ],
  [
    "another size",
    [1, 3, 8, 16],
    /prepares 8 × 8 pixels, but the graph's input is pixel_values \[1, 3, 8, 16\]/,
  ],
  ["three dimensions", [3, 8, 8], /expected an input of 4 dimensions, got pixel_values \[3, 8, 8\]/],
];

for (const [what, shape, message] of REFUSED) {
  test(`a graph for ${what} is refused`, async (t) => {
    const session = await sessionOf(t, { shape });
    assert.throws(() => readGraphInput(session, SIZE), { message });
  });
}

test("one channel is gray, in either layout", async (t) => {
  for (const layout of ["NCHW", "NHWC"] as const) {
    const input = readGraphInput(await sessionOf(t, { channels: 1, layout }), SIZE);
    assert.deepEqual([input.layout, input.channels], [layout, 1]);
  }
});

test("an output of [1, N, 1, 1] has N values, of 16, 32 or 64 bits", async (t) => {
  for (const outputType of ["float16", "float32", "float64"] as const) {
    const session = await sessionOf(t, { outputShape: "pixel", outputType, outputName: "scores" });
    assert.equal(readGraphOutput(session, 3), "scores");
    assert.throws(() => readGraphOutput(session, 4), { message: /names 4 labels .*scores \[1, 3, 1, 1\]/ });
  }
});

test("of several outputs the one with as many values as there are labels is taken; two of them are refused", async (t) => {
  const session = await sessionOf(t, { outputName: "scores", otherOutputs: [5, 1280] });
  assert.equal(readGraphOutput(session, 3), "scores");
  assert.equal(readGraphOutput(session, 5), "other_5");
  assert.throws(() => readGraphOutput(session, 4), {
    message: /one of 4 columns, got other_5, other_1280, scores/,
  });
  const two = await sessionOf(t, { outputName: "scores", otherOutputs: [3] });
  assert.throws(() => readGraphOutput(two, 3), { message: /one of 3 columns/ });
});

test("the output is the one named logits, or the only one", async (t) => {
  assert.equal(readGraphOutput(await sessionOf(t, {}), 3), "logits");
  assert.equal(readGraphOutput(await sessionOf(t, { outputName: "scores" }), 3), "scores");
});

test("an output of another width than there are labels is refused with both", async (t) => {
  const session = await sessionOf(t, {});
  assert.throws(() => readGraphOutput(session, 1000), { message: /names 1000 labels .*logits \[1, 3\]/ });
});
