import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import sharp from "sharp";
import { SAMPLES_DIR, WORTHWHILE } from "../../src/models/compare.ts";
import { type PulledModel, pullFromHub } from "../../src/models/hub/pull.ts";
import { encodeOnnx } from "../../src/models/onnx/model.ts";
import { quantizeModel } from "../../src/models/quantize/quantize.ts";
import { patches, residual, toDynamic, writeGenerated } from "./generated-networks.ts";
import { startHub } from "./hub-server.ts";
import { fusedOperators } from "./run-onnx.ts";

const root = mkdtempSync(join(tmpdir(), "hub-graphs-"));
const models = join(root, "models");
after(() => rmSync(root, { recursive: true, force: true }));

const samples = readdirSync(SAMPLES_DIR).filter((name) => /\.(png|jpg|webp)$/.test(name));
const read = (model: string, file: string) => readFileSync(join(models, model, file));

/** The samples, a little smaller each time: images that a generated network has not been made of, but nearly. */
async function writeVariants(folder: string): Promise<void> {
  for (const [index, name] of samples.entries()) {
    mkdirSync(join(folder, `image ${index}`), { recursive: true });
    for (const width of [300, 260, 220]) {
      const image = sharp(join(SAMPLES_DIR, name)).resize({ width });
      await image.png().toFile(join(folder, `image ${index}`, `${width}.png`));
    }
  }
}

async function pull(model: string, files: Record<string, Uint8Array>): Promise<PulledModel> {
  const configs = Object.fromEntries(
    ["config.json", "preprocessor_config.json"].map((name) => [name, read(model, name)]),
  );
  const hub = await startHub(`team/${model}`, { files: { ...configs, ...files } });
  try {
    return await pullFromHub(
      { id: `team/${model}`, revision: "main" },
      { hub: { endpoint: hub.url }, out: join(root, "pulled"), downloads: join(root, "downloads") },
    );
  } finally {
    hub.close();
  }
}

const found = ({ candidates }: PulledModel, path: string) => {
  const candidate = candidates.find((each) => each.path === path);
  assert.ok(candidate !== undefined, path);
  return candidate;
};

describe("of a residual network's files", () => {
  test("model quantize fuses its convolutions, additions and pooling, and keeps its labels", async () => {
    await writeGenerated(join(models, "residual"), residual, samples);
    const images = join(root, "images");
    await writeVariants(images);
    const made = await quantizeModel({
      ...{ model: "residual", models, images, calibrationImages: 20, minAgreement: 0.95 },
    });
    assert.deepEqual(made.layers, { quantized: 20, all: 21 });
    const operators = await fusedOperators(made.folder);
    assert.equal(operators.QLinearConv, 20);
    assert.equal(operators.QLinearAdd, 8);
    assert.equal(operators.QLinearGlobalAveragePool, 1);
    for (const left of ["Conv", "FusedConv", "Add", "Relu", "BatchNormalization"])
      assert.equal(operators[left], undefined, `${left} in ${JSON.stringify(operators)}`);
  });

  test("pull takes the static one: the dynamic one (ConvInteger), which has the usual name, is no faster", async () => {
    const float = await writeGenerated(join(models, "residual"), residual, samples);
    const pulled = await pull("residual", {
      "onnx/model.onnx": read("residual", "model.onnx"),
      "onnx/model_static.onnx": read("residual-int8", "model.onnx"),
      "onnx/model_quantized.onnx": encodeOnnx(toDynamic(float)),
    });
    const dynamic = found(pulled, "onnx/model_quantized.onnx");
    assert.equal(dynamic.arithmetic, "INT8, dynamic (ConvInteger)");
    const taken = found(pulled, "onnx/model_static.onnx");
    assert.deepEqual([taken.arithmetic, taken.isTaken], ["INT8, static", true]);
    assert.ok((taken.speedup ?? 0) > (dynamic.speedup ?? 0));
  });
});

test("of a network of matrices, pull takes the fastest that keeps the labels, be it MatMulInteger or float32", async () => {
  const float = await writeGenerated(join(models, "patches"), patches, samples);
  const pulled = await pull("patches", {
    "onnx/model.onnx": read("patches", "model.onnx"),
    "onnx/model_quantized.onnx": encodeOnnx(toDynamic(float)),
  });
  const dynamic = found(pulled, "onnx/model_quantized.onnx");
  assert.equal(dynamic.arithmetic, "INT8, dynamic (MatMulInteger)");
  assert.equal(dynamic.same, samples.length);
  assert.equal(dynamic.isTaken, (dynamic.speedup ?? 0) > WORTHWHILE);
  assert.equal(found(pulled, "onnx/model.onnx").isTaken, !dynamic.isTaken);
  assert.match(
    readFileSync(join(pulled.folder, "README.md"), "utf8"),
    /times as fast as the first[\s\S]*dynamic \(MatMulInteger\)/,
  );
});
