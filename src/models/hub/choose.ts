import { existsSync, readdirSync } from "node:fs";
import { type Comparison, compareModels, SAMPLES_DIR, WORTHWHILE } from "../compare.ts";
import { messageOf } from "../errors.ts";
import type { OnnxSummary } from "../onnx/reader.ts";

/** A model folder around one of a repository's ONNX files. */
export interface Candidate {
  /** In the repository. */
  readonly path: string;
  readonly folder: string;
  readonly sizeBytes: number;
  readonly arithmetic: string;
}

export interface Judged extends Candidate {
  /** Of one inference, one thread, milliseconds of CPU, on this machine. */
  readonly cpuMs?: number;
  /** How many times as fast as the first candidate, both run in turns. */
  readonly speedup?: number;
  /** Our sample images that it gives the label of the first candidate. */
  readonly same?: number;
  readonly images?: number;
  /** Why the function cannot run it. */
  readonly problem?: string;
  readonly isTaken: boolean;
}

const MIN_SAME = 0.8;

/** What a graph computes in, by its operators. */
export function arithmeticOf({ operators, input }: OnnxSummary): string {
  const { ConvInteger = 0, MatMulInteger = 0 } = operators;
  // A transformer's patches are one convolution among dozens of matrices.
  if (ConvInteger > MatMulInteger) return "INT8, dynamic (ConvInteger)";
  if ("MatMulNBits" in operators) return "4 bits (MatMulNBits)";
  if ("QLinearConv" in operators || ("DequantizeLinear" in operators && "Conv" in operators))
    return "INT8, static";
  if (MatMulInteger > 0) return "INT8, dynamic (MatMulInteger)";
  if ("DequantizeLinear" in operators) return "INT8, static";
  return input.elementType === "float16" ? "float16" : "float32";
}

/**
 * Runs candidates here, each beside the float one, and takes the fastest that gives its labels. Names do not tell: of
 * convolutional networks, dynamic INT8 is mostly slower than float32.
 *
 * @param candidates the first is what the others are compared with
 */
export async function chooseCandidate(candidates: readonly Candidate[]): Promise<Judged[]> {
  const files = existsSync(SAMPLES_DIR)
    ? readdirSync(SAMPLES_DIR).filter((name) => /\.(png|jpg|webp)$/.test(name))
    : [];
  const sides: (Omit<Judged, "isTaken"> & { ratio: number })[] = [];
  let reference: Candidate | undefined;
  for (const candidate of candidates) {
    try {
      const base = reference ?? candidate;
      const comparison = await compareModels(candidate.folder, base.folder, { dir: SAMPLES_DIR, files });
      reference ??= candidate;
      sides.push({ ...candidate, ...measuresOf(comparison), ratio: ratioOf(comparison, candidate === base) });
    } catch (error) {
      sides.push({ ...candidate, problem: messageOf(error), ratio: 0 });
    }
  }
  const best = sides.reduce((before, side) => (side.ratio > before.ratio ? side : before), sides[0] as never);
  return sides.map((side) => {
    const { ratio, ...judged } = side;
    return { ...judged, isTaken: side === best && ratio > 0 };
  });
}

function measuresOf({
  cpuMs,
  same,
  images,
}: Comparison): Pick<Judged, "cpuMs" | "speedup" | "same" | "images"> {
  return { cpuMs: cpuMs.model, speedup: cpuMs.reference / cpuMs.model, same, images: images.length };
}

/** How many times as fast as the reference; 0 where that is not worth the rounding, or the labels are others. */
function ratioOf({ cpuMs, same, images }: Comparison, isReference: boolean): number {
  if (isReference) return WORTHWHILE;
  return same < MIN_SAME * images.length ? 0 : cpuMs.reference / cpuMs.model;
}
