import { ModelProto } from "../models/onnx/proto.ts";

// ONNX messages as protobufjs decodes them, as far as the conversions below touch them.
export interface Attribute {
  name: string;
  ints?: number[];
  type: number;
}
export interface Node {
  opType: string;
  domain?: string;
  name: string;
  input: string[];
  output: string[];
  attribute: Attribute[];
}
export interface TensorMessage {
  name: string;
  dims: (number | { toNumber(): number })[];
  dataType: number;
  rawData: Uint8Array;
}
export interface ValueInfo {
  name: string;
  type: { tensorType: { elemType: number; shape: { dim: { dimValue: number | { toNumber(): number } }[] } } };
}
export interface Graph {
  node: Node[];
  initializer: TensorMessage[];
  input: ValueInfo[];
  output: ValueInfo[];
}

/** Decodes a model file, has `change` edit its graph, and encodes it again. */
export function convert(onnx: Uint8Array, change: (graph: Graph) => void): Uint8Array {
  const model = ModelProto.decode(onnx) as unknown as { graph: Graph };
  change(model.graph);
  return ModelProto.encode(ModelProto.fromObject(model)).finish();
}
