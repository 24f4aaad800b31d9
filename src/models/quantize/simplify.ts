import type { Attribute, Graph, Node, TensorMessage } from "../onnx/model.ts";
import { makersOf } from "../onnx/surgery.ts";
import { dimsOf, floatTensor, readFloats, readIntegers } from "../onnx/tensors.ts";

/** Makes of a graph as exporters write it one of fewer nodes with the same result. */
export function simplifyGraph(graph: Graph): void {
  liftConstants(graph);
  dropPassers(graph);
  foldBatchNorms(graph);
  foldPads(graph);
  nameAverages(graph);
}

export function attributeOf({ attribute }: Node, name: string): Attribute | undefined {
  return attribute.find((entry) => entry.name === name);
}

export function integersOf(node: Node, name: string): number[] | undefined {
  return attributeOf(node, name)?.ints?.map(Number);
}

/** Value → the nodes that read it; an output of the graph counts as read once more, by nobody. */
export function readersOf(graph: Graph): Map<string, (Node | undefined)[]> {
  const readers = new Map<string, (Node | undefined)[]>();
  const add = (value: string, reader: Node | undefined): void => {
    readers.set(value, [...(readers.get(value) ?? []), reader]);
  };
  for (const node of graph.node) for (const value of node.input) add(value, node);
  for (const { name } of graph.output) add(name, undefined);
  return readers;
}

/** `Constant` nodes become initializers. */
function liftConstants(graph: Graph): void {
  graph.node = graph.node.filter((node) => {
    const value = node.opType === "Constant" ? attributeOf(node, "value")?.t : undefined;
    if (value === undefined) return true;
    graph.initializer.push({ ...value, name: node.output[0] ?? "" } as TensorMessage);
    return false;
  });
  // Of old exporters, constants are inputs as well.
  const constants = new Set(graph.initializer.map(({ name }) => name));
  graph.input = graph.input.filter(({ name }) => !constants.has(name));
}

/** Identity and, as this is no training, Dropout. */
function dropPassers(graph: Graph): void {
  const outputs = new Set(graph.output.map(({ name }) => name));
  const replaced = new Map<string, string>();
  const resolve = (value: string): string => {
    const by = replaced.get(value);
    return by === undefined ? value : resolve(by);
  };
  graph.node = graph.node.filter(({ opType, input: [from = ""], output: [to = ""] }) => {
    if ((opType !== "Identity" && opType !== "Dropout") || outputs.has(to)) return true;
    replaced.set(to, from);
    return false;
  });
  for (const node of graph.node) node.input = node.input.map(resolve);
}

/** A batch normalization behind a convolution that nobody else reads goes into its weights and bias. */
function foldBatchNorms(graph: Graph): void {
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const readers = readersOf(graph);
  const makers = makersOf(graph);
  graph.node = graph.node.filter((node) => {
    if (node.opType !== "BatchNormalization") return true;
    const [data = "", ...names] = node.input;
    const conv = makers.get(data);
    const parameters = names.map((name) => tensors.get(name));
    const weights = tensors.get(conv?.input[1] ?? "");
    const biasName = conv?.input[2];
    const bias = biasName ? tensors.get(biasName) : undefined;
    if (
      conv?.opType !== "Conv" ||
      readers.get(data)?.length !== 1 ||
      weights === undefined ||
      parameters.length !== 4 ||
      parameters.some((tensor) => tensor === undefined) ||
      (biasName && bias === undefined)
    )
      return true;
    const [scale, shift, mean, variance] = parameters.map((tensor) => readFloats(tensor as TensorMessage));
    const epsilon = attributeOf(node, "epsilon")?.f ?? 1e-5;
    const factors = Array.from(
      scale ?? [],
      (value, channel) => value / Math.sqrt((variance?.[channel] ?? 0) + epsilon),
    );
    const values = readFloats(weights);
    const filterSize = values.length / factors.length;
    const old = bias === undefined ? undefined : readFloats(bias);
    const name = conv.output[0] ?? "";
    graph.initializer.push(
      floatTensor(
        `${name}/weights`,
        dimsOf(weights),
        values.map((value, index) => value * (factors[Math.floor(index / filterSize)] ?? 1)),
      ),
      floatTensor(
        `${name}/bias`,
        [factors.length],
        Float32Array.from(
          factors,
          (factor, channel) =>
            (shift?.[channel] ?? 0) + ((old?.[channel] ?? 0) - (mean?.[channel] ?? 0)) * factor,
        ),
      ),
    );
    conv.input = [conv.input[0] ?? "", `${name}/weights`, `${name}/bias`];
    conv.output = [node.output[0] ?? ""];
    return false;
  });
  dropUnread(graph);
}

/** Zeros that a Pad puts around what one convolution reads become that convolution's own padding. */
function foldPads(graph: Graph): void {
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const readers = readersOf(graph);
  graph.node = graph.node.filter((node) => {
    const [data = "", padsName = "", valueName = ""] = node.input;
    const output = node.output[0] ?? "";
    const [conv, ...others] = readers.get(output) ?? [];
    if (node.opType !== "Pad" || conv?.opType !== "Conv" || others.length > 0) return true;
    const mode = attributeOf(node, "mode")?.s;
    if (mode !== undefined && new TextDecoder().decode(mode) !== "constant") return true;
    const padsTensor = tensors.get(padsName);
    const pads = integersOf(node, "pads") ?? (padsTensor && readIntegers(padsTensor));
    const valueTensor = tensors.get(valueName);
    const value =
      valueTensor === undefined ? (attributeOf(node, "value")?.f ?? 0) : readFloats(valueTensor)[0];
    const autoPad = attributeOf(conv, "auto_pad")?.s;
    const hasAutoPad =
      autoPad !== undefined && !["NOTSET", "VALID"].includes(new TextDecoder().decode(autoPad));
    const isOfPlanes = pads?.length === 8 && [0, 1, 4, 5].every((axis) => pads[axis] === 0);
    if (!isOfPlanes || value !== 0 || hasAutoPad || node.input.length > 3) return true;
    const own = integersOf(conv, "pads") ?? [0, 0, 0, 0];
    const added = [pads[2], pads[3], pads[6], pads[7]];
    if (added.some((pad = 0, axis) => pad + (own[axis] ?? 0) < 0)) return true;
    conv.input[0] = data;
    conv.attribute = [
      ...conv.attribute.filter(({ name }) => name !== "pads" && name !== "auto_pad"),
      { name: "pads", type: 7, ints: own.map((pad, axis) => pad + (added[axis] ?? 0)) },
    ];
    return false;
  });
  dropUnread(graph);
}

/** A mean over height and width is a global average pool, which has an integer kernel. */
function nameAverages(graph: Graph): void {
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  graph.node = graph.node.flatMap((node) => {
    if (node.opType !== "ReduceMean") return [node];
    const axesTensor = tensors.get(node.input[1] ?? "");
    const axes = integersOf(node, "axes") ?? (axesTensor && readIntegers(axesTensor)) ?? [];
    const isOfPlanes = axes.join() === "2,3" || axes.join() === "-2,-1";
    if (!isOfPlanes) return [node];
    const [input = ""] = node.input;
    const [output = ""] = node.output;
    const isFlat = Number(attributeOf(node, "keepdims")?.i ?? 1) === 0;
    const pooled = isFlat ? `${output}/pooled` : output;
    const pool = {
      opType: "GlobalAveragePool",
      name: pooled,
      input: [input],
      output: [pooled],
      attribute: [],
    };
    const flatten = { opType: "Flatten", name: output, input: [pooled], output: [output], attribute: [] };
    return isFlat ? [pool, flatten] : [pool];
  });
  dropUnread(graph);
}

/** Constants that no node reads any more. */
export function dropUnread(graph: Graph): void {
  const read = new Set(graph.node.flatMap(({ input }) => input));
  graph.initializer = graph.initializer.filter(({ name }) => read.has(name));
}
