import { CommandError } from "../errors.ts";
import { type OperatorOptions, readOperatorOptions } from "./operators.ts";
import { FIELD, FILE_IDENTIFIER, operatorName, TENSOR_TYPE_INT8, TENSOR_TYPES } from "./schema.ts";
import { Table } from "./table.ts";

export interface TfliteTensor {
  readonly name: string;
  /** NHWC for pictures, as everywhere in TensorFlow Lite. */
  readonly shape: readonly number[];
  readonly type: string;
  /** Empty arrays where the tensor is not quantised; one entry, or one a channel along `axis`. */
  readonly quantization: { readonly scales: number[]; readonly zeroPoints: number[]; readonly axis: number };
  /** Little-endian content of a constant; empty for what is computed. */
  readonly data: Uint8Array;
}

export interface TfliteOperator {
  readonly options: OperatorOptions;
  /** Tensor indices; -1 stands for an input left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

export interface TfliteModel {
  readonly tensors: readonly TfliteTensor[];
  readonly operators: readonly TfliteOperator[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Content of the file's metadata by name, such as `TFLITE_METADATA`. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads the first graph of a TensorFlow Lite file.
 *
 * @throws CommandError FILE_UNREADABLE for bytes that are no TFLite file.
 */
export function readTflite(bytes: Uint8Array): TfliteModel {
  const identifier = new TextDecoder("latin1").decode(bytes.subarray(4, 8));
  if (identifier !== FILE_IDENTIFIER) {
    throw new CommandError(
      "FILE_UNREADABLE",
      `expected a TensorFlow Lite file (identifier ${FILE_IDENTIFIER} at byte 4), got ${JSON.stringify(identifier)}`,
    );
  }
  const root = Table.root(bytes);
  // Others are called from it, if at all: CALL, IF and WHILE cannot be imported.
  const [graph] = root.tables(FIELD.model.subgraphs);
  if (graph === undefined) throw new CommandError("MODEL_UNSUPPORTED", "expected a graph, the file has none");
  const buffers = root.tables(FIELD.model.buffers);
  const names = root.tables(FIELD.model.operatorCodes).map(readOperatorName);
  const operators = graph.tables(FIELD.subgraph.operators);
  return {
    tensors: graph.tables(FIELD.subgraph.tensors).map((tensor) => readTensor(tensor, buffers)),
    operators: operators.map((operator) => ({
      options: readOperatorOptions(nameOf(operator, names), operator.table(FIELD.operator.builtinOptions)),
      inputs: operator.ints(FIELD.operator.inputs),
      outputs: operator.ints(FIELD.operator.outputs),
    })),
    inputs: graph.ints(FIELD.subgraph.inputs),
    outputs: graph.ints(FIELD.subgraph.outputs),
    metadata: new Map(
      root.tables(FIELD.model.metadata).map((entry) => {
        const buffer = buffers[entry.int(FIELD.metadata.buffer, 0)];
        return [entry.string(FIELD.metadata.name), buffer?.bytes(FIELD.buffer.data) ?? new Uint8Array()];
      }),
    ),
  };
}

function readOperatorName(code: Table): string {
  // Codes up to 127 used to live in a byte; newer files fill both fields, and the larger one counts.
  const builtin = Math.max(
    code.byte(FIELD.operatorCode.deprecatedBuiltinCode, 0),
    code.int(FIELD.operatorCode.builtinCode, 0),
  );
  const name = operatorName(builtin);
  return name === "CUSTOM" ? `CUSTOM ${code.string(FIELD.operatorCode.customCode)}` : name;
}

function nameOf(operator: Table, names: readonly string[]): string {
  const index = operator.int(FIELD.operator.opcodeIndex, 0);
  const name = names[index];
  if (name === undefined) {
    throw new CommandError(
      "FILE_UNREADABLE",
      `expected operator codes 0 to ${names.length - 1}, got ${index}`,
    );
  }
  return name;
}

function readTensor(tensor: Table, buffers: readonly Table[]): TfliteTensor {
  const type = tensor.byte(FIELD.tensor.type, 0);
  const quantization = tensor.table(FIELD.tensor.quantization);
  return {
    name: tensor.string(FIELD.tensor.name),
    shape: tensor.ints(FIELD.tensor.shape),
    type: type === TENSOR_TYPE_INT8 ? "INT8" : (TENSOR_TYPES[type] ?? `tensor type ${type}`),
    quantization: {
      scales: quantization?.floats(FIELD.quantization.scale) ?? [],
      zeroPoints: quantization?.longs(FIELD.quantization.zeroPoint) ?? [],
      axis: quantization?.int(FIELD.quantization.quantizedDimension, 0) ?? 0,
    },
    data: buffers[tensor.int(FIELD.tensor.buffer, 0)]?.bytes(FIELD.buffer.data) ?? new Uint8Array(),
  };
}
