import type { Node, OnnxModel } from "../onnx/model.ts";
import { floatTensor, integerTensor } from "../onnx/tensors.ts";
import { quantizeLayer } from "./layers.ts";
import type { Plan } from "./plan.ts";
import type { Quantization } from "./ranges.ts";
import { dropUnread } from "./simplify.ts";

const MICROSOFT = "com.microsoft";
/** From here on ONNX's own DequantizeLinear has an axis. */
const OPSET_WITH_AXIS = 13;

/**
 * Puts a QuantizeLinear and a DequantizeLinear behind every value of the plan, and integer weights into its layers: ONNX
 * Runtime fuses each such group into one integer operator.
 *
 * @param quantizations of the plan's computed values
 * @param means         of the channels of every layer's input
 */
export function writeQdq(
  onnx: OnnxModel,
  plan: Plan,
  quantizations: ReadonlyMap<string, Quantization>,
  means: ReadonlyMap<string, Float64Array>,
): void {
  const { graph } = onnx;
  const domain = domainFor(onnx);
  const ownerOf = (value: string): string => {
    const from = plan.moved.get(value);
    return from === undefined ? value : ownerOf(from);
  };
  const quantizationOf = (value: string): Quantization | undefined => quantizations.get(ownerOf(value));
  const written = new Set<string>();
  /** Float value → integers → the value as readers see it. */
  const pair = (from: string, value: string): Node[] => {
    const owner = ownerOf(value);
    const quantization = quantizations.get(owner);
    if (quantization === undefined) return [];
    const parameters = [`${owner}/scale`, `${owner}/zero`];
    if (!written.has(owner)) {
      written.add(owner);
      graph.initializer.push(
        floatTensor(parameters[0] ?? "", [], Float32Array.of(quantization.scale)),
        integerTensor(parameters[1] ?? "", [], Uint8Array.of(quantization.zeroPoint)),
      );
    }
    const node = (opType: string, input: string, output: string): Node => ({
      ...{ opType, name: `${value}/${opType}`, domain, output: [output], attribute: [] },
      input: [input, ...parameters],
    });
    return [
      node("QuantizeLinear", from, `${value}/uint8`),
      node("DequantizeLinear", `${value}/uint8`, value),
    ];
  };

  const nodes: Node[] = [];
  for (const { name } of graph.input) {
    if (!plan.computed.has(name)) continue;
    for (const node of graph.node)
      node.input = node.input.map((value) => (value === name ? `${name}/dequantized` : value));
    nodes.push(
      ...pair(name, name).map((node) =>
        node.opType === "DequantizeLinear" ? { ...node, output: [`${name}/dequantized`] } : node,
      ),
    );
  }
  const absorbers = new Map([...plan.absorbed].map(([activation, layer]) => [layer, activation]));
  for (const node of graph.node) {
    if (plan.absorbed.has(node)) continue;
    if (plan.layers.has(node)) {
      const data = (node.input[0] ?? "").replace(/\/dequantized$/, "");
      const input = quantizationOf(data);
      if (input === undefined) throw new Error(`expected a quantization of ${data}`);
      nodes.push(...quantizeLayer(graph, node, input, means.get(data) ?? new Float64Array(), domain));
    }
    nodes.push(node);
    const result = absorbers.get(node)?.output[0] ?? node.output[0] ?? "";
    if (!plan.computed.has(result) && !plan.moved.has(result)) continue;
    node.output = [`${result}/float`];
    nodes.push(...pair(`${result}/float`, result));
  }
  graph.node = nodes;
  graph.valueInfo = [];
  dropUnread(graph);
}

function domainFor({ opsetImport }: OnnxModel): string {
  const opset = Number(opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx")?.version ?? 0);
  if (opset >= OPSET_WITH_AXIS) return "";
  if (!opsetImport.some(({ domain }) => domain === MICROSOFT))
    opsetImport.push({ domain: MICROSOFT, version: 1 });
  return MICROSOFT;
}
