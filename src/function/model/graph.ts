import type { InferenceSession } from "onnxruntime-node";
import type { OnnxFile } from "./onnx-file.ts";
import type { Size } from "./preprocessing.ts";

/** Numbers that a graph may be fed with. */
const ELEMENT_TYPES = ["float32", "uint8", "float16", "float64"] as const;
export type ElementType = (typeof ELEMENT_TYPES)[number];
const OUTPUT_TYPES: readonly string[] = ["float32", "float16", "float64"];

/** The model's one input, as its graph declares it. */
export interface ModelInput {
  readonly name: string;
  readonly elementType: ElementType;
  /** `[1, channels, height, width]` or `[1, height, width, channels]`. */
  readonly layout: "NCHW" | "NHWC";
  /** 3: red, green, blue; 1: gray. */
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
}

type Dimension = number | string;

/**
 * Reads the input's element type, layout and size from an opened graph.
 *
 * A dimension may be symbolic (a string), as exports for transformers.js have all four: then `preparedSize`, the size
 * that the preprocessing ends with, holds, and a layout without a 3 to be seen is transformers' `NCHW`, unless the graph
 * begins by making that of its input.
 *
 * @throws {Error} when the graph cannot be fed, or disagrees with the preprocessing: the message names both
 */
export function readGraphInput(
  session: InferenceSession,
  preparedSize: Size,
  onnx?: Pick<OnnxFile, "nodes">,
): ModelInput {
  const [metadata, ...others] = session.inputMetadata;
  if (metadata === undefined || others.length > 0 || !metadata.isTensor) {
    throw new Error(`expected a graph with one tensor input, got ${session.inputNames.join(", ") || "none"}`);
  }
  const { name, type, shape } = metadata;
  const elementType = ELEMENT_TYPES.find((known) => known === type);
  if (elementType === undefined) {
    throw new Error(`expected input ${name} to be one of ${ELEMENT_TYPES.join(", ")}, got ${type}`);
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
  const isSymbolic = typeof second === "string" && typeof fourth === "string";
  const isInterleaved = (isChannels(fourth) && !isChannels(second)) || (isSymbolic && isTurned(onnx, name));
  const layout = isInterleaved ? "NHWC" : "NCHW";
  const [declared, height, width] = layout === "NCHW" ? [second, third, fourth] : [fourth, second, third];
  const channels = typeof declared === "string" ? 3 : declared;
  if (channels !== 3 && channels !== 1)
    throw new Error(`expected an input of 3 channels (R, G, B) or 1 (gray), got ${shown}`);
  if (!fits(height, preparedSize.height) || !fits(width, preparedSize.width)) {
    const prepared = `${preparedSize.height} × ${preparedSize.width}`;
    throw new Error(
      `preprocessor_config.json prepares ${prepared} pixels, but the graph's input is ${shown}`,
    );
  }
  return { name, elementType, layout, channels, ...preparedSize };
}

/**
 * Finds the output with one value per label: the one named `logits`, or the only one, or the only one of that width.
 *
 * @throws {Error} when there is none, or its width and the number of labels disagree
 */
export function readGraphOutput(session: InferenceSession, labelCount: number): string {
  const outputs = session.outputMetadata;
  const ofWidth = outputs.filter((output) => output.isTensor && widthOf(output.shape) === labelCount);
  const output =
    outputs.find(({ name }) => name === "logits") ??
    (outputs.length === 1 ? outputs[0] : undefined) ??
    (ofWidth.length === 1 ? ofWidth[0] : undefined);
  if (output === undefined || !output.isTensor) {
    throw new Error(
      `expected an output named logits, or one of ${labelCount} columns, got ${session.outputNames.join(", ")}`,
    );
  }
  const { name, type, shape } = output;
  if (!OUTPUT_TYPES.includes(type))
    throw new Error(`expected output ${name} to be one of ${OUTPUT_TYPES.join(", ")}, got ${type}`);
  const classes = widthOf(shape);
  if (classes !== undefined && !fits(classes, labelCount)) {
    throw new Error(
      `config.json names ${labelCount} labels (id2label), but the graph's output is ${name} [${shape.join(", ")}]`,
    );
  }
  return name;
}

function isChannels(dimension: Dimension): boolean {
  return dimension === 3 || dimension === 1;
}

/** `[1, N]` and `[1, N, 1, 1]` have N: the last dimension that is no 1, unless all are. */
function widthOf(shape: readonly Dimension[]): Dimension | undefined {
  return shape.slice(1).findLast((dimension) => dimension !== 1) ?? shape.at(-1);
}

/** Exporters from TensorFlow put a transposition to NCHW in front of what was NHWC. */
function isTurned(onnx: Pick<OnnxFile, "nodes"> | undefined, input: string): boolean {
  const first = onnx?.nodes.find(({ inputs }) => inputs.includes(input));
  return first?.operator === "Transpose" && String(first.lists.perm) === "0,3,1,2";
}

function fits(dimension: Dimension, size: number): boolean {
  return typeof dimension === "string" || dimension === size;
}
