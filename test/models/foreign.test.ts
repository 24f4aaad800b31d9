import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { zipSync } from "fflate";
import { importTflite } from "../../src/models/import.ts";
import { OnnxGraph } from "../../src/models/onnx/writer.ts";
import { Network } from "./network.ts";

const folder = mkdtempSync(join(tmpdir(), "foreign-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const content = new Uint8Array([1, 2, 3]);
const FILES: Record<string, readonly [name: string, bytes: Uint8Array | string, message: RegExp]> = {
  "an ONNX file": ["a.onnx", new OnnxGraph().encode("x", {}), /ONNX file: .*model\.onnx.*config\.json/],
  "an ONNX file by its bytes": ["a.bin", new OnnxGraph().encode("x", {}), /ONNX file/],
  "TensorFlow.js' model.json": ["model.json", '{"modelTopology": {}}', /TensorFlow\.js model: .*Quantized/],
  "another JSON file": ["config.json", "{}", /JSON file: name the \.tflite/],
  "a Keras file": ["a.h5", "\x89HDF\r\n\x1a\n", /Keras file: .*TFLiteConverter/],
  "Keras 3": ["a.keras", zipSync({ "config.json": content, "model.weights.h5": content }), /Keras file/],
  "a PyTorch file": ["a.pth", zipSync({ "archive/data.pkl": content }), /PyTorch file: .*torch\.onnx/],
  "weights of the hub": ["model.safetensors", "xxxxxxxxxxxx", /weights alone: .*optimum-cli/],
  "Teachable Machine's archive": [
    "converted_tflite_quantized.zip",
    zipSync({ "model.tflite": content, "labels.txt": content }),
    /archive: unpack it and import model\.tflite/,
  ],
  "Teachable Machine's archive for the web": [
    "tm-my-image-model.zip",
    zipSync({ "model.json": content, "weights.bin": content, "metadata.json": content }),
    /TensorFlow\.js model: in Teachable Machine export again/,
  ],
};

const run = (file: string) =>
  importTflite(file, { weights: "fast", input: "float32", out: join(folder, "models") });

describe("what is no TensorFlow Lite file is told what to do", () => {
  for (const [what, [name, bytes, message]] of Object.entries(FILES)) {
    test(what, () => {
      const file = join(folder, name);
      writeFileSync(file, typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
      assert.throws(() => run(file), { code: "MODEL_UNSUPPORTED", message });
    });
  }

  test("folders: a SavedModel, TensorFlow.js, a model folder, any other", () => {
    for (const [inside, message] of [
      ["saved_model.pb", /SavedModel: .*TFLiteConverter/],
      ["model.json", /TensorFlow\.js/],
      ["config.json", /model folder: it needs no import/],
      ["readme.txt", /a folder: name the \.tflite file/],
    ] as const) {
      const dir = mkdtempSync(join(folder, "dir-"));
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, inside), "");
      assert.throws(() => run(dir), { code: "MODEL_UNSUPPORTED", message });
    }
  });

  for (const [customCode, message] of [
    ["edgetpu-custom-op", /compiled for an Edge TPU/],
    ["TFLite_Detection_PostProcess", /object detector/],
    ["FlexResizeArea", /TFLITE_BUILTINS/],
  ] as const) {
    test(`a TensorFlow Lite file with ${customCode}`, () => {
      const net = new Network(1);
      const x = net.input(8);
      net.layer({ op: "CUSTOM", customCode, inputs: [x], output: net.activation([1, 3], 0.05, 128) });
      const file = join(folder, `${customCode}.tflite`);
      writeFileSync(file, net.toTflite());
      writeFileSync(join(folder, `${customCode}_labels.txt`), "a\nb\nc\n");
      const labels = join(folder, `${customCode}_labels.txt`);
      const importing = () =>
        importTflite(file, { weights: "fast", input: "float32", out: join(folder, "models"), labels });
      assert.throws(importing, { code: "MODEL_UNSUPPORTED", message });
    });
  }
});
