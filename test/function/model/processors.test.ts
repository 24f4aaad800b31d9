import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { createClassifier } from "../../../src/function/classifier.ts";
import { createInputBuffers } from "../../../src/function/model/input-buffers.ts";
import { loadModel } from "../../../src/function/model/load.ts";
import { inspectImage } from "../../../src/function/stages/decode/header.ts";
import { createDecoders, prepareImage } from "../../../src/function/stages/prepare.ts";
import { testConfig } from "../harness.ts";
import { pillowIsMissing } from "../kernel/cases.ts";
import { writeTinyModel } from "../tiny-model.ts";
import { computeVectors, PROCESSOR_CASES, type ProcessorVector, pixelsOf } from "./processors.ts";

const stored: ProcessorVector[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "processors.json"), "utf8"),
);

for (const [index, one] of PROCESSOR_CASES.entries()) {
  const { title, width, height, problem } = one;
  test(`${title}, ${width} × ${height}: values and scores are those of transformers' arithmetic`, async (t) => {
    const vector = stored[index] as ProcessorVector;
    const [channels, side, sameSide] = vector.shape;
    assert.equal(side, sameSide);
    const isTimm = one.class === "timm";
    const labels = Object.fromEntries(Array.from({ length: channels }, (_, label) => [label, `c${label}`]));
    const config = {
      id2label: labels,
      ...(problem !== undefined && { problem_type: problem }),
      ...(isTimm && { pretrained_cfg: one.config }),
    };
    const dir = await writeTinyModel(t, { side, channels: channels as 1 | 3, config });
    const preprocessor = join(dir, "preprocessor_config.json");
    if (isTimm) await rm(preprocessor);
    else await writeFile(preprocessor, JSON.stringify(one.config));
    const model = await loadModel(dir);
    t.after(() => model.session.release());
    const file = await sharp(pixelsOf(one), { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();

    const settings = testConfig({ topK: channels });
    const buffers = createInputBuffers(model.input);
    const header = inspectImage(file, settings.maxImagePixels);
    (await prepareImage(model, header, buffers, createDecoders(settings), settings))();
    const expected = new Float32Array(new Uint8Array(Buffer.from(vector.values, "base64")).buffer);
    assert.equal(buffers.pixelValues.length, expected.length);
    for (const [at, value] of expected.entries()) {
      const own = buffers.pixelValues[at] ?? Number.NaN;
      assert.ok(Math.abs(own - value) < 1e-4, `value ${at}: ${own} instead of ${value}`);
    }

    const classifier = await createClassifier(model, settings);
    const { predictions } = await classifier.classify(file);
    const passing = problem === undefined ? vector.scores : vector.scores.filter((score) => score >= 0.5);
    assert.equal(predictions.length, passing.length);
    for (const { index: label, score } of predictions)
      assert.ok(Math.abs(score - (vector.scores[label] ?? Number.NaN)) < 1e-4, `${label}: ${score}`);
  });
}

test("the stored vectors are what Pillow and NumPy make today", { skip: pillowIsMissing() }, () => {
  for (const [index, { values, scores }] of computeVectors(PROCESSOR_CASES).entries()) {
    const title = PROCESSOR_CASES[index]?.title;
    assert.equal(values, stored[index]?.values, title);
    for (const [label, score] of scores.entries())
      assert.ok(Math.abs(score - (stored[index]?.scores[label] ?? Number.NaN)) < 1e-9, title);
  }
});
