import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Ajv } from "ajv";
import { createClassifier } from "../../../src/function/classifier.ts";
import { loadModel } from "../../../src/function/model/load.ts";
import schema from "../../../src/function/result.schema.json" with { type: "json" };
import { classifiedResult } from "../../../src/function/result.ts";
import { PROJECT_DIR } from "../../../src/local/template.ts";
import { DEFAULT_MODEL } from "../../../src/models/folder.ts";
import { decodeOnnx } from "../../../src/models/onnx/model.ts";
import { DEPLOYED_SETTINGS } from "../../../src/models/settings.ts";
import { CLI, images, KINDS, models, open, report, root, TAUGHT, teach, unseen } from "./harness.ts";
import { drawFolder, drawPicture } from "./pictures.ts";

describe("model teach", () => {
  test("makes a model of a folder of images that is as good as it says", async () => {
    const said = await report("drawings", "--images", images);
    assert.equal(said.backbone.name, DEFAULT_MODEL);
    assert.equal(said.estimate.accuracy.count, KINDS.length * TAUGHT);
    assert.equal(said.estimate.leftOut, "image");
    assert.match(
      said.warnings.join("\n"),
      /^only upload-triage .*run `npm run model -- pull mobilenet-v2` first/m,
    );
    const { model, classify } = await open("drawings");
    assert.deepEqual(model.labels, KINDS);
    let right = 0;
    for (const kind of KINDS) {
      for (const file of readdirSync(join(unseen, kind))) {
        const { predictions } = await classify(readFileSync(join(unseen, kind, file)));
        if (predictions[0]?.label === kind) right++;
      }
    }
    const share = right / (8 * KINDS.length);
    assert.ok(share >= 0.9, `${right} of ${8 * KINDS.length} unseen images are right`);
    const { low, high } = said.estimate.top1Interval;
    assert.ok(share >= low - 0.05 && share <= high + 0.05, `${share} of unseen, estimated ${low} to ${high}`);
  });

  test("leaves the backbone's graph as it is, up to the pooled layer", () => {
    const [before, after] = [DEFAULT_MODEL, "drawings"].map(
      (name) => decodeOnnx(readFileSync(join(models, name, "model.onnx"))).graph,
    );
    const kept = after?.node.filter(({ name }) => !name.startsWith("head/")) ?? [];
    assert.ok(kept.filter(({ opType }) => opType === "Conv" || opType === "QLinearConv").length >= 21);
    const originals = new Map(before?.node.map((node) => [node.name, node]));
    const added = /\/vector$|^logits$|^similarity$/;
    for (const node of kept.filter(({ name }) => !added.test(name)))
      assert.deepEqual(node, originals.get(node.name));
    const tensors = new Map(before?.initializer.map((tensor) => [tensor.name, tensor]));
    for (const tensor of after?.initializer ?? []) {
      if (!tensor.name.startsWith("head/")) assert.deepEqual(tensor, tensors.get(tensor.name));
    }
  });

  test("calls what is far from all labels unknown, in a result that fits the schema and names the parts", async () => {
    const { identity, classify } = await open("drawings");
    const path = join(root, "noise.jpg");
    let unknown = 0;
    for (let seed = 0; seed < 6; seed++) {
      await drawPicture(path, "noise", seed);
      const judgement = await classify(readFileSync(path));
      if (judgement.unknown?.isUnknown) unknown++;
      const result = classifiedResult(
        { model: identity, requestId: "request" },
        { bucket: "uploads", key: "noise.jpg" },
        { ...judgement, timingsMs: { fetch: 0, ...judgement.timingsMs } },
      );
      const isValid = new Ajv({ allowUnionTypes: true }).compile(schema);
      assert.ok(isValid(result), JSON.stringify(isValid.errors));
      assert.equal(result.model.parts?.backbone.name, DEFAULT_MODEL);
      assert.match(result.model.parts?.head.sha256 ?? "", /^[0-9a-f]{64}$/);
    }
    assert.ok(unknown >= 5, `${unknown} of 6`);
  });

  test("tells what to do next: suspects, confused pairs, near-duplicates, on a page with the images in it", async () => {
    const folder = join(root, "flawed");
    cpSync(images, folder, { recursive: true });
    // A ring among the bars, and the same image twice.
    cpSync(join(unseen, "rings/100.jpg"), join(folder, "bars/ring.jpg"));
    const twin = readFileSync(join(folder, "dots/1.jpg"));
    writeFileSync(join(folder, "dots/twin.jpg"), Buffer.concat([twin, Buffer.from("trailer")]));
    writeFileSync(join(folder, "rings/letter.jpg"), "Dear reader");
    const said = await report("flawed", "--images", folder);
    assert.ok(
      said.suspects.some(({ file, predicted }) => file === "bars/ring.jpg" && predicted === "rings"),
      JSON.stringify(said.suspects),
    );
    assert.ok(said.confusedPairs.some(({ files }) => files.includes("bars/ring.jpg")));
    assert.deepEqual(said.duplicates, [["dots/1.jpg", "dots/twin.jpg"]]);
    assert.equal(said.estimate.groupCount, said.estimate.accuracy.count - 1);
    assert.deepEqual(said.unreadable, [{ file: "rings/letter.jpg", code: "UNSUPPORTED_FORMAT" }]);
    assert.ok(said.advice.some(({ reason }) => /there are only 1\d/.test(reason)));
    const page = readFileSync(join(models, "flawed/report.html"), "utf8");
    assert.match(page, /<img alt="" src="data:image\/jpeg;base64,[^"]+"><figcaption>bars\/ring\.jpg/);
    assert.doesNotMatch(page, /(src|href)="(?!data:)/, "the page needs nothing from elsewhere");
    const { stdout } = await teach("flawed", "--images", folder, "--force");
    assert.match(stdout, /Perhaps under the wrong label:\n[\s\S]*bars\/ring\.jpg: bars, looks like rings/);
    assert.match(stdout, /Near-duplicates, left out together:\n {2}dots\/1\.jpg, dots\/twin\.jpg/);
    assert.match(stdout, /rings\/letter\.jpg: UNSUPPORTED_FORMAT/);
  });

  test("--extend keeps the labels of the model that it builds on: one inference answers for all", async () => {
    await report("both", "--images", images, "--extend", DEFAULT_MODEL);
    const two = join(root, "two");
    await drawFolder(two, ["noise", "rings"], 8);
    await report("three", "--images", two, "--extend", "both");
    const [triage, both, three] = await Promise.all([DEFAULT_MODEL, "both", "three"].map(open));
    for (const file of ["chart-1.png", "photo-1.jpg", "document-2.jpg"]) {
      const bytes = readFileSync(join(PROJECT_DIR, "test/fixtures", file));
      const alone = await triage?.classify(bytes);
      const second = await both?.classify(bytes);
      const third = await three?.classify(bytes);
      assert.deepEqual(second?.heads, [{ name: DEFAULT_MODEL, predictions: alone?.predictions }]);
      assert.deepEqual(third?.heads, [
        { name: "both", predictions: second?.predictions },
        { name: DEFAULT_MODEL, predictions: alone?.predictions },
      ]);
      assert.deepEqual(new Set(second?.predictions.map(({ label }) => label)), new Set(KINDS));
    }
    assert.notEqual(both?.identity.fingerprint, three?.identity.fingerprint);
    const judgement = await three?.classify(readFileSync(join(unseen, "rings/100.jpg")));
    assert.ok(judgement !== undefined && three !== undefined);
    assert.equal(judgement.predictions[0]?.label, "rings");
    const result = classifiedResult(
      { model: three.identity, requestId: "request" },
      { bucket: "uploads", key: "rings.jpg" },
      { ...judgement, timingsMs: { fetch: 0, ...judgement.timingsMs } },
    );
    const isValid = new Ajv({ allowUnionTypes: true }).compile(schema);
    assert.ok(isValid(result), JSON.stringify(isValid.errors));
  });

  test("its folder is packed into the layer as any model's: what the function needs, and no page", async () => {
    const layer = join(root, "layers/model");
    mkdirSync(layer, { recursive: true });
    cpSync(join(PROJECT_DIR, "layers/model/Makefile"), join(layer, "Makefile"));
    const used = spawnSync(process.execPath, [CLI, "use", "drawings", "--models", models, "--layer", layer]);
    assert.equal(used.status, 0, String(used.stderr));
    const { MODEL: _, ...env } = process.env;
    const artifacts = join(root, "artifacts");
    const built = spawnSync("make", ["--silent", "build-ModelLayer"], {
      cwd: layer,
      env: { ...env, ARTIFACTS_DIR: artifacts },
    });
    assert.equal(built.status, 0, String(built.stderr));
    const packed = join(artifacts, "model/drawings");
    assert.deepEqual(readdirSync(packed).sort(), ["config.json", "model.onnx", "preprocessor_config.json"]);
    const { classify } = await createClassifier(await loadModel(packed), DEPLOYED_SETTINGS);
    const { predictions } = await classify(readFileSync(join(unseen, "rings/100.jpg")));
    assert.equal(predictions[0]?.label, "rings");
  });
});
