import type { ResultsAs } from "../../src/function/config.ts";

/** What a number of runs came to. */
export interface Tally<Fault extends string> {
  runs: number;
  uploads: number;
  /** Of the newest uploads of each key: those with their result, and those that are dead letters. */
  results: number;
  deadUploads: number;
  /** How often each was injected. */
  readonly injected: Map<Fault, number>;
  readonly violations: string[];
}

export function createTally<Fault extends string>(): Tally<Fault> {
  return { runs: 0, uploads: 0, results: 0, deadUploads: 0, injected: new Map(), violations: [] };
}

export interface RunOptions {
  readonly modelDir: string;
  /** Where the function puts results; default: as objects. */
  readonly resultsAs?: ResultsAs;
  readonly seed: number;
  readonly runs: number;
  /** Plays no further runs once an invariant is broken. */
  readonly stopAtViolation?: boolean;
  /** Called after every run with the number done so far. */
  readonly progress?: (done: number) => void;
}
