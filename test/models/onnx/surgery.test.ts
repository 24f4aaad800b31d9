import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { decodeOnnx, encodeOnnx, type OnnxModel, type ValueInfo } from "../../../src/models/onnx/model.ts";
import { cutToFeatures } from "../../../src/models/onnx/surgery.ts";
import { OnnxGraph } from "../../../src/models/onnx/writer.ts";

/** A mean of each channel, then whatever `classifier` makes of the three, as an output named scores. */
function network(classifier: (graph: OnnxGraph, pooled: string) => string): OnnxModel {
  const graph = new OnnxGraph();
  const pixels = graph.input("pixels", "float32", [1, 3, 4, 4]);
  const weights = graph.constant("stem", Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), [3, 3, 1, 1]);
  const stem = graph.node({ opType: "Conv", inputs: [pixels, weights], output: "stem_out" });
  const pooled = graph.node({ opType: "GlobalAveragePool", inputs: [stem], output: "pooled" });
  const flat = graph.node({ opType: "Flatten", inputs: [pooled], output: "flat" });
  graph.output(classifier(graph, flat), "float32", [1, 2]);
  return decodeOnnx(graph.encode("network", {}));
}

const matrix = (graph: OnnxGraph) => graph.constant("matrix", Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);

async function run(model: OnnxModel, output: string): Promise<number[]> {
  const out = [{ name: output, type: { tensorType: { elemType: 1 } } }] as ValueInfo[];
  const session = await InferenceSession.create(
    encodeOnnx({ ...model, graph: { ...model.graph, output: out } }),
  );
  const pixels = Float32Array.from({ length: 48 }, (_, index) => Math.floor(index / 16) + 1);
  const results = await session.run({ pixels: new Tensor("float32", pixels, [1, 3, 4, 4]) });
  await session.release();
  return Array.from(results[output]?.data as Float32Array);
}

describe("a classifier is cut in front of its last layer with weights", () => {
  const classifiers: Record<string, (graph: OnnxGraph, flat: string) => string> = {
    "a Gemm": (graph, flat) =>
      graph.node({ opType: "Gemm", inputs: [flat, matrix(graph)], output: "scores" }),
    "a MatMul, a bias and a softmax": (graph, flat) => {
      const product = graph.node({ opType: "MatMul", inputs: [flat, matrix(graph)], output: "product" });
      const bias = graph.constant("bias", Float32Array.of(1, 1), [2]);
      const logits = graph.node({ opType: "Add", inputs: [product, bias], output: "logits" });
      return graph.node({ opType: "Softmax", inputs: [logits], output: "scores" });
    },
    "weights that are dequantised and transposed": (graph, flat) => {
      const weights = graph.constant("int8", Int8Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
      const scale = graph.constant("scale", Float32Array.of(0.5), []);
      const float = graph.node({ opType: "DequantizeLinear", inputs: [weights, scale], output: "float" });
      const turned = graph.node({ opType: "Transpose", inputs: [float], output: "turned" });
      return graph.node({ opType: "MatMul", inputs: [flat, turned], output: "scores" });
    },
  };
  for (const [name, classifier] of Object.entries(classifiers)) {
    test(`with ${name}`, async () => {
      const model = network(classifier);
      const features = cutToFeatures(model.graph, "scores");
      assert.equal(features, "flat");
      assert.deepEqual(
        model.graph.node.map(({ opType }) => opType),
        ["Conv", "GlobalAveragePool", "Flatten"],
      );
      assert.deepEqual(
        model.graph.initializer.map(({ name: constant }) => constant),
        ["stem"],
      );
      assert.deepEqual(await run(model, features), [1, 2, 3]);
    });
  }

  test("with a dynamically quantised one, the float features are those in front of the quantisation", async () => {
    const model = network((graph, flat) => {
      graph.constant("unused", Float32Array.of(0), []);
      const q = graph.node({ opType: "DynamicQuantizeLinear", inputs: [flat], output: "q" });
      const weights = graph.constant("int8", Int8Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
      const product = graph.node({ opType: "MatMulInteger", inputs: [q, weights], output: "product" });
      return graph.node({ opType: "Cast", inputs: [product], output: "scores", attributes: { to: 1 } });
    });
    // The writer knows nodes of one output only.
    const dynamic = model.graph.node.find(({ opType }) => opType === "DynamicQuantizeLinear");
    dynamic?.output.push("q_scale", "q_zero");
    assert.equal(cutToFeatures(model.graph, "scores"), "flat");
    assert.deepEqual(await run(model, "flat"), [1, 2, 3]);
  });

  test("with an integer convolution, its input is dequantised by its own scale", async () => {
    const model = network((graph, flat) => {
      const scale = graph.constant("scale", Float32Array.of(0.5), []);
      const zero = graph.constant("zero", Uint8Array.of(10), []);
      const shape = graph.constant("shape", BigInt64Array.of(1n, 3n, 1n, 1n), [4]);
      const cube = graph.node({ opType: "Reshape", inputs: [flat, shape], output: "cube" });
      const q = graph.node({ opType: "QuantizeLinear", inputs: [cube, scale, zero], output: "q" });
      const weights = graph.constant("int8", Int8Array.of(1, 2, 3, 4, 5, 6), [2, 3, 1, 1]);
      const signed = graph.constant("int8_zero", Int8Array.of(0), []);
      const inputs = [q, scale, zero, weights, scale, signed, scale, zero];
      const conv = graph.node({ opType: "QLinearConv", inputs, output: "conv" });
      const float = graph.node({ opType: "DequantizeLinear", inputs: [conv, scale, zero], output: "float" });
      return graph.node({ opType: "Flatten", inputs: [float], output: "scores" });
    });
    const features = cutToFeatures(model.graph, "scores");
    assert.deepEqual(await run(model, features), [1, 2, 3]);
  });

  test("a product of two computed values is no layer, and a graph without one is refused", () => {
    const model = network((graph, flat) => {
      const turned = graph.node({ opType: "Transpose", inputs: [flat], output: "turned" });
      return graph.node({ opType: "MatMul", inputs: [turned, flat], output: "scores" });
    });
    assert.equal(cutToFeatures(structuredClone(model.graph), "scores"), "pixels");
    model.graph.node = model.graph.node.filter(({ opType }) => opType !== "Conv");
    for (const node of model.graph.node)
      node.input = node.input.map((value) => (value === "stem_out" ? "pixels" : value));
    assert.throws(
      () => cutToFeatures(model.graph, "scores"),
      /expected scores to come from a layer with weights/,
    );
  });

  test("a graph that is read and written again is the same", () => {
    const graph = new OnnxGraph();
    const input = graph.input("x", "float32", [1, 2]);
    graph.output(graph.node({ opType: "Relu", inputs: [input], output: "y" }), "float32", [1, 2]);
    const bytes = graph.encode("small", { key: "value" });
    assert.deepEqual(Buffer.from(encodeOnnx(decodeOnnx(bytes))), Buffer.from(bytes));
  });
});
