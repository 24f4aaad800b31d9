import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createClassifier } from "../../../src/function/classifier.ts";
import { loadModel } from "../../../src/function/model/load.ts";
import { readUnknownRule } from "../../../src/function/model/unknown.ts";
import { testConfig } from "../harness.ts";
import { plainPng, RED } from "../pictures.ts";
import { TINY_LABELS, writeTinyModel } from "../tiny-model.ts";

/** A model whose second output, its similarity to anything known, is 0. */
async function classify(t: TestContext, threshold: number) {
  const unknown = { output: "other_1", threshold };
  const config = { id2label: Object.fromEntries(TINY_LABELS.entries()), unknown };
  const model = await loadModel(await writeTinyModel(t, { otherOutputs: [1], config }));
  t.after(() => model.session.release());
  return (await createClassifier(model, testConfig())).classify(await plainPng(RED, 32, 32));
}

test("an image that resembles no label is unknown, and has its predictions all the same", async (t) => {
  const { unknown, predictions } = await classify(t, 0.5);
  assert.deepEqual(unknown, { isUnknown: true, similarity: 0, threshold: 0.5 });
  assert.equal(predictions[0]?.label, "red");
});

test("one that resembles a label enough is not", async (t) => {
  assert.equal((await classify(t, -0.5)).unknown?.isUnknown, false);
});

test("a model without the rule says nothing of it", () => {
  assert.equal(readUnknownRule({}, ["logits"]), undefined);
});

test("a rule of another form, or of an output that is not there, is refused", () => {
  assert.throws(() => readUnknownRule({ unknown: { output: "x" } }, ["x"]), {
    message: /\{output, threshold\}/,
  });
  assert.throws(() => readUnknownRule({ unknown: { output: "x", threshold: 0 } }, ["logits"]), {
    message: /names the output x \(unknown\), but the graph has logits/,
  });
});
