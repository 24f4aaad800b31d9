import type { InferenceSession } from "onnxruntime-node";
import type { Size } from "./preprocessing.ts";

/** The model's one input, as its graph declares it. */
export interface ModelInput {
  readonly name: string;
  readonly elementType: "float32" | "uint8";
  /** `[1, 3, height, width]` or `[1, height, width, 3]`. */
  readonly layout: "NCHW" | "NHWC";
  readonly height: number;
  readonly width: number;
}

type Dimension = number | string;

/**
 * Reads the input's element type, layout and size from an opened graph.
 *
 * A dimension may be symbolic (a string), as exports for transformers.js have all four: then `preparedSize`, the size
 * that the preprocessing ends with, holds, and a layout without a 3 to be seen is transformers' `NCHW`.
 *
 * @throws {Error} when the graph cannot be fed, or disagrees with the preprocessing: the message names both
 */
export function readGraphInput(session: InferenceSession, preparedSize: Size): ModelInput {
  const [metadata, ...others] = session.inputMetadata;
  if (metadata === undefined || others.length > 0 || !metadata.isTensor) {
    throw new Error(`expected a graph with one tensor input, got ${session.inputNames.join(", ") || "none"}`);
  }
  const { name, type, shape } = metadata;
  if (type !== "float32" && type !== "uint8") {
    throw new Error(`expected input ${name} to be float32 or uint8, got ${type}`);
  }
  const shown = `${name} [${shape.join(", ")}]`;
  const [batch, second, third, fourth] = shape;
  if (
    shape.length !== 4 ||
    batch === undefined ||
    second === undefined ||
    third === undefined ||
    fourth === undefined
  ) {
    throw new Error(`expected an input of 4 dimensions, got ${shown}`);
  }
  if (!fits(batch, 1)) throw new Error(`expected a graph for 1 picture at a time, got ${shown}`);
  const layout = fourth === 3 && second !== 3 ? "NHWC" : "NCHW";
  const [channels, height, width] = layout === "NCHW" ? [second, third, fourth] : [fourth, second, third];
  if (!fits(channels, 3)) throw new Error(`expected an input of 3 channels (R, G, B), got ${shown}`);
  if (!fits(height, preparedSize.height) || !fits(width, preparedSize.width)) {
    const prepared = `${preparedSize.height} × ${preparedSize.width}`;
    throw new Error(
      `preprocessor_config.json prepares ${prepared} pixels, but the graph's input is ${shown}`,
    );
  }
  return { name, elementType: type, layout, ...preparedSize };
}

/**
 * Finds the output with one float32 logit a label: the one named `logits`, or the only one.
 *
 * @throws {Error} when there is none, or its width and the number of labels disagree
 */
export function readGraphOutput(session: InferenceSession, labelCount: number): string {
  const outputs = session.outputMetadata;
  const output =
    outputs.find(({ name }) => name === "logits") ?? (outputs.length === 1 ? outputs[0] : undefined);
  if (output === undefined || !output.isTensor) {
    throw new Error(`expected an output named logits, got ${session.outputNames.join(", ")}`);
  }
  const { name, type, shape } = output;
  if (type !== "float32") throw new Error(`expected output ${name} to be float32, got ${type}`);
  const classes = shape.at(-1);
  if (classes !== undefined && !fits(classes, labelCount)) {
    throw new Error(
      `config.json names ${labelCount} labels (id2label), but the graph's output is ${name} [${shape.join(", ")}]`,
    );
  }
  return name;
}

function fits(dimension: Dimension, size: number): boolean {
  return typeof dimension === "string" || dimension === size;
}
