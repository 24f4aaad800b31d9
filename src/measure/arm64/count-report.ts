import type { Component } from "../profile/job.ts";
import type { Interval } from "./counter.ts";
import { addMix, emptyMix, type Mix, mixOf, perUnit } from "./instructions.ts";
import type { Origin, OriginOf } from "./origin.ts";

/** Instructions of something, of one picture (or one run of the model). */
export interface Counted extends Mix {
  readonly name: string;
  readonly component: Component;
  readonly object: string;
}

/** A block of instructions that runs often. */
export interface HotBlock extends Counted {
  /** In the object's file, in bytes. */
  readonly offset: number;
  /** Instructions in it. */
  readonly length: number;
}

/** Where the instructions of a process went, on an emulated core. */
export interface CountReport {
  readonly schemaVersion: 1;
  /** As QEMU names it. */
  readonly cpu: string;
  /** What was counted: `function` or `session`. */
  readonly counted: "function" | "session";
  readonly model: string;
  /** Pictures, or runs of the model, that were counted. */
  readonly units: number;
  readonly commit?: string;
  readonly date: string;
  readonly all: Mix;
  readonly components: readonly Counted[];
  readonly objects: readonly Counted[];
  readonly functions: readonly Counted[];
  /** Of the largest component. */
  readonly blocks: readonly HotBlock[];
}

const KEPT_FUNCTIONS = 300;
const KEPT_BLOCKS = 60;

/** Sums an interval's blocks by component, object, function and place. */
export function sumInterval(
  { blocks }: Interval,
  originOf: OriginOf,
  units: number,
): Pick<CountReport, "all" | "components" | "objects" | "functions" | "blocks"> {
  const all = emptyMix();
  const sums = { components: new Sums(), objects: new Sums(), functions: new Sums(), blocks: new Sums() };
  for (const block of blocks) {
    const origin = originOf(block);
    const mix = mixOf(block.instructions, block.runs);
    addMix(all, mix);
    const { component, object, name, offset } = origin;
    sums.components.add(component, { ...origin, name: component, object: "" }, mix);
    sums.objects.add(object, { ...origin, name: object }, mix);
    sums.functions.add(`${component} ${name}`, origin, mix);
    sums.blocks.add(`${object} ${name} ${offset}`, origin, mix, block.instructions.length);
  }
  const components = sums.components.largest(units);
  return {
    all: perUnit(all, units),
    components,
    objects: sums.objects.largest(units),
    functions: sums.functions.largest(units).slice(0, KEPT_FUNCTIONS),
    blocks: sums.blocks
      .largest(units)
      .filter(({ component }) => component === components[0]?.component)
      .slice(0, KEPT_BLOCKS),
  };
}

/** Mixes by key, each with what it is of. */
class Sums {
  readonly #sums = new Map<string, { origin: Origin; mix: Mix; length: number }>();

  add(key: string, origin: Origin, mix: Mix, length = 0): void {
    const sum = this.#sums.get(key) ?? { origin, mix: emptyMix(), length };
    addMix(sum.mix, mix);
    sum.length = Math.max(sum.length, length);
    this.#sums.set(key, sum);
  }

  largest(units: number): HotBlock[] {
    return [...this.#sums.values()]
      .map(({ origin, mix, length }) => ({ ...origin, length, ...perUnit(mix, units) }))
      .sort((a, b) => b.all - a.all);
  }
}

/** Stages, as far as the code that runs tells them. What several stages use is in the last. */
export const STAGES: readonly (readonly [stage: string, components: readonly Component[]])[] = [
  ["decode", ["libjpeg-turbo", "libvips and its codecs"]],
  ["resample and normalize", ["WebAssembly kernel"]],
  ["infer", ["ONNX Runtime"]],
  // No stage of an image: how much falls on one depends on when it is counted.
  ["V8: garbage, compiling", ["V8's garbage collector", "V8's compilers"]],
];
export const OTHER_STAGES = "fetch, publish, all between";

/** Instructions of each stage. */
export function stagesOf({ components, all }: CountReport): [stage: string, instructions: number][] {
  const of = (names: readonly Component[]): number =>
    components.filter(({ component }) => names.includes(component)).reduce((sum, each) => sum + each.all, 0);
  const stages = STAGES.map(([stage, names]): [string, number] => [stage, of(names)]);
  const rest = all.all - stages.reduce((sum, [, instructions]) => sum + instructions, 0);
  return [...stages, [OTHER_STAGES, rest]];
}
