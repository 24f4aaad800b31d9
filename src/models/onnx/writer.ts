import { ATTRIBUTE_TYPE, DATA_TYPE, type ElementType, ModelProto } from "./proto.ts";

type Constant = Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;

/** Opset 13 has every standard operator used here; ONNX Runtime's own ones are in `com.microsoft`. */
const OPSETS = [
  { domain: "", version: 13 },
  { domain: "com.microsoft", version: 1 },
];
/** The IR version that came with opset 13 (ONNX 1.8). */
const IR_VERSION = 7;

export interface NodeSpec {
  readonly opType: string;
  readonly domain?: "com.microsoft";
  readonly inputs: readonly string[];
  /** Wished-for name of the one output. */
  readonly output: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** A whole number, several, or a real one. */
export type Attribute = number | readonly number[] | { readonly float: number };

/** Collects the nodes and constants of one ONNX graph, giving each value a name of its own. */
export class OnnxGraph {
  readonly #names = new Set<string>();
  readonly #nodes: object[] = [];
  readonly #initializers: object[] = [];
  readonly #inputs: object[] = [];
  readonly #outputs: object[] = [];

  /** @returns the name of the graph input. */
  input(name: string, type: ElementType, shape: readonly number[]): string {
    const unique = this.#unique(name);
    this.#inputs.push(valueInfo(unique, type, shape));
    return unique;
  }

  /** Declares a node's output as an output of the graph. */
  output(name: string, type: ElementType, shape: readonly number[]): void {
    this.#outputs.push(valueInfo(name, type, shape));
  }

  /** @param dims [] for a scalar. @returns the name of the constant. */
  constant(name: string, data: Constant, dims: readonly number[]): string {
    const unique = this.#unique(name);
    this.#initializers.push({
      name: unique,
      dims,
      dataType: DATA_TYPE[elementType(data)],
      rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    });
    return unique;
  }

  /** @returns the name of the node's output. */
  node({ opType, domain = undefined, inputs, output, attributes = {} }: NodeSpec): string {
    const unique = this.#unique(output);
    this.#nodes.push({
      opType,
      ...(domain && { domain }),
      name: unique,
      input: inputs,
      output: [unique],
      attribute: Object.entries(attributes).map(([name, value]) => ({ name, ...attributeOf(value) })),
    });
    return unique;
  }

  /** The finished `model.onnx`. @param metadata key-value pairs that travel inside the file. */
  encode(name: string, metadata: Readonly<Record<string, string>>): Uint8Array {
    return ModelProto.encode({
      irVersion: IR_VERSION,
      producerName: "graviton-image-classifier",
      opsetImport: OPSETS,
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      graph: {
        name,
        node: this.#nodes,
        initializer: this.#initializers,
        input: this.#inputs,
        output: this.#outputs,
      },
    }).finish();
  }

  #unique(name: string): string {
    let unique = name;
    for (let count = 2; this.#names.has(unique); count++) unique = `${name}_${count}`;
    this.#names.add(unique);
    return unique;
  }
}

function attributeOf(value: Attribute): object {
  if (typeof value === "number") return { type: ATTRIBUTE_TYPE.INT, i: value };
  if ("float" in value) return { type: ATTRIBUTE_TYPE.FLOAT, f: value.float };
  return { type: ATTRIBUTE_TYPE.INTS, ints: value };
}

function elementType(data: Constant): ElementType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Uint8Array) return "uint8";
  if (data instanceof Int8Array) return "int8";
  return data instanceof Int32Array ? "int32" : "int64";
}

function valueInfo(name: string, type: ElementType, shape: readonly number[]): object {
  const dim = shape.map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: DATA_TYPE[type], shape: { dim } } } };
}
