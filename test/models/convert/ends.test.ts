import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { convertModel } from "../../../src/models/convert/graph.ts";
import { type Affine, type MeanAndStd, readInput, readPixels } from "../../../src/models/convert/input.ts";
import { CommandError } from "../../../src/models/errors.ts";
import { readTflite } from "../../../src/models/tflite/reader.ts";
import { Network } from "../network.ts";
import { evaluate, real } from "../reference.ts";
import { runLogits } from "../run-onnx.ts";

const SIDE = 6;

/** Behind the head: a mean per channel and a layer of four logits. */
function finish(net: Network, image: number, channels = 3): number {
  if (net.at(image).type === "FLOAT32") {
    const mean = net.layer({
      op: "MEAN",
      inputs: [image, net.constant([1, 2])],
      output: net.float([1, channels]),
    });
    const inputs = [mean, net.floats([4, channels]), net.floats([4])];
    return net.layer({ op: "FULLY_CONNECTED", inputs, output: net.float([1, 4]) });
  }
  const output = net.activation([1, 4], 0.03, 120);
  const inputs = [image, net.weights([4, SIDE, SIDE, channels], 0.005), net.bias(4)];
  const wide = net.activation([1, 1, 1, 4], 0.03, 120);
  net.layer({ op: "CONV_2D", inputs, output: wide, padding: "VALID" });
  return net.layer({ op: "RESHAPE", inputs: [wide], output });
}

/** What a converted file gives for pixels from 0 to 255, and what the reference gives, which reads `asInput` of them. */
async function compare(
  net: Network,
  { pixels: affine, asInput }: { pixels?: Affine | undefined; asInput: (pixel: number) => number },
  tolerance: number,
): Promise<MeanAndStd> {
  const model = readTflite(net.toTflite());
  const input = readInput(model);
  const resolved = affine ?? readPixels(input, undefined, undefined);
  const pixels = Uint8Array.from({ length: SIDE * SIDE * input.channels }, () =>
    Math.floor(256 * net.random()),
  );
  const { values, tensor } = evaluate(net, Array.from(pixels, asInput));
  const expected = values.map((value) => (tensor.type === "FLOAT32" ? value : real(value, tensor)));
  let normalization: MeanAndStd | undefined;
  for (const elementType of ["float32", "uint8"] as const) {
    const converted = convertModel(model, {
      weights: "fast",
      input: elementType,
      pixels: resolved,
      name: "t",
    });
    const [logits = []] = await runLogits(converted, elementType, [pixels]);
    assert.equal(logits.length, expected.length);
    for (const [index, logit] of logits.entries()) {
      const difference = Math.abs(logit - (expected[index] ?? Number.NaN));
      assert.ok(difference <= tolerance, `${elementType}: ${logits} instead of ${expected}`);
    }
    normalization = converted.normalization;
  }
  return normalization as MeanAndStd;
}

function assertNear(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  for (const [index, value] of actual.entries())
    assert.ok(Math.abs(value - (expected[index] ?? Number.NaN)) < 1e-3, `${actual} instead of ${expected}`);
}

const byte = (pixel: number) => pixel;

describe("constants at the head become mean and deviation", () => {
  test("Keras' Rescaling, MUL and ADD, on float32", async () => {
    const net = new Network(1);
    const x = net.float([1, SIDE, SIDE, 3]);
    net.beginAt(x);
    const shape = [1, SIDE, SIDE, 3];
    const scaled = net.layer({
      op: "MUL",
      inputs: [x, net.values([1 / 127.5], [])],
      output: net.float(shape),
    });
    const shifted = net.layer({
      op: "ADD",
      inputs: [scaled, net.values([-1], [])],
      output: net.float(shape),
    });
    finish(net, shifted);
    const { mean, std } = await compare(net, { asInput: byte }, 1e-5);
    assertNear(mean, [0.5, 0.5, 0.5]);
    assertNear(std, [0.5, 0.5, 0.5]);
  });

  test("Rescaling and Normalization, a number per channel", async () => {
    const net = new Network(2);
    const x = net.float([1, SIDE, SIDE, 3]);
    net.beginAt(x);
    const shape = [1, SIDE, SIDE, 3];
    const scaled = net.layer({ op: "MUL", inputs: [net.values([1 / 255], []), x], output: net.float(shape) });
    const mean3 = net.values([0.485, 0.456, 0.406], [1, 1, 1, 3]);
    const centred = net.layer({ op: "SUB", inputs: [scaled, mean3], output: net.float(shape) });
    const inverse = net.values([1 / 0.229, 1 / 0.224, 1 / 0.225]);
    finish(net, net.layer({ op: "MUL", inputs: [centred, inverse], output: net.float(shape) }));
    const { mean, std } = await compare(net, { asInput: byte }, 1e-4);
    assertNear(mean, [0.485, 0.456, 0.406]);
    assertNear(std, [0.229, 0.224, 0.225]);
  });

  test("quantised Rescaling of int8 pixels", async () => {
    const net = new Network(3);
    const shape = [1, SIDE, SIDE, 3];
    const x = net.input(SIDE, 1, -128);
    const scaled = net.activation(shape, 2 / 255, -128);
    net.layer({ op: "MUL", inputs: [x, net.bytes([1 / 127.5], [], 1 / 127.5 / 255, -128)], output: scaled });
    const shifted = net.activation(shape, 2 / 255, -1);
    net.layer({ op: "ADD", inputs: [scaled, net.bytes([-1], [], 1 / 128, 0)], output: shifted });
    finish(net, shifted);
    const { mean, std } = await compare(net, { asInput: (pixel) => pixel - 128 }, 0.1);
    assertNear(mean, [0.5, 0.5, 0.5]);
    assertNear(std, [0.5, 0.5, 0.5]);
  });

  test("a quantised constant whose result is cut off stays in the graph", async () => {
    const net = new Network(15);
    const shape = [1, SIDE, SIDE, 3];
    const x = net.input(SIDE, 1 / 128, 128);
    const cut = net.activation(shape, 1 / 128, 0);
    net.layer({ op: "ADD", inputs: [x, net.bytes([0.25], [], 0.25 / 100, 0)], output: cut });
    const shifted = net.activation(shape, 1 / 128, 100);
    net.layer({ op: "ADD", inputs: [cut, net.bytes([-0.5], [], 0.5 / 100, 0)], output: shifted });
    finish(net, shifted);
    await compare(net, { asInput: byte }, 0.1);
  });

  test("float32 Rescaling in front of a QUANTIZE", async () => {
    const net = new Network(4);
    const shape = [1, SIDE, SIDE, 3];
    const x = net.float(shape);
    net.beginAt(x);
    const scaled = net.layer({ op: "DIV", inputs: [x, net.values([255], [])], output: net.float(shape) });
    const quantized = net.layer({
      op: "QUANTIZE",
      inputs: [scaled],
      output: net.activation(shape, 1 / 255, -128),
    });
    finish(net, quantized);
    const { mean, std } = await compare(net, { asInput: byte }, 0.035);
    assertNear([...mean, ...std], [0, 0, 0, 1, 1, 1]);
  });

  test("uint8 pixels and a CAST", async () => {
    const net = new Network(5);
    const shape = [1, SIDE, SIDE, 3];
    const x = net.tensor({ shape, type: "UINT8" });
    net.beginAt(x);
    const cast = net.layer({ op: "CAST", inputs: [x], output: net.float(shape) });
    const scaled = net.layer({ op: "MUL", inputs: [cast, net.values([0.1], [])], output: net.float(shape) });
    finish(net, scaled);
    const { std } = await compare(net, { asInput: byte }, 1e-4);
    assertNear(std, [10 / 255, 10 / 255, 10 / 255]);
  });

  test("a constant of every pixel, and a value that is used twice, stay in the graph", async () => {
    const net = new Network(6);
    const shape = [1, SIDE, SIDE, 3];
    const x = net.float(shape);
    net.beginAt(x);
    const scaled = net.layer({ op: "MUL", inputs: [x, net.floats(shape)], output: net.float(shape) });
    const twice = net.layer({ op: "MUL", inputs: [scaled, scaled], output: net.float(shape) });
    finish(net, net.layer({ op: "ADD", inputs: [twice, scaled], output: net.float(shape) }));
    const third = { scale: [1 / 255, 1 / 255, 1 / 255], offset: [0, 0, 0] };
    await compare(net, { pixels: third, asInput: (pixel) => pixel / 255 }, 1e-5);
  });
});

describe("inputs of other shapes", () => {
  test("[1, 3, S, S], turned by the file itself, as exports from PyTorch have it", async () => {
    const net = new Network(7);
    const x = net.float([1, 3, SIDE, SIDE]);
    net.beginAt(x);
    const turned = net.float([1, SIDE, SIDE, 3]);
    net.layer({ op: "TRANSPOSE", inputs: [x, net.constant([0, 2, 3, 1])], output: turned });
    finish(net, turned);
    const model = readTflite(net.toTflite());
    const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, () => Math.floor(256 * net.random()));
    const planes = Array.from({ length: 3 }, (_, channel) =>
      Array.from({ length: SIDE * SIDE }, (_, at) => (pixels[3 * at + channel] ?? 0) / 255),
    ).flat();
    const { values } = evaluate(net, planes);
    const third = { scale: [1 / 255, 1 / 255, 1 / 255], offset: [0, 0, 0] };
    for (const input of ["float32", "uint8"] as const) {
      const converted = convertModel(model, { weights: "fast", input, pixels: third, name: "t" });
      const [logits = []] = await runLogits(converted, input, [pixels]);
      assertNear(logits, values);
    }
  });

  test("gray images", async () => {
    const net = new Network(8);
    const x = net.float([1, SIDE, SIDE, 1]);
    net.beginAt(x);
    finish(net, x, 1);
    const pixels = { scale: [1 / 255], offset: [0] };
    const { mean, std } = await compare(net, { pixels, asInput: (pixel) => pixel / 255 }, 1e-5);
    assertNear([...mean, ...std], [0, 1]);
  });
});

describe("what the input holds for a pixel", () => {
  const pixelsOf = (scale: number, zeroPoint: number, given?: MeanAndStd, metadata?: MeanAndStd) => {
    const net = new Network(9);
    finish(net, net.input(SIDE, scale, zeroPoint));
    return readPixels(readInput(readTflite(net.toTflite())), given, metadata);
  };
  const at = ({ scale, offset }: Affine, pixel: number) => (scale[0] ?? 0) * pixel + (offset[0] ?? 0);

  for (const [scale, zeroPoint, low, high] of [
    [1 / 128, 128, -1, 1],
    [2 / 255, -1, -1, 1],
    [1 / 255, -128, 0, 1],
    [1, -128, 0, 255],
    [1, 0, 0, 255],
    [1, 128, -128, 127],
  ] as const) {
    test(`scale ${scale.toFixed(4)} with zero point ${zeroPoint} is the range ${low} to ${high}`, () => {
      const pixels = pixelsOf(scale, zeroPoint);
      assert.ok(Math.abs(at(pixels, 0) - low) < 0.02 && Math.abs(at(pixels, 255) - high) < 0.02);
    });
  }

  test("a range that nobody brings pixels to asks for --mean and --std, which are then taken", () => {
    const unknown = (error: unknown) =>
      error instanceof CommandError &&
      error.code === "PREPROCESSING_UNKNOWN" &&
      /-2\.127 to 2\.631.*--mean 0\.5 --std 0\.5/.test(error.message);
    assert.throws(() => pixelsOf(4.758 / 255, 114), unknown);
  });

  test("the metadata's mean and deviation, of pixels to 255, are taken where the range is no known one", () => {
    const said = pixelsOf(4.758 / 255, 114, undefined, { mean: [123.675], std: [58.395] });
    assert.ok(Math.abs(at(said, 255) - (255 - 123.675) / 58.395) < 1e-6);
  });

  test("metadata within a step of the bytes themselves changes no byte", () => {
    assert.deepEqual(
      pixelsOf(2 / 255, 127, undefined, { mean: [127.5], std: [127.5] }),
      pixelsOf(2 / 255, 127),
    );
  });

  test("what the user gives is above all", () => {
    const given = pixelsOf(1 / 128, 128, { mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.5] });
    assertNear(given.scale, [1 / 51, 1 / 63.75, 1 / 127.5]);
    assertNear(given.offset, [-2, -2, -1.2]);
  });

  test("float32 without a word about its range is asked for", () => {
    const net = new Network(10);
    const x = net.float([1, SIDE, SIDE, 3]);
    net.beginAt(x);
    finish(net, x);
    const input = readInput(readTflite(net.toTflite()));
    assert.throws(() => readPixels(input, undefined, undefined), { code: "PREPROCESSING_UNKNOWN" });
  });
});

describe("scores at the end", () => {
  const third = { scale: [1 / 255, 1 / 255, 1 / 255], offset: [0, 0, 0] };

  function floatNet(seed: number): { net: Network; logits: number } {
    const net = new Network(seed);
    const x = net.float([1, SIDE, SIDE, 3]);
    net.beginAt(x);
    return { net, logits: finish(net, x) };
  }

  async function outputOf(net: Network, labelCount?: number) {
    const model = readTflite(net.toTflite());
    const converted = convertModel(model, {
      ...{ weights: "fast", input: "uint8", pixels: third, name: "t" },
      ...(labelCount !== undefined && { labelCount }),
    });
    const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, index) => (7 * index) % 256);
    const [output = []] = await runLogits(converted, "uint8", [pixels]);
    const { values } = evaluate(
      net,
      Array.from(pixels, (pixel) => pixel / 255),
    );
    return { output, values };
  }

  test("LOGISTIC stays in the graph: the scores are those of a sigmoid", async () => {
    const { net, logits } = floatNet(11);
    net.layer({ op: "LOGISTIC", inputs: [logits], output: net.float([1, 4]) });
    const { output, values } = await outputOf(net);
    assertNear(output, values);
  });

  test("one sigmoid for two labels becomes two logits, of which the softmax is the sigmoid", async () => {
    const { net, logits } = floatNet(12);
    const inputs = [logits, net.floats([1, 4]), net.floats([1])];
    const one = net.layer({ op: "FULLY_CONNECTED", inputs, output: net.float([1, 1]) });
    net.layer({ op: "LOGISTIC", inputs: [one], output: net.float([1, 1]) });
    const { output, values } = await outputOf(net, 2);
    const [first = 0, second = 0] = output;
    assertNear([Math.exp(second) / (Math.exp(first) + Math.exp(second))], values);
  });

  test("SOFTMAX is left out, with what it multiplies, behind QUANTIZE and RESHAPE too", async () => {
    const { net, logits } = floatNet(13);
    net.layer({ op: "SOFTMAX", inputs: [logits], output: net.float([1, 4]), beta: 2 });
    net.layer({ op: "RESHAPE", inputs: [net.outputIndex], output: net.float([4]) });
    const { output } = await outputOf(net);
    const plain = floatNet(13);
    const { values } = await outputOf(plain.net);
    assertNear(
      output,
      values.map((value) => 2 * value),
    );
  });

  test("TensorFlow 2's SOFTMAX in int8 and QUANTIZE to uint8 leave the logits", async () => {
    const net = new Network(14);
    const logits = finish(net, net.input(SIDE, 1 / 128, -1));
    const plain = net.toTflite();
    const scores = net.layer({
      op: "SOFTMAX",
      inputs: [logits],
      output: net.activation([1, 4], 1 / 256, -128),
    });
    net.layer({ op: "QUANTIZE", inputs: [scores], output: net.activation([1, 4], 1 / 256, 0) });
    const [before, after] = [plain, net.toTflite()].map((file) => {
      const model = readTflite(file);
      const pixels = readPixels(readInput(model), undefined, undefined);
      return convertModel(model, { weights: "fast", input: "float32", pixels, name: "t" }).onnx;
    });
    assert.deepEqual(after, before);
  });
});
