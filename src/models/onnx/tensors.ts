import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { Graph, TensorMessage } from "./model.ts";
import { DATA_TYPE } from "./proto.ts";

export function floatTensor(name: string, dims: readonly number[], values: Float32Array): TensorMessage {
  return { name, dims: [...dims], dataType: DATA_TYPE.float32, rawData: bytesOf(values) };
}

export function integerTensor(
  name: string,
  dims: readonly number[],
  values: Int8Array | Uint8Array | Int32Array,
): TensorMessage {
  const type = values instanceof Int32Array ? "int32" : values instanceof Int8Array ? "int8" : "uint8";
  return { name, dims: [...dims], dataType: DATA_TYPE[type], rawData: bytesOf(values) };
}

export function dimsOf({ dims }: TensorMessage): number[] {
  return dims.map(Number);
}

/** Values of a float32 tensor, however they are stored. @throws {Error} for another type */
export function readFloats({ name, dataType, rawData, floatData }: TensorMessage): Float32Array {
  if (dataType !== DATA_TYPE.float32)
    throw new Error(`expected float32 in ${name}, got ONNX's data type ${dataType}`);
  if (floatData && floatData.length > 0) return Float32Array.from(floatData);
  return new Float32Array(Uint8Array.from(rawData).buffer);
}

/** Values of an int32 or int64 tensor, however they are stored. @throws {Error} for another type */
export function readIntegers(tensor: TensorMessage): number[] {
  const { name, dataType, rawData, int32Data = [], int64Data = [] } = tensor;
  const { buffer } = Uint8Array.from(rawData);
  if (dataType === DATA_TYPE.int64)
    return int64Data.length > 0 ? int64Data.map(Number) : [...new BigInt64Array(buffer)].map(Number);
  if (dataType === DATA_TYPE.int32) return int32Data.length > 0 ? int32Data : [...new Int32Array(buffer)];
  throw new Error(`expected int32 or int64 in ${name}, got ONNX's data type ${dataType}`);
}

/** Weights that lie in files beside the graph become its own, so that it is one file. */
export function inlineExternalData({ initializer }: Graph, folder: string): void {
  const EXTERNAL = 1;
  for (const tensor of initializer) {
    const message = tensor as TensorMessage & { dataLocation?: number };
    if (message.dataLocation !== EXTERNAL) continue;
    const entries = Object.fromEntries((tensor.externalData ?? []).map(({ key, value }) => [key, value]));
    const length = Number(entries.length ?? Number.NaN);
    if (entries.location === undefined || !Number.isInteger(length))
      throw new Error(`expected location and length of the external data of ${tensor.name}`);
    tensor.rawData = readRange(join(folder, entries.location), Number(entries.offset ?? 0), length);
    tensor.externalData = [];
    message.dataLocation = 0;
  }
}

function readRange(file: string, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const descriptor = openSync(file, "r");
  try {
    let at = 0;
    while (at < length) {
      const count = readSync(descriptor, bytes, at, length - at, offset + at);
      if (count === 0) throw new Error(`expected ${length} bytes at ${offset} of ${file}, it ends early`);
      at += count;
    }
  } finally {
    closeSync(descriptor);
  }
  return bytes;
}

function bytesOf(values: Float32Array | Int8Array | Uint8Array | Int32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
