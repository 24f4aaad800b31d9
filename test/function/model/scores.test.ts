import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type ClassifierSettings, createClassifier } from "../../../src/function/classifier.ts";
import { loadModel } from "../../../src/function/model/load.ts";
import { readScores } from "../../../src/function/model/scores.ts";
import { rankLabels } from "../../../src/function/stages/rank.ts";
import { realData } from "../../real-data.ts";
import { testConfig } from "../harness.ts";
import { plainPng, RED } from "../pictures.ts";
import { writeTinyModel } from "../tiny-model.ts";

const node = (operator: string, input: string, output: string) => ({
  operator,
  inputs: [input],
  outputs: [output],
  lists: {},
});
const graphOf = (...operators: readonly string[]) => ({
  nodes: operators.map((operator, index) => node(operator, `v${index}`, `v${index + 1}`)),
  outputs: [`v${operators.length}`],
});
const read = (operators: readonly string[], labels = 3, problemType?: string) =>
  readScores(graphOf(...operators), `v${operators.length}`, labels, problemType);

test("scores follow the operator that computes the output, past those that only move values", () => {
  assert.deepEqual(read(["Gemm"]), { kind: "softmax", areInGraph: false, isMultiLabel: false });
  assert.deepEqual(read(["Gemm", "Softmax", "Reshape", "Identity"]), {
    kind: "softmax",
    areInGraph: true,
    isMultiLabel: false,
  });
  assert.deepEqual(read(["Exp", "Div", "Cast"]).areInGraph, true);
  assert.deepEqual(read(["Gemm", "Sigmoid"]), { kind: "sigmoid", areInGraph: true, isMultiLabel: false });
});

test("several labels at once, and one label, are scored by sigmoid; with a softmax in the graph they are refused", () => {
  const multi = "multi_label_classification";
  assert.deepEqual(read(["Gemm"], 3, multi), { kind: "sigmoid", areInGraph: false, isMultiLabel: true });
  assert.equal(read(["Gemm"], 1).kind, "sigmoid");
  assert.throws(() => read(["Softmax"], 3, multi), { message: /softmax.*multi_label/ });
  assert.throws(() => read(["Softmax"], 1), { message: /one label/ });
  assert.throws(() => read(["Gemm"], 1, "regression"), { message: /regression/ });
});

test("scores of the graph are taken as they are; what is no score is refused", () => {
  const scores = { kind: "softmax", areInGraph: true, isMultiLabel: false } as const;
  assert.equal(rankLabels(Float32Array.of(0.9, 0.1), ["a", "b"], 1, scores)[0]?.score, Math.fround(0.9));
  assert.throws(() => rankLabels(Float32Array.of(5, 0.1), ["a", "b"], 1, scores), {
    code: "INFERENCE_FAILED",
  });
});

test("of several labels at once those of at least one half are listed, or none", () => {
  const scores = { kind: "sigmoid", areInGraph: false, isMultiLabel: true } as const;
  const list = (...logits: number[]) =>
    rankLabels(Float32Array.from(logits), ["a", "b", "c"], 3, scores).map(({ label }) => label);
  assert.deepEqual(list(0.1, -2, 4), ["c", "a"]);
  assert.deepEqual(list(-1, -2, -3), []);
});

async function classify(t: TestContext, dir: string) {
  const model = await loadModel(dir);
  t.after(() => model.session.release());
  const settings: ClassifierSettings = testConfig();
  return (await createClassifier(model, settings)).classify(await plainPng(RED, 32, 32));
}

test("config.json with a byte order mark and NaN is read", async (t) => {
  const dir = await writeTinyModel(t);
  const { writeFile } = await import("node:fs/promises");
  const config = '\uFEFF{"id2label": {"0": "NaN", "1": "b", "2": "c"}, "dropout": NaN, "limit": -Infinity}';
  await writeFile(join(dir, "config.json"), config);
  assert.equal((await loadModel(dir)).labels[0], "NaN");
});

for (const elementType of ["float16", "float64", "uint8"] as const) {
  test(`a graph with ${elementType} input classifies`, async (t) => {
    const dir = await writeTinyModel(t, { elementType });
    const { predictions } = await classify(t, dir);
    assert.equal(predictions[0]?.label, "red");
  });
}

test("an input of symbolic sizes that the graph turns to NCHW itself is NHWC", async (t) => {
  const dir = await writeTinyModel(t, { layout: "NHWC", shape: ["n", "h", "w", "c"] });
  assert.equal((await loadModel(dir)).input.layout, "NHWC");
  assert.equal((await classify(t, dir)).predictions[0]?.label, "red");
});

const odd = realData("odd/models");
const skip = odd === undefined && "needs ../shared/data/odd/models";

test("a graph that ends in a softmax is not softmaxed again", { skip }, async (t) => {
  const { predictions, scores } = await classify(t, join(odd ?? "", "softmaxed-output0"));
  assert.equal(scores, "softmax");
  assert.ok((predictions[0]?.score ?? 0) > 0.99, JSON.stringify(predictions));
});

test("a multi-label model gives each label its own score", { skip }, async (t) => {
  const { scores, predictions } = await classify(t, join(odd ?? "", "multi-label"));
  assert.equal(scores, "sigmoid");
  assert.ok(predictions.every(({ score }) => score >= 0.5));
});

test("a crop larger than the resize is padded, and every image is classified", { skip }, async (t) => {
  const { predictions } = await classify(t, join(odd ?? "", "crop-larger"));
  assert.equal(predictions[0]?.label, "red");
});
