import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { convertModel } from "../../../src/models/convert/graph.ts";
import { readTflite } from "../../../src/models/tflite/reader.ts";
import { type Layer, Network, product } from "../network.ts";
import { evaluate } from "../reference.ts";
import { pixelsAsBytes, runLogits } from "../run-onnx.ts";
import { assertDequantized, assertFloat, assertQuantized, randomPixels } from "./compare.ts";

type Build = (net: Network, image: number) => void;

/** A quantised network that begins with a convolution of 3 channels to `channels`, at 6 × 6. */
async function quantized(seed: number, build: Build, channels = 4): Promise<void> {
  const net = new Network(seed);
  const x = net.input(6);
  const image = net.activation([1, 6, 6, channels], 0.03, 110);
  const inputs = [x, net.weights([channels, 1, 1, 3], 0.02), net.bias(channels)];
  net.layer({ op: "CONV_2D", inputs, output: image });
  build(net, image);
  await assertQuantized(net);
  await assertDequantized(net);
}

async function float(seed: number, build: Build): Promise<void> {
  const net = new Network(seed);
  const x = net.float([1, 6, 6, 3]);
  net.beginAt(x);
  build(net, x);
  await assertFloat(net);
}

/** An output as the input is: uint8 of that quantisation, or float32. */
function like(net: Network, input: number, shape: readonly number[], scale = 0.03, zeroPoint = 110): number {
  return net.at(input).type === "FLOAT32" ? net.float(shape) : net.activation(shape, scale, zeroPoint);
}

async function both(seed: number, build: Build): Promise<void> {
  await quantized(seed, build, 3);
  await float(seed, build);
}

describe("pooling", () => {
  test("MAX_POOL_2D with SAME and with VALID padding", async () => {
    for (const padding of ["SAME", "VALID"] as const) {
      const size = padding === "SAME" ? 3 : 2;
      await both(50, (net, image) => {
        const output = like(net, image, [1, size, size, 3]);
        net.layer({ op: "MAX_POOL_2D", inputs: [image], output, filter: 3, stride: 2, padding });
      });
    }
  });

  test("MAX_POOL_2D into another scale", () =>
    quantized(51, (net, image) => {
      const output = net.activation([1, 3, 3, 4], 0.025, 90);
      net.layer({ op: "MAX_POOL_2D", inputs: [image], output, filter: 2, stride: 2, padding: "VALID" });
    }));

  test("AVERAGE_POOL_2D of windows and of everything", () =>
    both(52, (net, image) => {
      const pooled = like(net, image, [1, 3, 3, 3]);
      net.layer({ op: "AVERAGE_POOL_2D", inputs: [image], output: pooled, filter: 3, stride: 2 });
      const output = like(net, image, [1, 1, 1, 3]);
      net.layer({ op: "AVERAGE_POOL_2D", inputs: [pooled], output, filter: 3, padding: "VALID" });
    }));
});

describe("reductions", () => {
  const cases: readonly (readonly [Layer["op"], number[], number[], number])[] = [
    ["MEAN", [1, 2], [1, 3], 0.03],
    ["MEAN", [-2, -3], [1, 1, 1, 3], 0.03],
    ["MEAN", [1], [1, 6, 3], 0.03],
    ["MEAN", [3], [1, 6, 6], 0.03],
    ["SUM", [1, 2], [1, 3], 0.5],
    ["REDUCE_MAX", [1, 2], [1, 3], 0.03],
  ];
  for (const [op, axes, shape, scale] of cases) {
    test(`${op} over [${axes}] to [${shape}]`, () =>
      both(53, (net, image) => {
        net.layer({ op, inputs: [image, net.constant(axes)], output: like(net, image, shape, scale) });
      }));
  }
});

describe("concatenation", () => {
  for (const axis of [3, -1, 1, 2]) {
    test(`along axis ${axis}, of different scales`, async () => {
      const along = axis < 0 ? axis + 4 : axis;
      const shape = [1, 6, 6, 3].map((size, at) => (at === along ? 2 * size : size));
      await both(54, (net, image) => {
        const second = like(net, image, [1, 6, 6, 3], 0.023, 130);
        net.layer({ op: "MAX_POOL_2D", inputs: [image], output: second, filter: 3 });
        const output = like(net, image, shape, 0.041, 100);
        net.layer({ op: "CONCATENATION", inputs: [image, second], axis, output });
      });
    });
  }

  test("of rows", () =>
    both(55, (net, image) => {
      const mean = like(net, image, [1, 3]);
      net.layer({ op: "MEAN", inputs: [image, net.constant([1, 2])], output: mean });
      const most = like(net, image, [1, 3]);
      net.layer({ op: "REDUCE_MAX", inputs: [image, net.constant([1, 2])], output: most });
      net.layer({ op: "CONCATENATION", inputs: [mean, most], axis: 1, output: like(net, image, [1, 6]) });
    }));
});

describe("moving data", () => {
  test("TRANSPOSE of an image, of every order", async () => {
    for (const order of [
      [0, 3, 1, 2],
      [0, 2, 1, 3],
      [0, 2, 3, 1],
      [0, 3, 2, 1],
    ]) {
      await both(56, (net, image) => {
        const shape = order.map((axis) => [1, 6, 6, 3][axis] ?? 0);
        net.layer({ op: "TRANSPOSE", inputs: [image, net.constant(order)], output: like(net, image, shape) });
      });
    }
  });

  test("channels shuffled by RESHAPE to five dimensions, TRANSPOSE and back, as ShuffleNet does", () =>
    quantized(
      57,
      (net, image) => {
        const [parts, swapped] = [like(net, image, [1, 6, 6, 2, 3]), like(net, image, [1, 6, 6, 3, 2])];
        net.layer({ op: "RESHAPE", inputs: [image, net.constant([1, 6, 6, 2, 3])], output: parts });
        net.layer({ op: "TRANSPOSE", inputs: [parts, net.constant([0, 1, 2, 4, 3])], output: swapped });
        net.layer({ op: "RESHAPE", inputs: [swapped], output: like(net, image, [1, 6, 6, 6]) });
      },
      6,
    ));

  test("RESHAPE with an open batch: what only computes the shape is left out", () =>
    both(58, (net, image) => {
      const shape = net.tensor({ shape: [4], type: "INT32" });
      net.layer({ op: "SHAPE", inputs: [image], output: shape });
      net.layer({ op: "RESHAPE", inputs: [image, shape], output: like(net, image, [1, 108]) });
    }));

  test("EXPAND_DIMS", () =>
    both(59, (net, image) => {
      const mean = like(net, image, [1, 3]);
      net.layer({ op: "MEAN", inputs: [image, net.constant([1, 2])], output: mean });
      net.layer({
        op: "EXPAND_DIMS",
        inputs: [mean, net.constant([1])],
        output: like(net, image, [1, 1, 3]),
      });
    }));

  test("PAD puts real zeros around, in both arithmetics", () =>
    both(60, (net, image) => {
      const inputs = [image, net.constant([0, 0, 1, 2, 0, 2, 0, 0], [4, 2])];
      net.layer({ op: "PAD", inputs, output: like(net, image, [1, 9, 8, 3]) });
    }));

  for (const op of ["MAX_POOL_2D", "AVERAGE_POOL_2D"] as const) {
    for (const size of [1, 2]) {
      test(`PAD of ${size} in front of ${op}: its zeros count, as in ResNet's pool1_pad`, () =>
        both(68, (net, image) => {
          const side = 6 + 2 * size;
          // All below zero, so that a maximum tells zeros from nothing.
          const below = like(net, image, [1, 6, 6, 3], 0.02, 200);
          const isFloat = net.at(image).type === "FLOAT32";
          const limit = isFloat ? net.values([10], []) : net.bytes([0], [], 0.01, 100);
          net.layer({ op: isFloat ? "SUB" : "MINIMUM", inputs: [image, limit], output: below });
          const padded = like(net, image, [1, side, side, 3], 0.02, 200);
          const pads = net.constant([0, 0, size, size, size, size, 0, 0], [4, 2]);
          net.layer({ op: "PAD", inputs: [below, pads], output: padded });
          const pooled = Math.floor((side - 2) / 2) + 1;
          const output = like(net, image, [1, pooled, pooled, 3], op === "MAX_POOL_2D" ? 0.02 : 0.0213, 200);
          net.layer({ op, inputs: [padded], output, filter: 2, stride: 2, padding: "VALID" });
        }));
    }
  }

  test("QUANTIZE from one scale to another in the middle", () =>
    quantized(61, (net, image) => {
      net.layer({ op: "QUANTIZE", inputs: [image], output: net.activation([1, 6, 6, 4], 0.05, -10) });
    }));
});

describe("float32 layers", () => {
  test("CONV_2D, dilated and in strides, and without a bias", async () => {
    await float(62, (net, image) => {
      const wide = net.float([1, 3, 3, 5]);
      net.layer({
        op: "CONV_2D",
        inputs: [image, net.floats([5, 3, 3, 3]), net.floats([5])],
        output: wide,
        stride: 2,
      });
      net.layer({
        op: "CONV_2D",
        inputs: [wide, net.floats([2, 2, 2, 5]), -1],
        output: net.float([1, 3, 3, 2]),
        dilation: 2,
      });
    });
  });

  test("DEPTHWISE_CONV_2D with two outputs per channel", () =>
    float(63, (net, image) => {
      const inputs = [image, net.floats([1, 3, 3, 6]), net.floats([6])];
      net.layer({ op: "DEPTHWISE_CONV_2D", inputs, output: net.float([1, 6, 6, 6]), multiplier: 2 });
    }));

  test("weights stored as float16, and as int8 with a scale per channel", async () => {
    await float(64, (net, image) => {
      const [stored, bias] = [net.floats([5, 3, 3, 3], "FLOAT16"), net.floats([5], "FLOAT16")];
      const [weights, realBias] = [net.float([5, 3, 3, 3]), net.float([5])];
      net.layer({ op: "DEQUANTIZE", inputs: [stored], output: weights });
      net.layer({ op: "DEQUANTIZE", inputs: [bias], output: realBias });
      net.layer({ op: "CONV_2D", inputs: [image, weights, realBias], output: net.float([1, 6, 6, 5]) });
    });
    await float(65, (net, image) => {
      const wide = net.float([1, 6, 6, 5]);
      net.layer({
        op: "CONV_2D",
        inputs: [image, net.channelWeights([5, 3, 3, 3], 0), net.floats([5])],
        output: wide,
      });
      const inputs = [wide, net.channelWeights([1, 3, 3, 5], 3), net.floats([5])];
      net.layer({ op: "DEPTHWISE_CONV_2D", inputs, output: net.float([1, 6, 6, 5]) });
    });
  });

  test("FULLY_CONNECTED on the rows of an image keeps its dimensions", () =>
    both(66, (net, image) => {
      const isFloat = net.at(image).type === "FLOAT32";
      const [weights, bias] = isFloat
        ? [net.floats([5, 3]), net.floats([5])]
        : [net.weights([5, 3], 0.02), net.bias(5)];
      net.layer({
        op: "FULLY_CONNECTED",
        inputs: [image, weights, bias],
        output: like(net, image, [1, 6, 6, 5]),
      });
    }));

  test("a float32 tail behind an integer body", async () => {
    const net = new Network(67);
    const x = net.input(6);
    const mean = net.activation([1, 3], 1 / 128, 128);
    net.layer({ op: "MEAN", inputs: [x, net.constant([1, 2])], output: mean });
    const real = net.layer({ op: "DEQUANTIZE", inputs: [mean], output: net.float([1, 3]) });
    net.layer({
      op: "FULLY_CONNECTED",
      inputs: [real, net.floats([4, 3]), net.floats([4])],
      output: net.float([1, 4]),
    });
    const model = readTflite(net.toTflite());
    const { pixels, tflitePixels } = randomPixels(net);
    const converted = convertModel(model, {
      ...{ weights: "fast", input: "uint8", pixels: pixelsAsBytes(model), name: "test" },
    });
    const [logits = []] = await runLogits(converted, "uint8", [pixels]);
    const { values } = evaluate(net, tflitePixels);
    assert.equal(logits.length, product([1, 4]));
    for (const [index, logit] of logits.entries())
      assert.ok(Math.abs(logit - (values[index] ?? Number.NaN)) < 0.02, `${logits} instead of ${values}`);
  });
});
