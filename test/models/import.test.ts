import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { CommandError } from "../../src/models/errors.ts";
import { sha256 } from "../../src/models/folder.ts";
import { importTflite } from "../../src/models/import.ts";
import { Network } from "./network.ts";

const root = mkdtempSync(join(tmpdir(), "import-"));
after(() => rmSync(root, { recursive: true, force: true }));

/** The mean and deviation that the pixels of `threeClasses` stand for, of pixels from 0 to 1. */
const NORMALIZATION = { mean: [100 / 255], std: [90 / 255] };
const OPTIONS = { weights: "fast", input: "float32", ...NORMALIZATION } as const;
let folder: string;
let file: string;
let out: string;

/** A classifier of three classes on 8×8 pictures whose pixels stand for (q - 100) / 90. */
function threeClasses(): Uint8Array {
  const net = new Network(1);
  const x = net.input(8, 1 / 90, 100);
  const pooled = net.activation([1, 1, 1, 3], 1 / 90, 100);
  net.layer({ op: "AVERAGE_POOL_2D", inputs: [x], output: pooled, filter: 8, padding: "VALID" });
  const inputs = [pooled, net.weights([3, 3], 0.02), net.bias(3)];
  net.layer({ op: "FULLY_CONNECTED", inputs, output: net.activation([1, 3], 0.05, 128) });
  return net.toTflite();
}

function throwsCode(run: () => unknown, code: CommandError["code"], message: RegExp): void {
  assert.throws(
    run,
    (error) => error instanceof CommandError && error.code === code && message.test(error.message),
  );
}

beforeEach(() => {
  folder = mkdtempSync(join(root, "case-"));
  file = join(folder, "my_classifier_quant.tflite");
  out = join(folder, "models");
  writeFileSync(file, threeClasses());
  writeFileSync(join(folder, "my_labels.txt"), "cat\r\ndog\r\nhorse, pony\r\n");
});

describe("importing a TFLite file writes a model folder in the Hugging Face layout", () => {
  test("labels, name and preprocessing come from the file and its neighbours", () => {
    const model = importTflite(file, { ...OPTIONS, out });
    assert.deepEqual(
      [model.name, model.folder, model.labelCount, model.imageSize],
      ["my-classifier", join(out, "my-classifier"), 3, 8],
    );
    assert.deepEqual(readdirSync(model.folder).sort(), [
      "README.md",
      "config.json",
      "model.onnx",
      "preprocessor_config.json",
    ]);
    const config = JSON.parse(readFileSync(join(model.folder, "config.json"), "utf8"));
    assert.deepEqual(config.id2label, { 0: "cat", 1: "dog", 2: "horse, pony" });
    assert.deepEqual(config.label2id, { cat: 0, dog: 1, "horse, pony": 2 });
  });

  test("mean and deviation are those of the graph's own input scale and zero point", () => {
    const model = importTflite(file, { ...OPTIONS, out });
    const preprocessor = JSON.parse(readFileSync(join(model.folder, "preprocessor_config.json"), "utf8"));
    for (const channel of [0, 1, 2]) {
      assert.ok(Math.abs(preprocessor.image_mean[channel] - 100 / 255) < 1e-6);
      assert.ok(Math.abs(preprocessor.image_std[channel] - 90 / 255) < 1e-6);
    }
    assert.deepEqual(
      [preprocessor.size, preprocessor.crop_size],
      [{ shortest_edge: 9 }, { height: 8, width: 8 }],
    );
    assert.equal(preprocessor.resample, 1);
  });

  test("how much of the shorter side is seen can be said", () => {
    const model = importTflite(file, { ...OPTIONS, out, cropRatio: 1 });
    const { size } = JSON.parse(readFileSync(join(model.folder, "preprocessor_config.json"), "utf8"));
    assert.deepEqual(size, { shortest_edge: 8 });
  });

  test("numbers in front of the labels are left out where every line has its own, as Teachable Machine writes", () => {
    const labelsOf = (text: string) => {
      writeFileSync(join(folder, "my_labels.txt"), text);
      const { folder: model } = importTflite(file, { ...OPTIONS, out, force: true });
      return Object.values(JSON.parse(readFileSync(join(model, "config.json"), "utf8")).id2label);
    };
    const fruit = ["fresh apple", "rotten apple", "7 bananas"];
    assert.deepEqual(labelsOf("\uFEFF0 fresh apple\n1 rotten apple\n2 7 bananas\n"), fruit);
    assert.deepEqual(labelsOf("0: fresh apple\n1: rotten apple\n2: 7 bananas"), fruit);
    const euros = ["1 euro", "2 euros", "5 euros"];
    assert.deepEqual(labelsOf(euros.join("\n")), euros);
    assert.deepEqual(labelsOf("0\n1\n2\n"), ["0", "1", "2"]);
  });

  test("a range of its own is asked for, and one half of the answer is not enough", () => {
    const { mean, std, ...silent } = OPTIONS;
    throwsCode(
      () => importTflite(file, { ...silent, out }),
      "PREPROCESSING_UNKNOWN",
      /range is -1\.111 to 1\.722.*--mean/,
    );
    throwsCode(() => importTflite(file, { ...silent, out, mean }), "USAGE", /--mean and --std together/);
    assert.ok(importTflite(file, { ...silent, out, mean, std }));
  });

  test("of several outputs the one with as many values as there are labels is taken", () => {
    const net = new Network(2);
    const x = net.input(8, 1 / 128, 128);
    const mean = net.activation([1, 3], 1 / 128, 128);
    net.layer({ op: "MEAN", inputs: [x, net.constant([1, 2])], output: mean });
    const [age, kind] = [5, 3].map((width) =>
      net.layer({
        ...{ op: "FULLY_CONNECTED", inputs: [mean, net.weights([width, 3], 0.02), net.bias(width)] },
        output: net.activation([1, width], 0.05, 128),
      }),
    );
    writeFileSync(file, net.toTflite([age ?? 0, kind ?? 0]));
    assert.equal(importTflite(file, { weights: "fast", input: "float32", out }).labelCount, 3);
    const labels = join(folder, "ages.txt");
    writeFileSync(labels, "a\nb\nc\nd\ne\n");
    const ages = importTflite(file, { weights: "fast", input: "float32", out, labels, name: "ages" });
    assert.equal(ages.labelCount, 5);
    writeFileSync(labels, "a\nb\n");
    throwsCode(
      () => importTflite(file, { weights: "fast", input: "float32", out, labels, name: "b" }),
      "LABELS_WRONG",
      /expected 5 or 3 labels, .* got 2/,
    );
  });

  test("one sigmoid takes one label or two", () => {
    const net = new Network(3);
    const x = net.input(8, 1 / 128, 128);
    const mean = net.activation([1, 3], 1 / 128, 128);
    net.layer({ op: "MEAN", inputs: [x, net.constant([1, 2])], output: mean });
    const one = net.activation([1, 1], 0.05, 128);
    net.layer({ op: "FULLY_CONNECTED", inputs: [mean, net.weights([1, 3], 0.02), net.bias(1)], output: one });
    net.layer({ op: "LOGISTIC", inputs: [one], output: net.activation([1, 1], 1 / 256, 0) });
    writeFileSync(file, net.toTflite());
    for (const [name, text] of Object.entries({ one: "dog\n", two: "cat\ndog\n" })) {
      const labels = join(folder, `${name}.txt`);
      writeFileSync(labels, text);
      const model = importTflite(file, { weights: "fast", input: "float32", out, labels, name });
      assert.equal(model.labelCount, text.trim().split("\n").length);
    }
  });

  test("the folder is readable by everybody, the hash is that of the model, and nothing else is left", () => {
    const model = importTflite(file, { ...OPTIONS, out });
    assert.equal(statSync(model.folder).mode & 0o777, 0o755);
    assert.equal(model.sha256, sha256(readFileSync(join(model.folder, "model.onnx"))));
    assert.deepEqual(readdirSync(out), ["my-classifier"]);
  });

  test("importing twice with the same options writes the same bytes", () => {
    const first = importTflite(file, { ...OPTIONS, out, name: "a" });
    const second = importTflite(file, { ...OPTIONS, out, name: "a", force: true });
    assert.equal(second.sha256, first.sha256);
  });
});

describe("importing refuses what it cannot do well", () => {
  test("an existing model is replaced only by force", () => {
    importTflite(file, { ...OPTIONS, out });
    throwsCode(() => importTflite(file, { ...OPTIONS, out }), "ALREADY_THERE", /--force/);
    importTflite(file, { ...OPTIONS, out, force: true });
  });

  test("a folder that holds more than a model is never replaced", () => {
    mkdirSync(join(out, "mine"), { recursive: true });
    writeFileSync(join(out, "mine", "thesis.txt"), "years of work");
    const run = () => importTflite(file, { ...OPTIONS, out, name: "mine", force: true });
    throwsCode(run, "ALREADY_THERE", /got thesis\.txt/);
    assert.deepEqual(readdirSync(join(out, "mine")), ["thesis.txt"]);
  });

  test("labels of another number are refused", () => {
    const labels = join(folder, "two.txt");
    writeFileSync(labels, "cat\ndog\n");
    throwsCode(() => importTflite(file, { ...OPTIONS, out, labels }), "LABELS_WRONG", /expected 3 .* got 2/);
  });

  test("no label file beside the model, or several that fit, asks for --labels", () => {
    writeFileSync(join(folder, "other_labels.txt"), "a\nb\nc\n");
    throwsCode(() => importTflite(file, { ...OPTIONS, out }), "LABELS_WRONG", /got 2 among 2 .*--labels/);
    rmSync(join(folder, "other_labels.txt"));
    rmSync(join(folder, "my_labels.txt"));
    throwsCode(() => importTflite(file, { ...OPTIONS, out }), "LABELS_WRONG", /got 0 among 0.*--labels/);
  });

  test("of several label files that fit, the one named like the model is taken", () => {
    writeFileSync(join(folder, "my_classifier_quant_labels.txt"), "a\nb\nc\n");
    const model = importTflite(file, { ...OPTIONS, out });
    const config = JSON.parse(readFileSync(join(model.folder, "config.json"), "utf8"));
    assert.equal(config.id2label[0], "a");
  });

  test("a missing file is FILE_UNREADABLE and a name with a path in it is refused", () => {
    throwsCode(
      () => importTflite(join(folder, "none.tflite"), { ...OPTIONS, out }),
      "FILE_UNREADABLE",
      /ENOENT/,
    );
    throwsCode(() => importTflite(file, { ...OPTIONS, out, name: "../up" }), "USAGE", /"\.\.\/up"/);
  });
});
