import { describe, test } from "node:test";
import { Network } from "../network.ts";
import { assertDequantized, assertFloat, assertQuantized } from "./compare.ts";

/** Two images of the same size and different scales, by a convolution each. */
function twoBranches(seed: number, zeroPoints: readonly [number, number] = [110, 140]) {
  const net = new Network(seed);
  const x = net.input(6);
  const branch = (scale: number, zeroPoint: number, weightScale: number) => {
    const output = net.activation([1, 6, 6, 4], scale, zeroPoint);
    const inputs = [x, net.weights([4, 1, 1, 3], weightScale), net.bias(4)];
    return net.layer({ op: "CONV_2D", inputs, output });
  };
  return { net, left: branch(0.03, zeroPoints[0], 0.02), right: branch(0.017, zeroPoints[1], 0.01) };
}

function floatBranches(seed: number) {
  const net = new Network(seed);
  const x = net.float([1, 6, 6, 3]);
  net.beginAt(x);
  const branch = () => {
    const inputs = [x, net.floats([4, 1, 1, 3]), net.floats([4])];
    return net.layer({ op: "CONV_2D", inputs, output: net.float([1, 6, 6, 4]) });
  };
  return { net, left: branch(), right: branch() };
}

const BINARY = [
  ["ADD", 0.04, 125],
  ["SUB", 0.04, 125],
  ["MUL", 0.02, 100],
  ["MAXIMUM", 0.03, 120],
  ["MINIMUM", 0.03, 120],
] as const;

describe("arithmetic of two values, of a value and a constant, and of different shapes", () => {
  for (const [op, scale, zeroPoint] of BINARY) {
    test(`${op} of two images`, async () => {
      const { net, left, right } = twoBranches(20);
      net.layer({ op, inputs: [left, right], output: net.activation([1, 6, 6, 4], scale, zeroPoint) });
      await assertQuantized(net);
      await assertDequantized(net);
      const float = floatBranches(21);
      float.net.layer({ op, inputs: [float.left, float.right], output: float.net.float([1, 6, 6, 4]) });
      await assertFloat(float.net);
    });

    test(`${op} with a constant per channel, on either side`, async () => {
      for (const isFirst of [false, true]) {
        const { net, left } = twoBranches(22);
        const constant = net.bytes([0.5, -0.7, 0.2, 1.1], [4], 0.01, 120);
        const inputs = isFirst ? [constant, left] : [left, constant];
        net.layer({ op, inputs, output: net.activation([1, 6, 6, 4], scale, zeroPoint) });
        await assertQuantized(net);
        await assertDequantized(net);
        const float = floatBranches(23);
        const values = float.net.values([0.5, -0.7, 0.2, 1.1], [1, 1, 4]);
        const operands = isFirst ? [values, float.left] : [float.left, values];
        float.net.layer({ op, inputs: operands, output: float.net.float([1, 6, 6, 4]) });
        await assertFloat(float.net);
      }
    });
  }

  test("ADD of an image and one pixel, as squeeze and excitation has it", async () => {
    const { net, left, right } = twoBranches(24);
    const pooled = net.activation([1, 1, 1, 4], 0.017, 140);
    net.layer({ op: "AVERAGE_POOL_2D", inputs: [right], output: pooled, filter: 6, padding: "VALID" });
    net.layer({ op: "ADD", inputs: [left, pooled], output: net.activation([1, 6, 6, 4], 0.04, 125) });
    await assertQuantized(net);
  });

  test("MUL of an image with a row [1, 4], which broadcasts along the channels", async () => {
    const { net, left, right } = twoBranches(25);
    const mean = net.activation([1, 4], 0.017, 140);
    net.layer({ op: "MEAN", inputs: [right, net.constant([1, 2])], output: mean });
    net.layer({ op: "MUL", inputs: [left, mean], output: net.activation([1, 6, 6, 4], 0.01, 125) });
    await assertQuantized(net);
  });

  test("ADD with a constant of every pixel keeps its NHWC order", async () => {
    const { net, left, right: _ } = floatBranches(26);
    const inputs = [left, net.floats([1, 6, 6, 4])];
    net.layer({ op: "ADD", inputs, output: net.float([1, 6, 6, 4]) });
    await assertFloat(net);
  });

  test("SUB and DIV by a constant, float", async () => {
    const { net, left } = floatBranches(27);
    const shifted = net.layer({
      op: "SUB",
      inputs: [left, net.values([0.3], [])],
      output: net.float([1, 6, 6, 4]),
    });
    net.layer({ op: "DIV", inputs: [shifted, net.values([2, 3, 4, 5])], output: net.float([1, 6, 6, 4]) });
    await assertFloat(net);
  });

  test("PRELU has a slope per channel", async () => {
    const { net, left } = floatBranches(28);
    const inputs = [left, net.values([0.1, 0.2, 0.3, 0.4], [1, 1, 4])];
    net.layer({ op: "PRELU", inputs, output: net.float([1, 6, 6, 4]) });
    await assertFloat(net);
  });
});

const UNARY = [
  ["LEAKY_RELU", 0.03, 40],
  ["HARD_SWISH", 0.025, 20],
  ["LOGISTIC", 1 / 256, 0],
  ["TANH", 0.02, 128],
  ["RELU", 0.02, 0],
  ["RELU6", 6 / 255, 0],
  ["RELU_N1_TO_1", 0.03, 120],
] as const;

describe("functions of one value", () => {
  for (const [op, scale, zeroPoint] of UNARY) {
    test(op, async () => {
      const { net, left } = twoBranches(30);
      const output = net.activation([1, 6, 6, 4], scale, zeroPoint);
      net.layer({ op, inputs: [left], output, alpha: 0.1 });
      await assertQuantized(net);
      await assertDequantized(net);
      const float = floatBranches(31);
      float.net.layer({ op, inputs: [float.left], output: float.net.float([1, 6, 6, 4]), alpha: 0.1 });
      await assertFloat(float.net);
    });
  }
});

describe("fused activations are cut off where saturation does not do it", () => {
  const ACTIVATIONS = [
    ["RELU6 over a range of its own", "RELU6", 6 / 255, 0],
    ["RELU6 calibrated to end below 6", "RELU6", 5.9 / 255, 0],
    ["RELU6 in a wider range", "RELU6", 0.04, 30],
    ["RELU in a range that has negative values", "RELU", 0.03, 50],
    ["RELU_N1_TO_1", "RELU_N1_TO_1", 0.012, 128],
    ["NONE, where the range alone says RELU", "NONE", 0.02, 0],
    ["NONE on int8, where the range alone says RELU6", "NONE", 6 / 255, -128],
  ] as const;
  for (const [title, activation, scale, zeroPoint] of ACTIVATIONS) {
    test(title, async () => {
      const net = new Network(40);
      const x = net.input(8);
      const inputs = [x, net.weights([8, 3, 3, 3], 0.02), net.bias(8)];
      net.layer({
        op: "CONV_2D",
        inputs,
        output: net.activation([1, 8, 8, 8], scale, zeroPoint),
        activation,
      });
      await assertQuantized(net);
      // Behind another layer: what is not cut off in float32 would be seen.
      const wide = net.activation([1, 8, 8, 4], 0.05, 128);
      const next = [net.outputIndex, net.weights([4, 1, 1, 8], 0.01), net.bias(4)];
      net.layer({ op: "CONV_2D", inputs: next, output: wide });
      await assertQuantized(net);
      await assertDequantized(net);
      const float = new Network(41);
      const image = float.float([1, 8, 8, 3]);
      float.beginAt(image);
      const operands = [image, float.floats([8, 3, 3, 3]), float.floats([8])];
      float.layer({ op: "CONV_2D", inputs: operands, output: float.float([1, 8, 8, 8]), activation });
      await assertFloat(float);
    });
  }

  test("ADD with a fused RELU", async () => {
    const { net, left, right } = twoBranches(42);
    net.layer({
      ...{ op: "ADD", inputs: [left, right], activation: "RELU" },
      output: net.activation([1, 6, 6, 4], 0.04, 60),
    });
    await assertQuantized(net);
    await assertDequantized(net);
  });
});
