import type { Graph, Node } from "../onnx/model.ts";
import { dimsOf, floatTensor, readFloats } from "../onnx/tensors.ts";
import type { Plan } from "./plan.ts";
import { type ChannelStatistics, type Statistics, scaleChannels } from "./ranges.ts";
import { attributeOf, readersOf } from "./simplify.ts";

/** A channel that the images hardly used may hold more in others. */
const MAX_FACTOR = 8;
/** Below this share of the range a channel is as good as always zero. */
const MIN_USE = 1e-4;

/**
 * Cross-layer equalization (Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction") by
 * measured ranges. Between two convolutions, a channel that uses little of the range that all share is made larger, and the
 * weights that read it smaller by as much: what is computed stays the same, and fewer of its bits are rounded away. A filter
 * of a depthwise convolution has a scale of its own, so its channel may fill the range; of others it takes the mean
 * (geometric), because their weights share a scale with those of the other channels. No channel grows beyond the range, so
 * the end of a ReLU6 is where it was.
 *
 * @param statistics of the values between, changed along with them
 * @returns how many values were equalized
 */
export function equalizeChannels(
  graph: Graph,
  plan: Plan,
  statistics: ReadonlyMap<string, Statistics>,
): number {
  const readers = readersOf(graph);
  const activations = new Map([...plan.absorbed].map(([activation, layer]) => [layer, activation]));
  let count = 0;
  for (const layer of plan.layers) {
    const value = (activations.get(layer) ?? layer).output[0] ?? "";
    const found = statistics.get(value);
    const [reader, ...others] = readers.get(value) ?? [];
    const isBetween =
      layer.opType === "Conv" && reader?.opType === "Conv" && plan.layers.has(reader) && others.length === 0;
    if (found === undefined || !isBetween || reader.input[0] !== value) continue;
    const groups = Number(attributeOf(reader, "group")?.i ?? 1);
    if (groups !== 1 && groups !== found.channels.length) continue;
    const factors = found.channels.map((channel) => factorOf(channel, found, groups > 1));
    // `[outputs, inputs, height, width]`: an output is a filter, an input the same place of every filter.
    scaleConstant(graph, layer, 1, ([, ...filter]) => [filter, factors]);
    scaleConstant(graph, layer, 2, () => [[], factors]);
    const inverse = factors.map((factor) => 1 / factor);
    scaleConstant(graph, reader, 1, ([outputs = 1, inputs = 1, ...positions]) =>
      groups > 1 ? [[outputs / groups, ...positions], inverse] : [positions, inverse.slice(0, inputs)],
    );
    scaleChannels(found, factors);
    count++;
  }
  return count;
}

function factorOf({ min, max }: ChannelStatistics, all: Statistics, isFree: boolean): number {
  const range = Math.max(-all.min, all.max);
  const used = Math.max(-min, max);
  if (used < MIN_USE * range) return 1;
  const filling = Math.min(MAX_FACTOR, range / used);
  return isFree ? filling : Math.sqrt(filling);
}

/**
 * Gives a node a constant of its own, the old one times factors that repeat: each holds for as many numbers in a row as the
 * product of the sizes that `layout` returns with them.
 */
function scaleConstant(
  graph: Graph,
  node: Node,
  at: 1 | 2,
  layout: (dims: readonly number[]) => [run: readonly number[], factors: readonly number[]],
): void {
  const old = graph.initializer.find(({ name }) => name === node.input[at]);
  if (old === undefined) return;
  const dims = dimsOf(old);
  const [run, factors] = layout(dims);
  const length = run.reduce((product, size) => product * size, 1);
  const values = readFloats(old).map(
    (value, index) => value * (factors[Math.floor(index / length) % factors.length] ?? 1),
  );
  const name = `${node.output[0]}/equalized_${old.name}`;
  graph.initializer.push(floatTensor(name, dims, values));
  node.input[at] = name;
}
