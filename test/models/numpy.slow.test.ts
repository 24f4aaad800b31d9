import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import sharp from "sharp";
import { type ConvertOptions, convertModel } from "../../src/models/convert/graph.ts";
import { readInput, readPixels } from "../../src/models/convert/input.ts";
import { countOf } from "../../src/models/tflite/constants.ts";
import { readMetadata } from "../../src/models/tflite/metadata.ts";
import { readTflite } from "../../src/models/tflite/reader.ts";
import { realData } from "../real-data.ts";
import { runLogits } from "./run-onnx.ts";

const PYTHON = "/usr/bin/python3";
const hasNumpy = spawnSync(PYTHON, ["-c", "import numpy"]).status === 0;
const IMAGES = 4;
const photographs = realData("imagenet-100");

/** Mean difference of a logit over all images, in parts of the spread of their logits. */
const ALLOWED = { exact: 0.01, fast: 0.04, float32: 0.06 } as const satisfies Record<
  ConvertOptions["weights"],
  number
>;
/** A first class that the evaluation puts so close behind its own may be the other one: parts of the spread. */
const TIE = 0.05;

const FILES = [
  "cifar10_resnet_int8",
  "vww_96_int8",
  "tf2_mobilenet_v2_1.0_224_ptq",
  "mobilenet_v1_0.25_224_metadata",
  "mobilenet_v1_0.25_128_quant",
  "mobilenet_v1_0.75_192_quant",
  "mobilenet_v2_1.0_224_quant",
];

const folder = mkdtempSync(join(tmpdir(), "numpy-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Photographs, cut to a square. */
function readImages(side: number): Promise<Uint8Array[]> {
  const all = readdirSync(photographs ?? "", { recursive: true, encoding: "utf8" });
  const names = all.filter((name) => name.endsWith(".jpg")).sort();
  return Promise.all(
    Array.from({ length: IMAGES }, async (_, index) => {
      const file = join(photographs ?? "", names[Math.floor((index * names.length) / IMAGES)] ?? "");
      const pixels = await sharp(file)
        .resize(side, side)
        .toColourspace("srgb")
        .removeAlpha()
        .raw()
        .toBuffer();
      return new Uint8Array(pixels);
    }),
  );
}

function byNumpy(file: string, side: number, images: readonly Uint8Array[], width: number): number[][] {
  const [pixels, out] = [join(folder, "pixels"), join(folder, "out")];
  writeFileSync(pixels, Buffer.concat(images));
  const script = join(import.meta.dirname, "numpy/evaluate.py");
  const { status, stderr } = spawnSync(PYTHON, [script, file, pixels, out, String(side)], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  // A copy: small files are read into the middle of a pool.
  const values = new Float64Array(new Uint8Array(readFileSync(out)).buffer);
  return images.map((_, index) => Array.from(values.subarray(index * width, (index + 1) * width)));
}

for (const name of FILES) {
  const file = realData(`tflite/${name}.tflite`);
  const skip =
    (!hasNumpy && `needs ${PYTHON} with NumPy`) ||
    ((file === undefined || photographs === undefined) && `needs tflite/${name}.tflite and imagenet-100`);

  describe(`${name} gives what an independent evaluation in NumPy gives`, { skip }, () => {
    if (skip || file === undefined) return;
    const bytes = readFileSync(file);
    const model = readTflite(bytes);
    const input = readInput(model);
    const pixels = readPixels(input, undefined, readMetadata(model, bytes).normalization);
    let images: Uint8Array[] = [];
    let expected: number[][] = [];
    before(async () => {
      images = await readImages(input.size);
      expected = byNumpy(
        file,
        input.size,
        images,
        countOf(model.tensors[model.outputs[0] ?? -1]?.shape ?? []),
      );
    });

    for (const weights of ["exact", "fast", "float32"] as const) {
      test(`with ${weights} weights`, async () => {
        const converted = convertModel(model, { weights, input: "uint8", pixels, name });
        const results = await runLogits(converted, "uint8", images);
        let [difference, spread] = [0, 0];
        for (const [index, logits] of results.entries()) {
          const right = expected[index] ?? [];
          const own = Math.max(...right) - Math.min(...right);
          const sum = logits.reduce((total, logit, at) => total + Math.abs(logit - (right[at] ?? 0)), 0);
          difference += sum / logits.length;
          spread += own;
          const behind = Math.max(...right) - (right[logits.indexOf(Math.max(...logits))] ?? 0);
          assert.ok(
            behind <= TIE * own,
            `image ${index}: another class, ${behind / own} of the spread behind`,
          );
        }
        const mean = difference / spread;
        assert.ok(mean <= ALLOWED[weights], `${mean} of the spread`);
      });
    }
  });
}
