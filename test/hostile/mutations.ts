import { type Part, partsOf } from "./structure.ts";

/** A source of numbers in [0, 1). */
export type Random = () => number;

/** Turns a valid picture into a hostile one; the input is never changed. */
export type Mutation = (valid: Buffer, random: Random) => Buffer;

/** Every way in which a valid picture is broken, by name. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  "bit flips": (valid, random) => {
    const bytes = Buffer.from(valid);
    for (let flips = 1 + Math.floor(32 * random() ** 3); flips > 0; flips--) {
      const at = below(bytes.length, random);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << below(8, random)), at);
    }
    return bytes;
  },

  "header bit flips": (valid, random) => {
    const bytes = Buffer.from(valid);
    const at = below(Math.min(64, bytes.length), random);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << below(8, random)), at);
    return bytes;
  },

  "overwritten run": (valid, random) => {
    const bytes = Buffer.from(valid);
    const start = below(bytes.length, random);
    return bytes.fill(
      pick([0x00, 0xff, 0x41], random),
      start,
      Math.min(bytes.length, start + 1 + below(256, random)),
    );
  },

  truncation: (valid, random) => valid.subarray(0, below(valid.length, random)),

  "truncation at a structure": (valid, random) => {
    const part = pick(partsOf(valid), random);
    return valid.subarray(0, pick([part.start, part.start + 1, part.end - 1, part.end], random));
  },

  "length field": (valid, random) => {
    const bytes = Buffer.from(valid);
    const { length } = pick(
      partsOf(valid).filter((part) => part.length !== undefined),
      random,
    );
    if (length === undefined) return bytes;
    const most = 256 ** length.bytes - 1;
    const now = length.littleEndian
      ? bytes.readUIntLE(length.offset, length.bytes)
      : bytes.readUIntBE(length.offset, length.bytes);
    const value = pick([0, 1, now - 1, now + 1, now * 2, Math.floor(most / 2), most - 1, most], random);
    const clamped = Math.min(most, Math.max(0, value));
    if (length.littleEndian) bytes.writeUIntLE(clamped, length.offset, length.bytes);
    else bytes.writeUIntBE(clamped, length.offset, length.bytes);
    return bytes;
  },

  "swapped parts": (valid, random) => rearranged(valid, random, (parts, a, b) => swapped(parts, a, b)),
  "repeated part": (valid, random) =>
    rearranged(valid, random, (parts, a) =>
      parts.flatMap((part, i) => (i === a ? [part, part, part] : part)),
    ),
  "missing part": (valid, random) => rearranged(valid, random, (parts, a) => parts.filter((_, i) => i !== a)),
};

/** The top-level parts in another order; boxes inside other boxes are left where they are. */
function rearranged(
  valid: Buffer,
  random: Random,
  arrange: (parts: Part[], a: number, b: number) => Part[],
): Buffer {
  let end = 0;
  const topLevel = partsOf(valid).filter((part) => {
    const outside = part.start >= end;
    if (outside) end = part.end;
    return outside;
  });
  const arranged = arrange(topLevel, below(topLevel.length, random), below(topLevel.length, random));
  return Buffer.concat(arranged.map((part) => valid.subarray(part.start, part.end)));
}

function swapped(parts: Part[], a: number, b: number): Part[] {
  return parts.map((part, i) => (i === a ? parts[b] : i === b ? parts[a] : part) ?? part);
}

/** A whole number in [0, limit). */
export function below(limit: number, random: Random): number {
  return Math.floor(random() * limit);
}

/** One of the choices, each as likely. */
export function pick<T>(choices: readonly T[], random: Random): T {
  const choice = choices[below(choices.length, random)];
  if (choice === undefined) throw new RangeError("expected at least one choice, got none");
  return choice;
}
