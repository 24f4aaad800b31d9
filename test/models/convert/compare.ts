import assert from "node:assert/strict";
import { type ConvertOptions, convertModel } from "../../../src/models/convert/graph.ts";
import type { Affine } from "../../../src/models/convert/input.ts";
import { readTflite } from "../../../src/models/tflite/reader.ts";
import { type Network, product } from "../network.ts";
import { evaluate, real } from "../reference.ts";
import { pixelsAsBytes, runLogits } from "../run-onnx.ts";

const KINDS: readonly (readonly [ConvertOptions["weights"], ConvertOptions["input"]])[] = [
  ["exact", "float32"],
  ["exact", "uint8"],
  ["fast", "float32"],
  ["fast", "uint8"],
];

/** What a float32 input holds for a pixel. */
export const FLOAT_PIXELS: Affine = {
  scale: [1 / 64, 1 / 100, 1 / 128],
  offset: [-2, -1, -0.5],
};

/** The integer graphs of all kinds give the values of the reference, but for the rounding of a step. */
export async function assertQuantized(network: Network): Promise<void> {
  const model = readTflite(network.toTflite());
  const { pixels, tflitePixels } = randomPixels(network);
  const { values, tensor } = evaluate(network, tflitePixels);
  const expected = values.map((value) => real(value, tensor));
  const quantum = tensor.scales?.[0] ?? 0;
  for (const [weights, input] of KINDS) {
    const converted = convertModel(model, { weights, input, pixels: pixelsAsBytes(model), name: "test" });
    const [logits = []] = await runLogits(converted, input, [pixels]);
    assert.equal(logits.length, expected.length);
    const steps = logits.map((logit, index) => Math.abs(logit - (expected[index] ?? Number.NaN)) / quantum);
    // ONNX Runtime rescales in float32 and halves go to even, TFLite in fixed point and away from zero: a value
    // between two steps may fall either way, which averages of four pixels often are.
    assert.ok(Math.max(...steps) < 1.01, `${weights}/${input}: off by ${Math.max(...steps)} steps`);
    const off = steps.filter((step) => step > 0.5).length;
    assert.ok(
      off <= Math.ceil(0.15 * steps.length),
      `${weights}/${input}: ${off} of ${steps.length} off by one`,
    );
  }
  const saturated = values.filter((value) => value === 0 || value === 255).length;
  assert.ok(saturated < 0.9 * values.length, "the network saturates: it would prove nothing");
}

/** A quantised file with `--weights float32` gives the same values within two steps, where the integers do not saturate. */
export async function assertDequantized(network: Network): Promise<void> {
  const { pixels, tflitePixels } = randomPixels(network);
  const { values, tensor } = evaluate(network, tflitePixels);
  for (const input of ["float32", "uint8"] as const) {
    const model = readTflite(network.toTflite());
    const pixelsOf = { pixels: pixelsAsBytes(model), name: "test" };
    const converted = convertModel(model, { weights: "float32", input, ...pixelsOf });
    const [logits = []] = await runLogits(converted, input, [pixels]);
    const [low, high] = [rangeEnd(tensor, 0), rangeEnd(tensor, 255)];
    for (const [index, logit] of logits.entries()) {
      const expected = real(values[index] ?? Number.NaN, tensor);
      const clamped = Math.min(high, Math.max(low, logit));
      assert.ok(
        Math.abs(clamped - expected) <= 2 * (tensor.scales?.[0] ?? 0),
        `${logit} instead of ${expected}`,
      );
    }
  }
}

/** A float32 file gives the reference's real values. */
export async function assertFloat(network: Network): Promise<void> {
  const model = readTflite(network.toTflite());
  const { shape } = network.inputTensor;
  const pixels = Uint8Array.from({ length: product(shape) }, () => Math.floor(256 * network.random()));
  const { scale, offset } = FLOAT_PIXELS;
  const reals = Array.from(
    pixels,
    (pixel, index) => pixel * (scale[index % 3] ?? 0) + (offset[index % 3] ?? 0),
  );
  const { values } = evaluate(network, reals);
  const largest = Math.max(...values.map(Math.abs));
  assert.ok(new Set(values).size > values.length / 5, "the network saturates: it would prove nothing");
  for (const input of ["float32", "uint8"] as const) {
    const converted = convertModel(model, { weights: "fast", input, pixels: FLOAT_PIXELS, name: "test" });
    assert.equal(converted.arithmetic, "float32");
    const [logits = []] = await runLogits(converted, input, [pixels]);
    assert.equal(logits.length, values.length);
    for (const [index, logit] of logits.entries()) {
      const difference = Math.abs(logit - (values[index] ?? Number.NaN));
      assert.ok(difference <= 1e-5 * largest, `${logit} instead of ${values[index]}`);
    }
  }
}

function rangeEnd(tensor: Parameters<typeof real>[1], byte: number): number {
  return real(tensor.type === "INT8" ? byte - 128 : byte, tensor);
}

/** Pixels as the function has them (uint8 RGB), and as the file's own first quantised tensor holds them. */
export function randomPixels(network: Network): { pixels: Uint8Array; tflitePixels: number[] } {
  const { shape, type } = network.inputTensor;
  const pixels = Uint8Array.from({ length: product(shape) }, () => Math.floor(256 * network.random()));
  const isSigned = type !== "UINT8";
  return { pixels, tflitePixels: Array.from(pixels, (pixel) => (isSigned ? pixel - 128 : pixel)) };
}
