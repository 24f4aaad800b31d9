import type { Graph, Node } from "./model.ts";
import { ATTRIBUTE_TYPE } from "./proto.ts";

/** Operators with trained weights, and which of their inputs is the data. */
const WEIGHT_LAYERS: Readonly<Record<string, number>> = {
  Gemm: 0,
  MatMul: 0,
  MatMulInteger: 0,
  MatMulNBits: 0,
  FusedGemm: 0,
  FusedMatMul: 0,
  QGemm: 0,
  QLinearMatMul: 0,
  DynamicQuantizeMatMul: 0,
  Conv: 0,
  FusedConv: 0,
  ConvInteger: 0,
  QLinearConv: 0,
};
/** Of these the scale and zero point of the data are the next two inputs. */
const OF_INTEGERS = new Set(["QLinearConv", "QLinearMatMul", "QGemm"]);
/** What a classifier's scores go through after their layer; anything else is between features and them. */
const MAX_DISTANCE = 16;

/**
 * Cuts a classifier in front of its last layer with weights, and adds the dequantization where that reads integers: the graph
 * is left with the features, float32, and without whatever only the scores needed.
 *
 * @param outputName the classifier's logits or scores
 * @param kept       values to keep besides, with what makes them
 * @returns the name of the features, which are no output of the graph yet
 * @throws {Error} when no such layer is found
 */
export function cutToFeatures(graph: Graph, outputName: string, kept: readonly string[] = []): string {
  const makers = makersOf(graph);
  const layer = lastWeightLayer(graph, makers, outputName);
  const data = layer.input[WEIGHT_LAYERS[layer.opType] ?? 0] ?? "";
  const maker = makers.get(data);
  let features = data;
  if (maker?.opType === "DynamicQuantizeLinear") features = maker.input[0] ?? "";
  else if (OF_INTEGERS.has(layer.opType)) {
    features = `${data}/features`;
    graph.node.push({
      opType: "DequantizeLinear",
      name: features,
      input: [data, ...layer.input.slice(1, 3)],
      output: [features],
      attribute: [],
    });
  }
  keepWhatMakes(graph, [features, ...kept]);
  return features;
}

/** Drops the nodes and constants that none of `values` depends on, and all outputs. */
export function keepWhatMakes(graph: Graph, values: readonly string[]): void {
  const makers = makersOf(graph);
  const kept = new Set<Node>();
  const queue = [...values];
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    const maker = makers.get(value);
    if (maker === undefined || kept.has(maker)) continue;
    kept.add(maker);
    queue.push(...maker.input);
  }
  // A graph within an attribute may read any value of the outer one, unseen.
  const hasInnerGraphs = graph.node.some(({ attribute }) =>
    attribute.some(({ type }) => type === ATTRIBUTE_TYPE.GRAPH || type === ATTRIBUTE_TYPE.GRAPHS),
  );
  if (!hasInnerGraphs) {
    graph.node = graph.node.filter((node) => kept.has(node));
    const read = new Set(graph.node.flatMap(({ input }) => input));
    graph.initializer = graph.initializer.filter(({ name }) => read.has(name));
    const made = new Set(graph.node.flatMap(({ output }) => output));
    graph.valueInfo = (graph.valueInfo ?? []).filter(({ name }) => made.has(name));
  }
  graph.output = [];
}

/** Gives values, and the nodes and constants of these names, others. */
export function renameValues(graph: Graph, rename: (name: string) => string): void {
  for (const node of graph.node) {
    node.name = rename(node.name);
    node.input = node.input.map(rename);
    node.output = node.output.map(rename);
  }
  for (const named of [...graph.initializer, ...graph.valueInfo]) named.name = rename(named.name);
}

/** Value → the node that computes it. */
export function makersOf({ node }: Graph): Map<string, Node> {
  return new Map(node.flatMap((maker) => maker.output.map((value) => [value, maker] as const)));
}

/** Breadth first from the output: the nearest layer with weights is the one that makes the scores. */
function lastWeightLayer(graph: Graph, makers: ReadonlyMap<string, Node>, outputName: string): Node {
  let values = [outputName];
  for (let distance = 0; distance < MAX_DISTANCE && values.length > 0; distance++) {
    const nodes = values.map((value) => makers.get(value)).filter((node) => node !== undefined);
    const layer = nodes.find((node) => node.opType in WEIGHT_LAYERS && hasWeights(graph, makers, node));
    if (layer !== undefined) return layer;
    values = nodes.flatMap(({ input }) => input);
  }
  throw new Error(
    `expected ${outputName} to come from a layer with weights (${Object.keys(WEIGHT_LAYERS).join(", ")}), found none near it`,
  );
}

/** Attention multiplies two computed values: its MatMul has no weights. */
function hasWeights(graph: Graph, makers: ReadonlyMap<string, Node>, node: Node): boolean {
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const isConstant = (value: string): boolean => {
    const maker = makers.get(value);
    if (maker === undefined) return constants.has(value);
    return maker.opType === "Constant" || maker.input.every((input) => input === "" || isConstant(input));
  };
  const index = OF_INTEGERS.has(node.opType) ? 3 : 1;
  return isConstant(node.input[index] ?? "");
}
