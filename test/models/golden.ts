import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { type ImportOptions, importTflite } from "../../src/models/import.ts";
import { realData } from "../real-data.ts";
import { runLogits } from "./run-onnx.ts";

interface Golden {
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
  readonly images: readonly { readonly top5: readonly { readonly index: number }[] }[];
}

const out = mkdtempSync(join(tmpdir(), "golden-"));
after(() => rmSync(out, { recursive: true, force: true }));

type Variant = Pick<ImportOptions, "weights" | "input">;

/** Logits of every golden picture, through the import's own preprocessor_config.json. */
async function logitsOf(
  file: string,
  { shape }: Golden,
  pixels: Uint8Array,
  variant: Variant,
): Promise<number[][]> {
  const { folder, imageSize } = importTflite(file, { ...variant, out, force: true });
  const { image_mean, image_std } = JSON.parse(
    readFileSync(join(folder, "preprocessor_config.json"), "utf8"),
  );
  const size = imageSize * imageSize * 3;
  const pictures = Array.from({ length: shape[0] }, (_, index) =>
    Uint8Array.from(pixels.subarray(index * size, (index + 1) * size)),
  );
  const normalization = { mean: image_mean, std: image_std };
  const graph = { onnx: readFileSync(join(folder, "model.onnx")), imageSize, normalization };
  return runLogits(graph, variant.input, pictures);
}

function topFive(logits: readonly number[]): number[] {
  return [...logits.keys()].sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b).slice(0, 5);
}

/** How many pictures share the highest class, and how many of the five highest are shared on average. */
function agreement(golden: Golden, results: readonly (readonly number[])[]): { first: number; five: number } {
  let [first, five] = [0, 0];
  for (const [index, logits] of results.entries()) {
    const expected = golden.images[index]?.top5.map((entry) => entry.index) ?? [];
    const actual = topFive(logits);
    if (actual[0] === expected[0]) first++;
    five += actual.filter((label) => expected.includes(label)).length / results.length;
  }
  return { first, five };
}

/** Asserts that imports of a published file agree with golden logits of it. */
export function describeGolden(model: string): void {
  const file = realData(`tflite/${model}.tflite`);
  const goldenFile = realData(`golden/${model}.json`);
  const pixelsFile = realData(`golden/${model}.pixels.bin`);
  const missing = file === undefined || goldenFile === undefined || pixelsFile === undefined;

  describe(model, { skip: missing && `needs tflite/${model}.tflite and golden/${model}.*` }, () => {
    if (missing) return;
    const golden: Golden = JSON.parse(readFileSync(goldenFile, "utf8"));
    const pixels = readFileSync(pixelsFile);

    test("exact weights agree with an independent fixed-point evaluation of the TFLite graph", async () => {
      const results = await logitsOf(file, golden, pixels, { weights: "exact", input: "uint8" });
      const { first, five } = agreement(golden, results);
      assert.ok(first >= 9, `the highest class agrees on ${first} of 10 pictures`);
      assert.ok(five >= 4, `${five} of the five highest agree on average`);
    });

    test("fast weights agree with it as well, and give identical logits from float32 and from uint8", async () => {
      const results = await logitsOf(file, golden, pixels, { weights: "fast", input: "uint8" });
      const { first, five } = agreement(golden, results);
      assert.ok(first >= 9, `the highest class agrees on ${first} of 10 pictures`);
      assert.ok(five >= 4, `${five} of the five highest agree on average`);
      assert.deepEqual(await logitsOf(file, golden, pixels, { weights: "fast", input: "float32" }), results);
    });
  });
}
