import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import sharp from "sharp";
import { type Classifier, createClassifier } from "../../src/function/classifier.ts";
import { readConfig } from "../../src/function/config.ts";
import { loadModel, type Model } from "../../src/function/model/load.ts";
import { measureAccuracy } from "../../src/models/evaluate/accuracy.ts";
import { classifyPictures } from "../../src/models/evaluate/classify.ts";
import { readImageList } from "../../src/models/evaluate/dataset.ts";
import { MODELS_DIR, sha256 } from "../../src/models/folder.ts";
import { DATA_TYPE, ModelProto } from "../../src/models/onnx/proto.ts";
import { realData } from "../real-data.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures");
const LABELS = ["barcode", "blank", "chart", "document", "icon", "photo", "screenshot"];
const MEGABYTE = 1_000_000;
/** What one of the two networks is held to. */
interface Expected {
  readonly name: string;
  readonly side: number;
  readonly convolutions: number;
  readonly megabytes: number;
  /** On public images. */
  readonly recalls: { readonly mean: number; readonly each: number };
}

interface Tensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly rawData: Uint8Array;
}

/** A PNG of 320 × 240 pixels whose channels are drawn one by one. */
function picture(channelAt: (x: number, y: number, channel: number) => number): Promise<Buffer> {
  const [width, height] = [320, 240];
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return Math.max(0, Math.min(255, channelAt(pixel % width, Math.floor(pixel / width), i % 3)));
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** Numbers from 0 to 1 that repeat (Park and Miller's generator). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

export function testTriage({ name, side, convolutions, megabytes, recalls }: Expected): void {
  describe(name, () => {
    const folder = join(MODELS_DIR, name);
    const onnx = readFileSync(join(folder, "model.onnx"));
    let model: Model;
    let classifier: Classifier;
    before(async () => {
      model = await loadModel(folder);
      classifier = await createClassifier(model, readConfig({ RESULTS_BUCKET: "not-used" }));
    });
    after(() => model.session.release());

    /** The likeliest label and its score. */
    async function classify(bytes: Uint8Array): Promise<{ label: string; score: number }> {
      const { predictions } = await classifier.classify(bytes);
      assert.ok(predictions[0]);
      return predictions[0];
    }

    describe("the sample pictures", () => {
      const files = readdirSync(FIXTURES).filter((name) => /-\d+\.(jpg|png|webp)$/.test(name));

      test("there are two of every class", () => {
        const counts = Object.groupBy(files, (file) => file.split("-")[0] ?? "");
        assert.deepEqual(
          Object.entries(counts).map(([label, group]) => [label, group?.length]),
          LABELS.map((label) => [label, 2]),
        );
      });

      for (const file of files) {
        test(`${file} gets its label`, async () => {
          const { label } = await classify(readFileSync(join(FIXTURES, file)));
          assert.equal(label, file.split("-")[0]);
        });
      }
    });

    describe("pictures of nothing", () => {
      const colours = [
        [255, 255, 255],
        [0, 0, 0],
        [128, 128, 128],
        [246, 241, 228],
        [30, 60, 120],
        [200, 40, 40],
      ] as const;
      for (const colour of colours) {
        test(`plain rgb(${colour.join(", ")}) is blank`, async () => {
          assert.equal((await classify(await picture((_x, _y, c) => colour[c] ?? 0))).label, "blank");
        });
      }

      test("a gradient is blank", async () => {
        const bytes = await picture((x, y, c) => 180 + 0.1 * x + 0.05 * y - 15 * c);
        assert.equal((await classify(bytes)).label, "blank");
      });

      test("near-white with faint noise, as of an empty scan, is blank", async () => {
        const random = randomNumbers(7);
        assert.equal((await classify(await picture(() => 244 + 6 * random()))).label, "blank");
      });

      test("noise gets no score of 0.9", async () => {
        const random = randomNumbers(3);
        const gaussian = () => 128 + 60 * (random() + random() + random() + random() - 2);
        for (const bytes of [await picture(() => 255 * random()), await picture(gaussian)]) {
          const { label, score } = await classify(bytes);
          assert.ok(score < 0.9, `expected less than 0.9, got ${score} for ${label}`);
        }
      });
    });

    describe("the graph", () => {
      const { initializer } = ModelProto.toObject(ModelProto.decode(onnx), { longs: Number }).graph as {
        initializer: Tensor[];
      };
      const weights = initializer.filter(({ name }) => /^w\d+_q$/.test(name));
      const tensorOf = (name: string) => {
        const found = initializer.find((tensor) => tensor.name === name);
        assert.ok(found, `expected ${name} in the graph`);
        return found;
      };

      test(`it takes float32 [1, 3, ${side}, ${side}] and gives seven logits`, () => {
        assert.deepEqual(model.session.inputMetadata, [
          { name: "pixel_values", isTensor: true, type: "float32", shape: [1, 3, side, side] },
        ]);
        assert.deepEqual(model.session.outputMetadata, [
          { name: "logits", isTensor: true, type: "float32", shape: [1, 7] },
        ]);
        assert.deepEqual(model.labels, LABELS);
      });

      test(`its file has at most ${megabytes} MB`, () => {
        assert.ok(onnx.length <= megabytes * MEGABYTE, `got ${onnx.length} bytes`);
      });

      test("the model card names its hash", () => {
        assert.ok(readFileSync(join(folder, "README.md"), "utf8").includes(sha256(onnx)));
      });

      test(`all ${convolutions} convolutions have int8 weights, one scale an output channel, zero point 0`, () => {
        assert.equal(weights.length, convolutions);
        for (const { name, dims, dataType } of weights) {
          assert.equal(dataType, DATA_TYPE.int8, name);
          assert.deepEqual(tensorOf(name.replace("_q", "_scale")).dims, [dims[0]], name);
          const zero = tensorOf(name.replace("_q", "_zero"));
          assert.ok(zero.dataType === DATA_TYPE.int8 && zero.rawData.every((value) => value === 0), name);
        }
      });

      test("no two weights that a 16-bit sum takes together can overflow it", () => {
        for (const { name, dims, rawData } of weights) {
          const [outputs = 0, inputs = 0, height = 0, width = 0] = dims;
          if (inputs === 1) continue; // depthwise: multiplied alone
          const q = new Int8Array(Uint8Array.from(rawData).buffer);
          const area = height * width;
          // The reduction runs over rows, columns, then channels; the file holds channels, rows, columns.
          const at = (output: number, k: number) =>
            q[(output * inputs + (k % inputs)) * area + Math.floor(k / inputs)] ?? 0;
          for (let output = 0; output < outputs; output++) {
            for (let k = 0; k + 1 < inputs * area; k++) {
              const [a, b] = [at(output, k), at(output, k + 1)];
              const [above, below] = [Math.max(a, 0) + Math.max(b, 0), Math.min(a, 0) + Math.min(b, 0)];
              if (255 * above > 32_767 || 255 * below < -32_768)
                assert.fail(`${name}: ${a} and ${b} at ${output}, ${k}`);
            }
          }
        }
      });
    });

    describe("on public images", () => {
      const pictures = realData("triage");
      test(`the classes' mean recall is at least ${recalls.mean}, none is under ${recalls.each}, and the calibration error at most 0.05`, {
        skip: pictures === undefined && "needs ../shared/data/triage",
      }, async () => {
        const images = pictures ?? "";
        const list = readImageList(
          join(MODELS_DIR, "upload-triage/training/validation.tsv"),
          images,
          model.labels,
        );
        const judged = await classifyPictures(classifier, list, { folder: images, inFlight: 4 });
        assert.deepEqual(judged.unreadable, []);
        const { macroRecall, calibrationError, classes } = measureAccuracy(judged.judgements, 1);
        assert.ok(macroRecall >= recalls.mean, `got ${macroRecall}`);
        assert.ok(calibrationError <= 0.05, `got ${calibrationError}`);
        for (const { label, recall } of classes) assert.ok(recall >= recalls.each, `${label}: got ${recall}`);
      });
    });
  });
}
