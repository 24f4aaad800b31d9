import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Classifier, createClassifier } from "../../../src/function/classifier.ts";
import { loadModel } from "../../../src/function/model/load.ts";
import { DEFAULT_MODEL, MODELS_DIR } from "../../../src/models/folder.ts";
import { importTflite } from "../../../src/models/import.ts";
import { DEPLOYED_SETTINGS } from "../../../src/models/settings.ts";
import type { Report } from "../../../src/models/teach/report.ts";
import { teach } from "../../../src/models/teach/teach.ts";
import { realData } from "../../real-data.ts";

const flowers = realData("flowers");
const triage = realData("triage");
const tflite = realData("tflite/mobilenet_v2_1.0_224_quant.tflite");
const isThere = flowers !== undefined && triage !== undefined && tflite !== undefined;

describe("twelve kinds of flowers, 40 images of each, behind MobileNet v2", {
  skip: !isThere && "needs flowers, triage and tflite of ../shared/data",
}, () => {
  const models = mkdtempSync(join(tmpdir(), "teach-flowers-"));
  after(() => rmSync(models, { recursive: true, force: true }));
  let report: Report;
  let classifier: Classifier;

  before(async () => {
    const labels = realData("tflite/imagenet_labels.txt") ?? "";
    importTflite(tflite ?? "", {
      ...{ labels, name: "mobilenet-v2", out: models, weights: "fast", input: "float32" },
    });
    cpSync(join(MODELS_DIR, DEFAULT_MODEL), join(models, DEFAULT_MODEL), { recursive: true });
    report = await teach({ name: "flowers", images: [join(flowers ?? "", "train")], models });
    classifier = await createClassifier(await loadModel(join(models, "flowers")), DEPLOYED_SETTINGS);
  });

  test("mean recall of images that it was not taught with is 95% and within 3 points of the estimate", async () => {
    assert.equal(report.backbone.name, "mobilenet-v2", "upload-triage sees flowers worse");
    const folder = join(flowers ?? "", "test");
    const recalls: number[] = [];
    let unknown = 0;
    for (const label of readdirSync(folder)) {
      const files = readdirSync(join(folder, label));
      let right = 0;
      for (const file of files) {
        const judged = await classifier.classify(readFileSync(join(folder, label, file)));
        if (judged.predictions[0]?.label === label) right++;
        if (judged.unknown?.isUnknown) unknown++;
      }
      recalls.push(right / files.length);
    }
    const recall = recalls.reduce((sum, value) => sum + value, 0) / recalls.length;
    const estimate = report.estimate.accuracy.macroRecall;
    assert.ok(recall >= 0.95, `mean recall ${recall}`);
    assert.ok(Math.abs(recall - estimate) <= 0.03, `mean recall ${recall}, estimated ${estimate}`);
    assert.ok(unknown <= 0.1 * 240, `${unknown} of 240 flowers are called unknown`);
  });

  test("the same photograph under two names is found", () => {
    const pairs = report.duplicates.map((files) => files.map((file) => file.replace(/.*_0*|\.jpg/g, "")));
    assert.ok(
      pairs.some((pair) => pair.join() === "418,446"),
      JSON.stringify(pairs),
    );
    assert.ok(pairs.length < 20);
  });

  for (const label of ["screenshot", "chart"]) {
    test(`of ${label}s of all kinds 90% and more are unknown`, async () => {
      const folder = join(triage ?? "", label);
      const files = readdirSync(folder).filter((_, index) => index % 5 === 0);
      let unknown = 0;
      for (const file of files)
        if ((await classifier.classify(readFileSync(join(folder, file)))).unknown?.isUnknown) unknown++;
      assert.ok(unknown >= 0.9 * files.length, `${unknown} of ${files.length}`);
    });
  }
});
