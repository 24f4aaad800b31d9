import type { Graph, Node } from "../onnx/model.ts";
import { dimsOf, floatTensor, readFloats } from "../onnx/tensors.ts";
import type { Plan } from "./plan.ts";
import { type ChannelStatistics, type Statistics, scaleChannels } from "./ranges.ts";
import { attributeOf, readersOf } from "./simplify.ts";

/** A channel may hold more in other images, above all one that these hardly used. */
const HEADROOM = 1.1;
const MAX_FACTOR = 8;
/** Below this share of the range a channel is as good as always zero. */
const MIN_USE = 1e-4;

/**
 * Cross-layer equalization (Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction") by
 * measured ranges, in front of depthwise convolutions: a channel that uses little of the range that all share is made larger,
 * and the filter that reads it smaller by as much. What is computed stays the same, and fewer of the channel's bits are rounded
 * away. No channel grows beyond the range, so the end of a ReLU6 is where it was.
 *
 * Both filters have a scale of their own, which takes the factor: their integers are the same. In front of other convolutions
 * weights of different channels share a scale, and lose more by it than the activations gain (docs/models.md).
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
    const channels = found.channels.length;
    if (channels === 1 || Number(attributeOf(reader, "group")?.i ?? 1) !== channels) continue;
    const factors = found.channels.map((channel) => factorOf(channel, found));
    scaleFilters(graph, layer, 1, factors);
    scaleFilters(graph, layer, 2, factors);
    const inverse = factors.map((factor) => 1 / factor);
    scaleFilters(graph, reader, 1, inverse);
    scaleChannels(found, factors);
    count++;
  }
  return count;
}

function factorOf({ min, max }: ChannelStatistics, all: Statistics): number {
  const range = Math.max(-all.min, all.max);
  const used = Math.max(-min, max);
  return used < MIN_USE * range ? 1 : Math.max(1, Math.min(MAX_FACTOR, range / used / HEADROOM));
}

/** Gives a node weights or a bias of its own: the old ones, as many parts of them as there are factors, times those. */
function scaleFilters(graph: Graph, node: Node, at: 1 | 2, factors: readonly number[]): void {
  const old = graph.initializer.find(({ name }) => name === node.input[at]);
  if (old === undefined) return;
  const values = readFloats(old);
  const partSize = values.length / factors.length;
  const name = `${node.output[0]}/equalized_${old.name}`;
  const scaled = values.map((value, index) => value * (factors[Math.floor(index / partSize)] ?? 1));
  graph.initializer.push(floatTensor(name, dimsOf(old), scaled));
  node.input[at] = name;
}
