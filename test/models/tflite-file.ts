import { Builder } from "flatbuffers";
import { FIELD, FILE_IDENTIFIER } from "../../src/models/tflite/schema.ts";

/** TensorType values of the schema. */
const TYPE = { FLOAT32: 0, FLOAT16: 1, INT32: 2, UINT8: 3, INT8: 9 } as const;

export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: keyof typeof TYPE;
  readonly scales?: readonly number[];
  readonly zeroPoints?: readonly number[];
  readonly axis?: number;
  readonly data?: Uint8Array | Int8Array | Int32Array | Float32Array | Float16Array;
}

export interface OperatorSpec {
  /** BuiltinOperator value; 32 (CUSTOM) with `customCode`. */
  readonly code: number;
  readonly customCode?: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Options table as field id → [width of the integer in bytes, or that it is a float32, value]. */
  readonly options?: ReadonlyMap<number, readonly [1 | 4 | "float", number]>;
}

/** Writes a TFLite file of one subgraph, as a converter would. */
export function writeTfliteFile(
  tensors: readonly TensorSpec[],
  operators: readonly OperatorSpec[],
  inputs: readonly number[],
  outputs: readonly number[],
  metadata: ReadonlyMap<string, Uint8Array> = new Map(),
): Uint8Array {
  const b = new Builder(4096);
  const contents = [new Uint8Array(), ...tensors.map(({ data }) => bytesOf(data)), ...metadata.values()];
  const buffers = contents.map((data) => {
    const vector = data.length > 0 ? b.createByteVector(data) : 0;
    return table(b, 1, () => b.addFieldOffset(FIELD.buffer.data, vector, 0));
  });
  const codes = operators.map(({ code, customCode }) => {
    const custom = customCode === undefined ? 0 : b.createString(customCode);
    return table(b, 4, () => {
      b.addFieldInt8(FIELD.operatorCode.deprecatedBuiltinCode, Math.min(code, 127), 0);
      b.addFieldOffset(FIELD.operatorCode.customCode, custom, 0);
      b.addFieldInt32(FIELD.operatorCode.builtinCode, code, 0);
    });
  });
  const tensorTables = tensors.map((tensor, index) => writeTensor(b, tensor, index + 1));
  const operatorTables = operators.map((operator, index) => writeOperator(b, operator, index));
  const [tensorVector, inputVector, outputVector, operatorVector] = [
    offsets(b, tensorTables),
    ints(b, inputs),
    ints(b, outputs),
    offsets(b, operatorTables),
  ];
  const subgraph = table(b, 5, () => {
    b.addFieldOffset(FIELD.subgraph.tensors, tensorVector, 0);
    b.addFieldOffset(FIELD.subgraph.inputs, inputVector, 0);
    b.addFieldOffset(FIELD.subgraph.outputs, outputVector, 0);
    b.addFieldOffset(FIELD.subgraph.operators, operatorVector, 0);
  });
  const entries = [...metadata.keys()].map((key, index) => {
    const name = b.createString(key);
    return table(b, 2, () => {
      b.addFieldOffset(FIELD.metadata.name, name, 0);
      b.addFieldInt32(FIELD.metadata.buffer, 1 + tensors.length + index, 0);
    });
  });
  const [codeVector, subgraphVector, bufferVector, metadataVector] = [
    offsets(b, codes),
    offsets(b, [subgraph]),
    offsets(b, buffers),
    offsets(b, entries),
  ];
  const model = table(b, 7, () => {
    b.addFieldInt32(0, 3, 0);
    b.addFieldOffset(FIELD.model.operatorCodes, codeVector, 0);
    b.addFieldOffset(FIELD.model.subgraphs, subgraphVector, 0);
    b.addFieldOffset(FIELD.model.buffers, bufferVector, 0);
    b.addFieldOffset(FIELD.model.metadata, metadataVector, 0);
  });
  b.finish(model, FILE_IDENTIFIER);
  return b.asUint8Array();
}

function writeTensor(b: Builder, tensor: TensorSpec, buffer: number): number {
  const { scales = [], zeroPoints = [], axis = 0 } = tensor;
  const scale = vector(b, 4, scales, (value) => b.addFloat32(value));
  const zeroPoint = vector(b, 8, zeroPoints, (value) => b.addInt64(BigInt(value)));
  const quantization = table(b, 7, () => {
    b.addFieldOffset(FIELD.quantization.scale, scale, 0);
    b.addFieldOffset(FIELD.quantization.zeroPoint, zeroPoint, 0);
    b.addFieldInt32(FIELD.quantization.quantizedDimension, axis, 0);
  });
  const shape = ints(b, tensor.shape);
  const name = b.createString(tensor.name);
  return table(b, 5, () => {
    b.addFieldOffset(FIELD.tensor.shape, shape, 0);
    b.addFieldInt8(FIELD.tensor.type, TYPE[tensor.type], 0);
    b.addFieldInt32(FIELD.tensor.buffer, buffer, 0);
    b.addFieldOffset(FIELD.tensor.name, name, 0);
    if (scales.length > 0) b.addFieldOffset(FIELD.tensor.quantization, quantization, 0);
  });
}

function writeOperator(b: Builder, operator: OperatorSpec, opcodeIndex: number): number {
  const fields = operator.options ?? new Map();
  const options = table(b, 8, () => {
    for (const [field, [width, value]] of fields) {
      if (width === 1) b.addFieldInt8(field, value, 0);
      else if (width === "float") b.addFieldFloat32(field, value, 0);
      else b.addFieldInt32(field, value, 0);
    }
  });
  const [inputs, outputs] = [ints(b, operator.inputs), ints(b, operator.outputs)];
  return table(b, 5, () => {
    b.addFieldInt32(FIELD.operator.opcodeIndex, opcodeIndex, 0);
    b.addFieldOffset(FIELD.operator.inputs, inputs, 0);
    b.addFieldOffset(FIELD.operator.outputs, outputs, 0);
    if (operator.options !== undefined) b.addFieldOffset(FIELD.operator.builtinOptions, options, 0);
  });
}

function table(b: Builder, fieldCount: number, fill: () => void): number {
  b.startObject(fieldCount);
  fill();
  return b.endObject();
}

function vector(b: Builder, size: number, values: readonly number[], add: (value: number) => void): number {
  b.startVector(size, values.length, size);
  for (const value of values.toReversed()) add(value);
  return b.endVector();
}

function ints(b: Builder, values: readonly number[]): number {
  return vector(b, 4, values, (value) => b.addInt32(value));
}

function offsets(b: Builder, values: readonly number[]): number {
  return vector(b, 4, values, (value) => b.addOffset(value));
}

function bytesOf(data: TensorSpec["data"]): Uint8Array {
  return data === undefined
    ? new Uint8Array()
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
