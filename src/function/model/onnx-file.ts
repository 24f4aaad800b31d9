/** Just enough of an ONNX file, read from its bytes: which operators there are. ONNX Runtime opens graphs without telling. */
export interface OnnxFile {
  readonly nodes: readonly OnnxNode[];
  readonly outputs: readonly string[];
}

export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes that are lists of whole numbers, such as `perm`. */
  readonly lists: Readonly<Record<string, readonly number[]>>;
}

/** One field of a protobuf message. `raw` is all of it, tag included: writing it elsewhere copies it unchanged. */
export interface Field {
  readonly id: number;
  /** Payload of a length-delimited field; empty for others. */
  readonly bytes: Uint8Array;
  /** Value of a varint; 0 for others. */
  readonly value: number;
  readonly raw: Uint8Array;
}

/** @throws {RangeError} where the bytes are no protobuf message */
export function* readFields(bytes: Uint8Array): Generator<Field> {
  let offset = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[offset++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("expected a protobuf message, got bytes that are none");
  };
  while (offset < bytes.length) {
    const start = offset;
    const tag = varint();
    const wireType = tag % 8;
    let value = 0;
    let payload = bytes.subarray(0, 0);
    if (wireType === 0) value = varint();
    else if (wireType === 1) offset += 8;
    else if (wireType === 5) offset += 4;
    else if (wireType === 2) {
      const length = varint();
      payload = bytes.subarray(offset, offset + length);
      offset += length;
    } else throw new RangeError(`expected a protobuf message, got wire type ${wireType}`);
    if (offset > bytes.length) throw new RangeError("expected a whole protobuf message, it ends early");
    yield { id: Math.floor(tag / 8), bytes: payload, value, raw: bytes.subarray(start, offset) };
  }
}

/** Field numbers of onnx.proto3. */
export const ONNX_FIELD = {
  model: { graph: 7 },
  graph: { node: 1, initializer: 5, output: 12 },
  node: { input: 1, output: 2, operator: 4, attribute: 5 },
  attribute: { name: 1, ints: 8 },
  tensor: { name: 8 },
  valueInfo: { name: 1 },
} as const;

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function texts(message: Uint8Array, id: number): string[] {
  return [...readFields(message)].filter((field) => field.id === id).map(({ bytes }) => text(bytes));
}

/** @throws {RangeError} for bytes that are no ONNX file */
export function readOnnxFile(bytes: Uint8Array): OnnxFile {
  const nodes: OnnxNode[] = [];
  const outputs: string[] = [];
  const { graph, node, valueInfo } = ONNX_FIELD;
  for (const { id, bytes: graphBytes } of readFields(bytes)) {
    if (id !== ONNX_FIELD.model.graph) continue;
    for (const field of readFields(graphBytes)) {
      if (field.id === graph.node) {
        nodes.push({
          operator: texts(field.bytes, node.operator)[0] ?? "",
          inputs: texts(field.bytes, node.input),
          outputs: texts(field.bytes, node.output),
          lists: readLists(field.bytes),
        });
      } else if (field.id === graph.output) outputs.push(...texts(field.bytes, valueInfo.name));
    }
  }
  return { nodes, outputs };
}

function readLists(message: Uint8Array): Record<string, readonly number[]> {
  const lists: Record<string, readonly number[]> = {};
  for (const { id, bytes } of readFields(message)) {
    if (id !== ONNX_FIELD.node.attribute) continue;
    const [name = ""] = texts(bytes, ONNX_FIELD.attribute.name);
    // Packed as proto3 has it, or one field per number as proto2 writes.
    const numbers = [...readFields(bytes)]
      .filter((field) => field.id === ONNX_FIELD.attribute.ints)
      .flatMap((field) => (field.bytes.length > 0 ? unpack(field.bytes) : [field.value]));
    if (numbers.length > 0) lists[name] = numbers;
  }
  return lists;
}

function unpack(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  let value = 0;
  let factor = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte >= 0x80) continue;
    numbers.push(value);
    value = 0;
    factor = 1;
  }
  return numbers;
}
