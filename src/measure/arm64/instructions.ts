/** Numbers of A64 instructions, all and by kind; an instruction is of one kind at most. */
export interface Mix {
  all: number;
  /** int8 dot products: `sdot`, `udot`, `usdot`, `sudot`. */
  dot: number;
  /** int8 matrix products, of i8mm: `smmla`, `ummla`, `usmmla`. */
  matrix: number;
  /** Every other one on vector and floating-point registers, scalar floats included. */
  simd: number;
  /** Loads and stores, vectors' too. */
  memory: number;
}

export type Kind = Exclude<keyof Mix, "all"> | "other";

/** Bits that tell an instruction, and what they are; "Arm Architecture Reference Manual", C4.1 and C7.2. */
const PRODUCTS: readonly (readonly [mask: number, bits: number, kind: Kind])[] = [
  [0x9fe0fc00, 0x0e809400, "dot"], // SDOT, UDOT (vector)
  [0x9fc0f400, 0x0f80e000, "dot"], // SDOT, UDOT (by element)
  [0xbfe0fc00, 0x0e809c00, "dot"], // USDOT (vector)
  [0xbf40f400, 0x0f00f000, "dot"], // USDOT, SUDOT (by element)
  [0xdfe0fc00, 0x4e80a400, "matrix"], // SMMLA, UMMLA
  [0xffe0fc00, 0x4e80ac00, "matrix"], // USMMLA
];

/** What an instruction does. SVE's count as `simd`, their loads and stores as `memory`. */
export function kindOf(instruction: number): Kind {
  for (const [mask, bits, kind] of PRODUCTS) if ((instruction & mask) >>> 0 === bits) return kind;
  const group = (instruction >>> 25) & 0b1111;
  if ((group & 0b0101) === 0b0100) return "memory";
  if ((group & 0b0111) === 0b0111) return "simd";
  if (group !== 0b0010) return "other";
  return instruction >>> 31 === 1 ? "memory" : "simd";
}

export function emptyMix(): Mix {
  return { all: 0, dot: 0, matrix: 0, simd: 0, memory: 0 };
}

/** The kinds of a block's instructions, `runs` times. */
export function mixOf(instructions: Uint32Array, runs = 1): Mix {
  const mix = emptyMix();
  mix.all = instructions.length * runs;
  for (const instruction of instructions) {
    const kind = kindOf(instruction);
    if (kind !== "other") mix[kind] += runs;
  }
  return mix;
}

/** Adds `other` to `mix`. */
export function addMix(mix: Mix, other: Mix): void {
  for (const kind of Object.keys(mix) as (keyof Mix)[]) mix[kind] += other[kind];
}

/** `mix` of one picture or run. */
export function perUnit(mix: Mix, units: number): Mix {
  const divided = emptyMix();
  for (const kind of Object.keys(mix) as (keyof Mix)[]) divided[kind] = mix[kind] / units;
  return divided;
}
