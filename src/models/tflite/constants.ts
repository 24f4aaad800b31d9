import { CommandError } from "../errors.ts";
import type { TfliteTensor } from "./reader.ts";

export function isConstant(tensor: TfliteTensor): boolean {
  return tensor.data.length > 0;
}

export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Whole numbers of an INT32 or INT64 constant, such as axes and paddings. */
export function integersOf(tensor: TfliteTensor): number[] {
  const { buffer } = tensor.data.slice();
  if (tensor.type === "INT64") return Array.from(new BigInt64Array(buffer), Number);
  if (tensor.type === "INT32") return [...new Int32Array(buffer)];
  throw new CommandError(
    "MODEL_UNSUPPORTED",
    `expected ${tensor.name} to hold int32 or int64, got ${tensor.type}`,
  );
}

/** Real values of a constant: floats of 16 or 32 bits, or integers with one scale or a scale per channel. */
export function realsOf(tensor: TfliteTensor): Float32Array {
  const { scales, zeroPoints, axis } = tensor.quantization;
  const values = numbersOf(tensor);
  if (values.length !== countOf(tensor.shape)) {
    throw new CommandError(
      "FILE_UNREADABLE",
      `expected ${countOf(tensor.shape)} values in ${tensor.name}, the file has ${values.length}`,
    );
  }
  if (tensor.type.startsWith("FLOAT")) return Float32Array.from(values);
  const channels = tensor.shape[axis] ?? 1;
  const isUsable = scales.length === 1 || scales.length === channels;
  if (!isUsable) {
    throw new CommandError(
      "MODEL_UNSUPPORTED",
      `expected 1 or ${channels} scales in ${tensor.name}, got ${scales.length}`,
    );
  }
  const inner = countOf(tensor.shape.slice(axis + 1));
  return Float32Array.from(values, (value, index) => {
    const channel = scales.length === 1 ? 0 : Math.floor(index / inner) % channels;
    return (scales[channel] ?? 0) * (value - (zeroPoints[channel] ?? zeroPoints[0] ?? 0));
  });
}

function numbersOf({ name, type, data }: TfliteTensor): ArrayLike<number> {
  const { buffer } = data.slice();
  switch (type) {
    case "FLOAT32":
      return new Float32Array(buffer);
    case "FLOAT16":
      return new Float16Array(buffer);
    case "INT32":
      return new Int32Array(buffer);
    case "UINT8":
      return data;
    case "INT8":
      return new Int8Array(buffer);
    default:
      throw new CommandError(
        "MODEL_UNSUPPORTED",
        `expected ${name} to hold float32, float16, uint8, int8 or int32, got ${type}`,
      );
  }
}
