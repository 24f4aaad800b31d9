import { CommandError } from "../errors.ts";
import type { OnnxGraph } from "../onnx/writer.ts";
import { countOf } from "../tflite/constants.ts";
import type { TfliteModel } from "../tflite/reader.ts";
import type { Value } from "./backend.ts";
import { convertReshape } from "./layout.ts";
import { producerOf } from "./needed.ts";
import type { Quantizer } from "./quantizer.ts";

/** The end of a classifier, without the scores that it makes of its logits. */
export interface GraphOutput {
  /** Tensor of the logits. */
  readonly index: number;
  /** How many there are. */
  readonly width: number;
  /** What the file makes of them; a softmax is left to whoever ranks them. */
  readonly scores: "softmax" | "sigmoid" | undefined;
  /** What the softmax multiplies them with. */
  readonly beta: number;
}

/** Widths of the graph's outputs. */
export function outputWidths(model: TfliteModel): number[] {
  return model.outputs.map((index) => countOf(model.tensors[index]?.shape ?? []));
}

/** @param position among the graph's outputs */
export function readOutput(model: TfliteModel, position: number): GraphOutput {
  let index = model.outputs[position] ?? -1;
  const tensor = model.tensors[index];
  if (tensor === undefined) {
    throw new CommandError("MODEL_UNSUPPORTED", `expected an output, the graph has ${model.outputs.length}`);
  }
  const output = { width: countOf(tensor.shape), scores: undefined, beta: 1 };
  for (let behind = index; ; ) {
    const producer = producerOf(model, behind);
    const before = producer?.inputs[0] ?? -1;
    switch (producer?.options.name) {
      case "SOFTMAX":
        return { ...output, index: before, scores: "softmax", beta: producer.options.beta };
      case "LOG_SOFTMAX":
        return { ...output, index: before, scores: "softmax" };
      case "LOGISTIC":
        return { ...output, index: before, scores: "sigmoid" };
      // Scores are moved and converted behind the operator that makes them; logits may be, too.
      case "QUANTIZE":
      case "DEQUANTIZE":
        if (behind === index) index = before;
        behind = before;
        break;
      case "RESHAPE":
      case "SQUEEZE":
        behind = before;
        break;
      default:
        return { ...output, index };
    }
  }
}

/**
 * Writes the end: `logits`, or the `scores` of a sigmoid. One sigmoid for two labels, as tutorials end with, is the
 * softmax of a 0 and its logit.
 *
 * @param logits float32, `width` of them
 * @returns the name of the graph's output, [1, labelCount]
 */
export function writeTail(
  graph: OnnxGraph,
  quantizer: Quantizer,
  logits: Value,
  { output: { width, scores, beta }, labelCount }: { output: GraphOutput; labelCount: number },
): string {
  let { name } = convertReshape(graph, logits, [1, width], "logits_flat");
  if (beta !== 1)
    name = graph.node({ opType: "Mul", inputs: [name, quantizer.scalar(beta)], output: "logits_scaled" });
  if (scores !== "sigmoid") return graph.node({ opType: "Identity", inputs: [name], output: "logits" });
  if (width === labelCount) return graph.node({ opType: "Sigmoid", inputs: [name], output: "scores" });
  const zero = graph.constant("logit_of_the_first", new Float32Array([0]), [1, 1]);
  return graph.node({ opType: "Concat", inputs: [zero, name], output: "logits", attributes: { axis: 1 } });
}
