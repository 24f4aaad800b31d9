import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { createClassifier } from "../../../src/function/classifier.ts";
import { readConfig } from "../../../src/function/config.ts";
import { createInputBuffers } from "../../../src/function/model/input-buffers.ts";
import { loadModel, type Model } from "../../../src/function/model/load.ts";
import { inspectImage } from "../../../src/function/stages/decode/header.ts";
import { inferLogits } from "../../../src/function/stages/infer.ts";
import { createDecoders, prepareImage } from "../../../src/function/stages/prepare.ts";
import { measureAccuracy } from "../../../src/models/evaluate/accuracy.ts";
import { classifyPictures } from "../../../src/models/evaluate/classify.ts";
import { readImageFolder } from "../../../src/models/evaluate/dataset.ts";
import { type ImportOptions, importTflite } from "../../../src/models/import.ts";
import { realData } from "../../real-data.ts";

const images = realData("imagenet-100");
const v2 = realData("tflite/mobilenet_v2_1.0_224_quant.tflite");
const v1 = realData("tflite/mobilenet_v1_0.75_192_quant.tflite");
const missing = images === undefined || v2 === undefined || v1 === undefined;

const out = mkdtempSync(join(tmpdir(), "imagenet-"));
after(() => rmSync(out, { recursive: true, force: true }));

describe("real photographs", { skip: missing && "needs imagenet-100 and tflite/mobilenet_v*" }, () => {
  if (missing) return;
  const defaults = readConfig({ RESULTS_BUCKET: "not-used" });
  const open = (file: string, options: Pick<ImportOptions, "weights" | "input">): Promise<Model> =>
    loadModel(
      importTflite(file, { ...options, out, name: `${options.weights}-${options.input}`, force: true })
        .folder,
    );
  const rightOf100 = async (model: Model): Promise<number> => {
    const { judgements } = await classifyPictures(
      await createClassifier(model, defaults),
      readImageFolder(images, model.labels),
      { folder: images, inFlight: 4 },
    );
    assert.equal(judgements.length, 100);
    return Math.round(100 * measureAccuracy(judgements, 5).top1);
  };

  test("MobileNet v2 with fast weights names 82 of 100, and as many as with exact ones within 2", async () => {
    const fast = await rightOf100(await open(v2, { weights: "fast", input: "float32" }));
    const exact = await rightOf100(await open(v2, { weights: "exact", input: "float32" }));
    assert.ok(fast >= 82, `${fast} of 100`);
    assert.ok(Math.abs(fast - exact) <= 2, `fast ${fast}, exact ${exact}`);
  });

  test("MobileNet v1 0.75 192 with fast weights names 80 of 100", async () => {
    const fast = await rightOf100(await open(v1, { weights: "fast", input: "float32" }));
    assert.ok(fast >= 80, `${fast} of 100`);
  });

  test("float32 and uint8 imports give identical logits on all 100", async () => {
    const float32 = await open(v1, { weights: "fast", input: "float32" });
    const uint8 = await open(v1, { weights: "fast", input: "uint8" });
    const [floatBuffers, byteBuffers] = [createInputBuffers(float32.input), createInputBuffers(uint8.input)];
    const decoders = createDecoders(defaults);
    for (const { file } of readImageFolder(images, float32.labels)) {
      const header = inspectImage(readFileSync(join(images, file)), defaults.maxImagePixels);
      (await prepareImage(float32, header, floatBuffers, decoders, defaults))();
      (await prepareImage(uint8, header, byteBuffers, decoders, defaults))();
      assert.deepEqual(await inferLogits(float32, floatBuffers), await inferLogits(uint8, byteBuffers), file);
    }
  });
});
