import { ModelProto } from "./proto.ts";

/** protobufjs gives 64-bit integers as objects, and takes numbers as well: read them with `Number(…)`. */
export type Int64 = number | { toNumber(): number };

export interface Attribute {
  name: string;
  type: number;
  f?: number;
  i?: Int64;
  s?: Uint8Array;
  t?: TensorMessage;
  ints?: Int64[];
  floats?: number[];
}

export interface Node {
  opType: string;
  /** Empty for ONNX's own operators. */
  domain?: string;
  name: string;
  input: string[];
  output: string[];
  attribute: Attribute[];
}

export interface TensorMessage {
  name: string;
  dims: Int64[];
  dataType: number;
  rawData: Uint8Array;
  floatData?: number[];
  int32Data?: number[];
  int64Data?: Int64[];
  externalData?: { key: string; value: string }[];
}

export interface ValueInfo {
  name: string;
  type: {
    tensorType: { elemType: number; shape: { dim: { dimValue?: Int64; dimParam?: string }[] } };
  };
}

export interface Graph {
  name: string;
  node: Node[];
  initializer: TensorMessage[];
  input: ValueInfo[];
  output: ValueInfo[];
  valueInfo: ValueInfo[];
}

export interface OnnxModel {
  irVersion: Int64;
  opsetImport: { domain: string; version: Int64 }[];
  metadataProps: { key: string; value: string }[];
  graph: Graph;
}

/** @throws {Error} for bytes that are no ONNX model */
export function decodeOnnx(bytes: Uint8Array): OnnxModel {
  const model = ModelProto.decode(bytes) as unknown as OnnxModel;
  if (!model.graph) throw new Error("expected an ONNX model, got a file without a graph");
  return model;
}

export function encodeOnnx(model: OnnxModel): Uint8Array {
  return ModelProto.encode(ModelProto.fromObject(model)).finish();
}

/** Decodes a model file, has `change` edit its graph, and encodes it again. */
export function convertOnnx(onnx: Uint8Array, change: (graph: Graph) => void): Uint8Array {
  const model = decodeOnnx(onnx);
  change(model.graph);
  return encodeOnnx(model);
}
