import { describe, test } from "node:test";
import { Network } from "../network.ts";
import { assertDequantized, assertQuantized } from "./compare.ts";

const RELU6_SCALE = 6 / 255;

/** What each network is called, and how it is made. All of them end in something of a few hundred values. */
const NETWORKS: Record<string, () => Network> = {
  "CONV_2D with SAME padding at stride 2 pads the bottom and right only"() {
    const net = new Network(1);
    const x = net.input(8);
    const output = net.activation([1, 4, 4, 8], RELU6_SCALE, 0);
    const inputs = [x, net.weights([8, 3, 3, 3], 0.02), net.bias(8)];
    net.layer({ op: "CONV_2D", inputs, output, stride: 2, activation: "RELU6" });
    return net;
  },
  "CONV_2D with VALID padding and dilation 2"() {
    const net = new Network(2);
    const x = net.input(9, 0.01, 77);
    const output = net.activation([1, 5, 5, 5], 0.03, 140);
    const inputs = [x, net.weights([5, 3, 3, 3], 0.015, 131), net.bias(5)];
    net.layer({ op: "CONV_2D", inputs, output, padding: "VALID", dilation: 2 });
    return net;
  },
  "CONV_2D without a bias, fused with RELU"() {
    const net = new Network(3);
    const x = net.input(6);
    const output = net.activation([1, 6, 6, 4], 0.02, 0);
    net.layer({ op: "CONV_2D", inputs: [x, net.weights([4, 1, 1, 3], 0.02)], output, activation: "RELU" });
    return net;
  },
  "CONV_2D on int8 activations with a scale a channel"() {
    const net = new Network(4);
    const x = net.input(8, 1 / 128, -1);
    const output = net.activation([1, 8, 8, 6], 0.04, -10);
    net.layer({ op: "CONV_2D", inputs: [x, net.channelWeights([6, 3, 3, 3], 0), net.bias(6)], output });
    return net;
  },
  "CONV_2D in groups"() {
    const net = new Network(5);
    const x = net.input(5);
    const wide = net.activation([1, 5, 5, 6], 0.03, 120);
    net.layer({ op: "CONV_2D", inputs: [x, net.weights([6, 1, 1, 3], 0.02), net.bias(6)], output: wide });
    const output = net.activation([1, 5, 5, 4], 0.05, 128);
    net.layer({ op: "CONV_2D", inputs: [wide, net.weights([4, 3, 3, 3], 0.02), net.bias(4)], output });
    return net;
  },
  "DEPTHWISE_CONV_2D at stride 2 with two outputs a channel"() {
    const net = new Network(6);
    const x = net.input(7);
    const output = net.activation([1, 4, 4, 6], 0.03, 120);
    const inputs = [x, net.weights([1, 3, 3, 6], 0.02), net.bias(6)];
    net.layer({ op: "DEPTHWISE_CONV_2D", inputs, output, stride: 2 });
    return net;
  },
  "DEPTHWISE_CONV_2D with a scale a channel"() {
    const net = new Network(7);
    const x = net.input(6, 1 / 128, -1);
    const output = net.activation([1, 6, 6, 3], 0.02, -5);
    net.layer({
      op: "DEPTHWISE_CONV_2D",
      inputs: [x, net.channelWeights([1, 3, 3, 3], 3), net.bias(3)],
      output,
    });
    return net;
  },
  "ADD of two scales"() {
    const net = new Network(8);
    const x = net.input(6);
    const [left, right] = [net.activation([1, 6, 6, 4], 0.03, 110), net.activation([1, 6, 6, 4], 0.017, 140)];
    net.layer({ op: "CONV_2D", inputs: [x, net.weights([4, 1, 1, 3], 0.02), net.bias(4)], output: left });
    net.layer({ op: "CONV_2D", inputs: [x, net.weights([4, 1, 1, 3], 0.01), net.bias(4)], output: right });
    net.layer({ op: "ADD", inputs: [left, right], output: net.activation([1, 6, 6, 4], 0.04, 125) });
    return net;
  },
  "AVERAGE_POOL_2D over the whole picture"() {
    const net = new Network(9);
    const x = net.input(7);
    net.layer({
      ...{ op: "AVERAGE_POOL_2D", inputs: [x], filter: 7, padding: "VALID" },
      output: net.activation([1, 1, 1, 3], 1 / 128, 128),
    });
    return net;
  },
  "AVERAGE_POOL_2D of 3×3 with SAME padding averages only what is inside"() {
    const net = new Network(10);
    const x = net.input(7);
    net.layer({
      ...{ op: "AVERAGE_POOL_2D", inputs: [x], filter: 3, stride: 2 },
      output: net.activation([1, 4, 4, 3], 1 / 128, 128),
    });
    return net;
  },
  "MEAN over height and width"() {
    const net = new Network(11);
    const x = net.input(6);
    const output = net.activation([1, 3], 0.005, 120);
    net.layer({ op: "MEAN", inputs: [x, net.constant([1, 2])], output });
    return net;
  },
  "RESHAPE and SQUEEZE keep the NHWC order of the values"() {
    const net = new Network(12);
    const x = net.input(4);
    const wide = net.activation([1, 2, 2, 12], 1 / 128, 128);
    net.layer({ op: "RESHAPE", inputs: [x, net.constant([1, 2, 2, 12])], output: wide });
    const output = net.activation([1, 48], 1 / 128, 128);
    net.layer({ op: "SQUEEZE", inputs: [wide], output });
    return net;
  },
  "PAD with real zeros in front of a VALID convolution"() {
    const net = new Network(13);
    const x = net.input(6, 1 / 100, 90);
    const padded = net.activation([1, 9, 8, 3], 1 / 100, 90);
    net.layer({ op: "PAD", inputs: [x, net.constant([0, 0, 1, 2, 0, 2, 0, 0], [4, 2])], output: padded });
    const output = net.activation([1, 7, 6, 4], 0.03, 128);
    const inputs = [padded, net.weights([4, 3, 3, 3], 0.02), net.bias(4)];
    net.layer({ op: "CONV_2D", inputs, output, padding: "VALID" });
    return net;
  },
  "FULLY_CONNECTED on a picture of several pixels, then SOFTMAX, which is left out"() {
    const net = new Network(14);
    const x = net.input(4);
    const scores = net.activation([1, 10], 0.05, 100);
    net.layer({
      op: "FULLY_CONNECTED",
      inputs: [x, net.weights([10, 48], 0.02), net.bias(10)],
      output: scores,
    });
    net.layer({ op: "SOFTMAX", inputs: [scores], output: net.activation([1, 10], 1 / 256, 0) });
    return net;
  },
  "QUANTIZE of a float32 input and DEQUANTIZE of the output"() {
    const net = new Network(15);
    const x = net.tensor({ shape: [1, 6, 6, 3], type: "FLOAT32" });
    const pixels = net.activation([1, 6, 6, 3], 1 / 127.5, -1);
    net.beginAt(x);
    net.layer({ op: "QUANTIZE", inputs: [x], output: pixels });
    const scores = net.activation([1, 6, 6, 2], 0.05, -3);
    net.layer({
      op: "CONV_2D",
      inputs: [pixels, net.channelWeights([2, 1, 1, 3], 0), net.bias(2)],
      output: scores,
    });
    net.layer({
      op: "DEQUANTIZE",
      inputs: [scores],
      output: net.tensor({ shape: [1, 6, 6, 2], type: "FLOAT32" }),
    });
    return net;
  },
};

describe("a converted operator gives the values of TensorFlow Lite's arithmetic", () => {
  for (const [title, build] of Object.entries(NETWORKS)) test(title, () => assertQuantized(build()));

  test("float32 weights give the same values without the rounding in between", async () => {
    for (const build of Object.values(NETWORKS)) await assertDequantized(build());
  });
});
