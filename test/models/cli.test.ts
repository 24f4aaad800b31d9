import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import sharp from "sharp";
import { Network } from "./network.ts";

const CLI = join(import.meta.dirname, "../../src/models/cli.ts");
const COLOURS = { red: "#ff2020", green: "#20ff20", blue: "#2020ff" };

const folder = mkdtempSync(join(tmpdir(), "model-cli-"));
const models = join(folder, "models");
const images = join(folder, "images");
after(() => rmSync(folder, { recursive: true, force: true }));

/** Which of red, green and blue is strongest: the mean of each channel, times the identity. */
function colourClassifier(): Uint8Array {
  const net = new Network(1);
  const x = net.input(8, 1 / 128, 128);
  const mean = net.activation([1, 3], 1 / 128, 128);
  net.layer({ op: "MEAN", inputs: [x, net.constant([1, 2])], output: mean });
  const identity = net.tensor({
    ...{ shape: [3, 3], type: "UINT8", scales: [0.1], zeroPoints: [100] },
    data: Uint8Array.of(150, 100, 100, 100, 150, 100, 100, 100, 150),
  });
  net.layer({ op: "FULLY_CONNECTED", inputs: [mean, identity], output: net.activation([1, 3], 0.05, 128) });
  net.layer({ op: "SOFTMAX", inputs: [net.outputIndex], output: net.activation([1, 3], 1 / 256, 0) });
  return net.toTflite();
}

function run(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

before(async () => {
  writeFileSync(join(folder, "colours.tflite"), colourClassifier());
  writeFileSync(join(folder, "labels.txt"), Object.keys(COLOURS).join("\n"));
  for (const [label, background] of Object.entries(COLOURS)) {
    mkdirSync(join(images, label), { recursive: true });
    for (const [name, width] of [
      ["wide.png", 40],
      ["tall.jpg", 12],
    ] as const) {
      await sharp({ create: { width, height: 20, channels: 3, background } }).toFile(
        join(images, label, name),
      );
    }
  }
});

describe("the model command", () => {
  test("imports a TFLite file, prints the result as JSON and exits with 0", async () => {
    const { status, stdout, stderr } = await run(
      "import",
      join(folder, "colours.tflite"),
      "--out",
      models,
      "--json",
    );
    assert.deepEqual([status, stderr], [0, ""]);
    const { name, labelCount, imageSize, weights, input, check } = JSON.parse(stdout);
    assert.deepEqual([name, labelCount, imageSize, weights, input], ["colours", 3, 8, "fast", "float32"]);
    assert.ok(check.images.length >= 14 && check.cpuMs.model > 0 && check.cpuMs.reference > 0);
  });

  test("runs what it imported on images, beside the float32 graph", async () => {
    const args = ["import", join(folder, "colours.tflite"), "--out", join(folder, "checked")];
    const { status, stdout } = await run(...args, "--check", images);
    assert.equal(status, 0);
    assert.match(stdout, /│ blue.tall\.jpg +│ blue 1\.00 +│ blue 1\.00/);
    assert.match(stdout, /The same first label as the float32 graph: 6 of 6 images\./);
    assert.match(stdout, /CPU time per inference, one thread: INT8 [\d.]+ ms, float32 [\d.]+ ms/);
    const { status: missing, stderr } = await run(...args, "--force", "--check", join(folder, "nowhere"));
    assert.equal(missing, 11);
    assert.match(stderr, /DATASET_WRONG: expected a folder of images, there is no .*nowhere/);
  });

  test("refuses means and deviations of another unit or number", async () => {
    const args = ["import", join(folder, "colours.tflite"), "--out", join(folder, "means")];
    for (const [option, value, message] of [
      ["--mean", "127.5", /for pixels from 0 to 1, got 127\.5: divide by 255/],
      ["--mean", "0.1,0.2", /one number or three/],
      ["--std", "0", /above 0/],
      ["--crop-pct", "2", /up to 1/],
    ] as const) {
      const { status, stderr } = await run(...args, option, value);
      assert.equal(status, 2);
      assert.match(stderr, message);
    }
  });

  test("lists it", async () => {
    const { status, stdout } = await run("list", "--models", models, "--json");
    const [{ sha256, sizeBytes, ...model }] = JSON.parse(stdout);
    assert.equal(status, 0);
    assert.deepEqual(model, {
      ...{
        name: "colours",
        isDefault: false,
        input: "float32 [1, 3, 8, 8]",
        arithmetic: "int8",
        labelCount: 3,
      },
    });
    assert.match(sha256, /^[0-9a-f]{64}$/);
    assert.equal(sizeBytes, readFileSync(join(models, "colours", "model.onnx")).length);
    assert.match(
      (await run("list", "--models", models)).stdout,
      /│ colours +│ – +│ int8 +│ float32 \[1, 3, 8, 8\]/,
    );
  });

  test("a folder that is no model is listed with its problem", async () => {
    mkdirSync(join(folder, "mixed", "empty"), { recursive: true });
    const { status, stdout } = await run("list", "--models", join(folder, "mixed"));
    assert.equal(status, 0);
    assert.match(stdout, /empty is no model: ENOENT/);
  });

  test("evaluates it through the function's own code", async () => {
    const svg = join(folder, "confusion.svg");
    const args = ["evaluate", "--model", join(models, "colours"), "--images", images, "--confusion-svg", svg];
    const { status, stdout, stderr } = await run(...args, "--json", "--min-top-1", "100");
    assert.equal(status, 0);
    const result = JSON.parse(stdout);
    assert.deepEqual([result.count, result.top1, result.macroRecall, result.unreadable], [6, 1, 1, []]);
    assert.match(stderr, /^evaluating 100% \(6 of 6 pictures\)$/m);
    assert.match(readFileSync(svg, "utf8"), /colours: top-1 100\.0% of 6 pictures/);
    assert.match((await run(...args)).stdout, /top-1 +│ 100\.0% \(6 of 6\)[\s\S]*│ green +│ +0 │ +2 │/);
  });

  test("a file that is no picture is counted by its code, and the exit status says so", async () => {
    const mixed = join(folder, "images-with-text");
    mkdirSync(join(mixed, "red"), { recursive: true });
    writeFileSync(join(mixed, "red", "letter.jpg"), "Dear reader");
    writeFileSync(join(mixed, "red", "real.png"), readFileSync(join(images, "red", "wide.png")));
    const { status, stdout, stderr } = await run(
      "evaluate",
      "--model",
      join(models, "colours"),
      "--images",
      mixed,
    );
    assert.equal(status, 12);
    assert.match(stdout, /^1 picture could not be read and is not counted above:$/m);
    assert.match(stdout, /UNSUPPORTED_FORMAT: 1\n {2}red\/letter\.jpg/);
    assert.match(stdout, /top-1 +│ 100\.0% \(1 of 1\)/);
    assert.match(stderr, /PICTURES_UNREADABLE: expected pictures that the function accepts, got 1/);
  });

  test("an accuracy below --min-top-1 fails with the status of its own", async () => {
    const list = join(folder, "wrong.tsv");
    writeFileSync(list, "red/wide.png\tblue\nred/tall.jpg\tred\n");
    const args = ["evaluate", "--model", join(models, "colours"), "--images", images, "--list", list];
    const { status, stderr } = await run(...args, "--min-top-1", "60");
    assert.equal(status, 13);
    assert.match(stderr, /BELOW_THRESHOLD: expected top-1 of at least 60%, got 50\.00%/);
  });

  test("wrong usage, a missing model and wrong labels each have their own status", async () => {
    const evaluate = ["evaluate", "--images", images, "--model"];
    const labels = join(folder, "no-labels.txt");
    writeFileSync(labels, "one\n");
    const cases: readonly [number, RegExp, string[]][] = [
      [2, /required option '--images <dir>'/, ["evaluate"]],
      [2, /Allowed choices are fast, exact, float32/, ["import", "x.tflite", "--weights", "best"]],
      [2, /expected 0 to 100, got many/, [...evaluate, "x", "--min-top-1", "many"]],
      [3, /FILE_UNREADABLE: cannot read the model/, ["import", join(folder, "none.tflite")]],
      [5, /LABELS_WRONG/, ["import", join(folder, "colours.tflite"), "--out", folder, "--labels", labels]],
      [6, /ALREADY_THERE/, ["import", join(folder, "colours.tflite"), "--out", models]],
      [10, /MODEL_INVALID: model folder .*no-such-model/, [...evaluate, "no-such-model"]],
    ];
    for (const [expected, message, args] of cases) {
      const { status, stderr, stdout } = await run(...args);
      assert.deepEqual([status, stdout], [expected, ""], `${args.join(" ")}: ${stderr}`);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, / at .*\.ts:\d+/, "a stack trace is for crashes");
    }
    assert.equal(existsSync(join(folder, "colours")), false);
  });

  test("the help lists the exit statuses, and that of a subcommand has examples", async () => {
    const [all, one] = await Promise.all([run("--help"), run("import", "--help")]);
    assert.deepEqual([all.status, one.status], [0, 0]);
    assert.match(all.stdout, /8 HASH_WRONG/);
    assert.match(one.stdout, /Examples:\n {2}\$ npm run model -- /);
  });
});
