import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { decodeOnnx, encodeOnnx, type OnnxModel, type ValueInfo } from "../../../src/models/onnx/model.ts";
import { OnnxGraph } from "../../../src/models/onnx/writer.ts";
import { equalizeChannels } from "../../../src/models/quantize/equalize.ts";
import { planQuantization } from "../../../src/models/quantize/plan.ts";
import { emptyStatistics, measureRange, type Statistics } from "../../../src/models/quantize/ranges.ts";
import { randomNumbers } from "../network.ts";

const SIZE = 12;
const random = randomNumbers(7);
const normal = (count: number, spread: (index: number) => number) =>
  Float32Array.from({ length: count }, (_, index) => spread(index) * (random() + random() + random() - 1.5));

/** Stem, ReLU6, depthwise, ReLU, pointwise, a layer with a residual around it, as MobileNets have them; channels from large to small. */
function network(): OnnxModel {
  const graph = new OnnxGraph();
  const pixels = graph.input("pixels", "float32", [1, 3, SIZE, SIZE]);
  const conv = (name: string, input: string, dims: readonly number[], group: number, shrink: number) => {
    const [outputs = 1] = dims;
    const size = dims.reduce((product, each) => product * each, 1);
    const spread = (filter: number) => shrink ** filter;
    const weights = graph.constant(
      `${name}_weights`,
      normal(size, (index) => 2 * spread(Math.floor(index / (size / outputs)))),
      dims,
    );
    const bias = graph.constant(
      `${name}_bias`,
      normal(outputs, (filter) => spread(filter)),
      [outputs],
    );
    const pad = ((dims[2] ?? 1) - 1) / 2;
    const attributes = { group, pads: [pad, pad, pad, pad] };
    return graph.node({ opType: "Conv", inputs: [input, weights, bias], output: name, attributes });
  };
  const stem = conv("stem", pixels, [8, 3, 3, 3], 1, 0.5);
  const ends = [0, 6].map((end) => graph.constant(`end_${end}`, Float32Array.of(end), []));
  const clipped = graph.node({ opType: "Clip", inputs: [stem, ...ends], output: "clipped" });
  const depthwise = conv("depthwise", clipped, [8, 1, 3, 3], 8, 0.6);
  const positive = graph.node({ opType: "Relu", inputs: [depthwise], output: "positive" });
  const pointwise = conv("pointwise", positive, [8, 8, 1, 1], 1, 1);
  const inner = conv("inner", pointwise, [8, 8, 1, 1], 1, 0.5);
  const sum = graph.node({ opType: "Add", inputs: [inner, pointwise], output: "sum" });
  const last = conv("last", sum, [4, 8, 1, 1], 1, 1);
  graph.output(last, "float32", [1, 4, SIZE, SIZE]);
  return decodeOnnx(graph.encode("network", {}));
}

const VALUES = ["clipped", "positive", "pointwise", "sum", "last"];

async function run(model: OnnxModel, image: Float32Array): Promise<Map<string, Float32Array>> {
  const output = VALUES.map((name) => ({ name, type: { tensorType: { elemType: 1 } } }) as ValueInfo);
  const session = await InferenceSession.create(encodeOnnx({ ...model, graph: { ...model.graph, output } }), {
    graphOptimizationLevel: "disabled",
    logSeverityLevel: 3,
  });
  const results = await session.run({ pixels: new Tensor("float32", image, [1, 3, SIZE, SIZE]) });
  await session.release();
  return new Map(VALUES.map((name) => [name, results[name]?.data as Float32Array]));
}

async function measure(model: OnnxModel, images: readonly Float32Array[]): Promise<Map<string, Statistics>> {
  const statistics = new Map(VALUES.map((name) => [name, emptyStatistics()]));
  for (const image of images) {
    const values = await run(model, image);
    for (const [name, found] of statistics) {
      const data = values.get(name) ?? new Float32Array();
      measureRange(found, data, data.length / SIZE ** 2);
    }
  }
  return statistics;
}

describe("channels are equalized across layers", () => {
  const images = Array.from({ length: 4 }, () => normal(3 * SIZE ** 2, () => 3));
  const model = network();
  let original: Map<string, Statistics>;
  let expected: Map<string, Float32Array>[];
  let count: number;
  let statistics: Map<string, Statistics>;

  before(async () => {
    original = await measure(model, images);
    expected = await Promise.all(images.map((image) => run(model, image)));
    statistics = structuredClone(original);
    count = equalizeChannels(model.graph, planQuantization(model.graph), statistics);
  });

  test("what the network computes stays the same", async () => {
    for (const [index, image] of images.entries()) {
      const actual = (await run(model, image)).get("last") ?? [];
      const wanted = expected[index]?.get("last") ?? [];
      assert.equal(actual.length, wanted.length);
      for (const [at, value] of wanted.entries())
        assert.ok(Math.abs((actual[at] ?? 0) - value) <= 1e-4, `${actual[at]} and ${value}`);
    }
  });

  test("only in front of a depthwise convolution", () => {
    assert.equal(count, 1);
    for (const name of ["positive", "pointwise", "sum"])
      assert.deepEqual(statistics.get(name), original.get(name), name);
  });

  test("small channels use more of the range, and none goes beyond it, nor beyond ReLU6's end", () => {
    const leastOf = ({ channels }: Statistics) => Math.min(...channels.map(({ max }) => max));
    const [was, is] = [original.get("clipped"), statistics.get("clipped")];
    assert.ok(was !== undefined && is !== undefined);
    assert.ok(Math.abs(is.max - was.max) <= 1e-6 * was.max, `${is.max} and ${was.max}`);
    assert.ok(leastOf(is) >= 2 * leastOf(was), `${leastOf(is)} and ${leastOf(was)}`);
    assert.equal(original.get("clipped")?.max, 6);
  });

  test("what was measured before is what is measured after", async () => {
    for (const [name, found] of await measure(model, images)) {
      const told = statistics.get(name);
      for (const [channel, { min, max, sum }] of found.channels.entries()) {
        const { min: low = 0, max: high = 0, sum: total = 0 } = told?.channels[channel] ?? {};
        const near = (a: number, b: number) => Math.abs(a - b) <= 1e-3 * Math.max(1, Math.abs(b));
        assert.ok(near(low, min) && near(high, max) && near(total, sum), `${name} ${channel}`);
      }
    }
  });
});
