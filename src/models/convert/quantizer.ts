import type { OnnxGraph } from "../onnx/writer.ts";
import type { Quantization } from "./activations.ts";
import type { Value } from "./backend.ts";

/** Writes the ways between float32 and uint8, and the constants of them, equal ones once. */
export class Quantizer {
  readonly #graph: OnnxGraph;
  readonly #parameters = new Map<string, readonly [scale: string, zeroPoint: string]>();
  readonly #scalars = new Map<string, string>();

  constructor(graph: OnnxGraph) {
    this.#graph = graph;
  }

  /** Names of the scale and zero point constants. */
  parameters({ scale, zeroPoint }: Quantization): readonly [scale: string, zeroPoint: string] {
    const key = `${scale}/${zeroPoint}`;
    const names = this.#parameters.get(key) ?? [
      this.#graph.constant("scale", new Float32Array([scale]), []),
      this.#graph.constant("zero_point", new Uint8Array([zeroPoint]), []),
    ];
    this.#parameters.set(key, names);
    return names;
  }

  scalar(value: number, type: "float32" | "uint8" = "float32"): string {
    const key = `${type} ${value}`;
    const data = type === "float32" ? new Float32Array([value]) : new Uint8Array([value]);
    const name = this.#scalars.get(key) ?? this.#graph.constant("constant", data, []);
    this.#scalars.set(key, name);
    return name;
  }

  /** Name of the constant that stands for a real 0. */
  zero({ quantization }: Value): string {
    return quantization === undefined ? this.scalar(0) : this.parameters(quantization)[1];
  }

  quantize(value: Value, quantization: Quantization, name: string): Value {
    const inputs = [value.name, ...this.parameters(quantization)];
    const output = this.#graph.node({ opType: "QuantizeLinear", inputs, output: name });
    return { ...value, name: output, quantization };
  }

  /** The value itself where it is float32. */
  dequantize(value: Value, name: string): Value {
    if (value.quantization === undefined) return value;
    const inputs = [value.name, ...this.parameters(value.quantization)];
    const output = this.#graph.node({ opType: "DequantizeLinear", inputs, output: name });
    return { ...value, name: output, quantization: undefined };
  }
}
