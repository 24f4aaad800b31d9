import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import { loadModel } from "../../../src/function/model/load.ts";
import { TINY_LABELS, writeTinyModel } from "../tiny-model.ts";

const TINY_INPUT = {
  name: "pixel_values",
  elementType: "float32",
  layout: "NCHW",
  channels: 3,
  height: 8,
  width: 8,
};

test("a model folder becomes a model with its name, hash, labels and input", async (t) => {
  const dir = await writeTinyModel(t);
  const { name, sha256, labels, input, outputName } = await loadModel(dir);
  assert.equal(name, basename(dir));
  assert.equal(
    sha256,
    createHash("sha256")
      .update(await readFile(join(dir, "model.onnx")))
      .digest("hex"),
  );
  assert.deepEqual(labels, TINY_LABELS);
  assert.deepEqual(input, TINY_INPUT);
  assert.equal(outputName, "logits");
});

test("a folder exported for transformers.js, with onnx/ and symbolic dimensions, works unchanged", async (t) => {
  const shape = ["batch_size", "num_channels", "height", "width"];
  for (const onnxFile of [
    "onnx/model.onnx",
    "onnx/model_quantized.onnx",
    "onnx/model_int8.onnx",
    "onnx/model_fp16.onnx",
  ]) {
    const { input } = await loadModel(await writeTinyModel(t, { onnxFile, shape }));
    assert.deepEqual(input, TINY_INPUT);
  }
});

test("labels stand in the order of their numbers, not of the file", async (t) => {
  const dir = await writeTinyModel(t);
  await writeFile(join(dir, "config.json"), '{"id2label": {"2": "c", "0": "a", "1": "b"}}');
  assert.deepEqual((await loadModel(dir)).labels, ["a", "b", "c"]);
});

const BROKEN: Record<string, { break: (dir: string) => Promise<void>; message: RegExp }> = {
  "no config.json": {
    break: (dir) => rm(join(dir, "config.json")),
    message: /expected config\.json to be readable JSON: ENOENT/,
  },
  "a config.json that is no JSON": {
    break: (dir) => writeFile(join(dir, "config.json"), "{"),
    message: /expected config\.json to be readable JSON/,
  },
  "a preprocessor_config.json that is a list": {
    break: (dir) => writeFile(join(dir, "preprocessor_config.json"), "[]"),
    message: /expected preprocessor_config\.json to be readable JSON: it holds no JSON object/,
  },
  "no ONNX file": {
    break: (dir) => rm(join(dir, "model.onnx")),
    message: /expected one of model\.onnx, onnx\/model_quantized\.onnx, .*, found none/,
  },
  "an ONNX file that is none": {
    break: (dir) => writeFile(join(dir, "model.onnx"), "no graph"),
    message: /./,
  },
  "no labels": {
    break: (dir) => writeFile(join(dir, "config.json"), "{}"),
    message: /expected config\.json to have id2label/,
  },
  "labels with a gap": {
    break: (dir) => writeFile(join(dir, "config.json"), '{"id2label": {"0": "a", "1": "b", "3": "d"}}'),
    message: /expected id2label to name 0 to 2, got no text for 2/,
  },
  "fewer labels than the graph has logits": {
    break: (dir) => writeFile(join(dir, "config.json"), '{"id2label": {"0": "a", "1": "b"}}'),
    message: /config\.json names 2 labels \(id2label\), but the graph's output is logits \[1, 3\]/,
  },
};

for (const [what, { break: breakIt, message }] of Object.entries(BROKEN)) {
  test(`${what} is MODEL_INVALID with the folder's name`, async (t) => {
    const dir = await writeTinyModel(t);
    await breakIt(dir);
    await assert.rejects(loadModel(dir), (error: Error & { code: string }) => {
      assert.equal(error.code, "MODEL_INVALID");
      assert.ok(error.message.startsWith(`model folder ${dir}: `), error.message);
      assert.match(error.message, message);
      return true;
    });
  });
}

test("a size that differs from the graph's is MODEL_INVALID that names both", async (t) => {
  const dir = await writeTinyModel(t, { preprocessor: { crop_size: { height: 9, width: 9 } } });
  await assert.rejects(loadModel(dir), {
    code: "MODEL_INVALID",
    message:
      /preprocessor_config\.json prepares 9 × 9 pixels, but the graph's input is pixel_values \[1, 3, 8, 8\]/,
  });
});
