import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type ClassifierSettings, createClassifier } from "../../../src/function/classifier.ts";
import { FIRST_IMAGE } from "../../../src/function/first-image.ts";
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
  for (const layout of ["NCHW", "NHWC"] as const) {
    test(`a graph with ${elementType} input, ${layout}, classifies`, async (t) => {
      const { predictions } = await classify(t, await writeTinyModel(t, { elementType, layout }));
      assert.equal(predictions[0]?.label, "red");
    });
  }
}

test("an output of 16 or 64 bits and of four dimensions is ranked as one of 32 bits and two", async (t) => {
  const expected = (await classify(t, await writeTinyModel(t))).predictions;
  for (const outputType of ["float16", "float64"] as const) {
    for (const outputShape of ["row", "pixel"] as const) {
      const { predictions } = await classify(t, await writeTinyModel(t, { outputType, outputShape }));
      for (const [index, { label, score }] of predictions.entries()) {
        assert.equal(label, expected[index]?.label);
        assert.ok(Math.abs(score - (expected[index]?.score ?? 0)) < 1e-3);
      }
    }
  }
});

test("of several outputs the logits are ranked", async (t) => {
  const dir = await writeTinyModel(t, { outputName: "scores", otherOutputs: [1280] });
  assert.equal((await classify(t, dir)).predictions[0]?.label, "red");
});

test("blue comes first for a graph that wants it so", async (t) => {
  const dir = await writeTinyModel(t, { preprocessor: { do_flip_channel_order: true } });
  assert.equal((await classify(t, dir)).predictions[0]?.label, "blue");
});

for (const elementType of ["float32", "uint8"] as const) {
  for (const layout of ["NCHW", "NHWC"] as const) {
    test(`a graph for gray images, ${elementType} ${layout}, gets their luma, from files in color and in gray`, async (t) => {
      const config = { id2label: { 0: "bright" } };
      const preprocessor = elementType === "uint8" ? { rescale_factor: 1 } : {};
      const dir = await writeTinyModel(t, { channels: 1, elementType, layout, config, preprocessor });
      const model = await loadModel(dir);
      t.after(() => model.session.release());
      const classifier = await createClassifier(model, testConfig());
      const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
      const files = { red: await plainPng(RED, 32, 32), gray: FIRST_IMAGE };
      // Pillow's luma of RED is 76; the first image is a plain gray of 128.
      for (const [name, luma] of [
        ["red", 76],
        ["gray", 128],
      ] as const) {
        const { predictions } = await classifier.classify(files[name]);
        const value = elementType === "uint8" ? luma : luma / 255;
        assert.ok(
          Math.abs((predictions[0]?.score ?? 0) - sigmoid(value)) < 1e-3,
          `${name}: ${JSON.stringify(predictions)}`,
        );
      }
    });
  }
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
