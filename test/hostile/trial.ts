import type { ResultsAs } from "../../src/function/config.ts";
import type { CraftedInput } from "./crafted.ts";
import { startHostileFunction, type Verdict } from "./function.ts";
import { hostileInputs } from "./inputs.ts";
import { validPictures } from "./valid.ts";

/** No input may take longer: a third of the function's timeout, and the limit that it sets to decoding. */
export const MAX_DURATION_MS = 10_000;

/** A good picture is put through after so many hostile ones. */
const CONTROL_EVERY = 25;

/** What must not happen. */
export type Violation = "crash" | "wrong answer" | "no code" | "over time" | "over memory";

/** What a number of hostile inputs did. */
export interface Trial {
  readonly inputs: number;
  /** By family of attacks: how often each outcome was seen, and the worst time and memory. */
  readonly families: ReadonlyMap<string, Family>;
  /** Everything that must not happen; empty when all is well. */
  readonly violations: readonly (readonly [Violation, string])[];
  /** Good pictures that were put between the hostile ones. */
  readonly controls: number;
}

export interface Family {
  inputs: number;
  readonly outcomes: Map<string, number>;
  worstMs: number;
  worstPeakBytes: number;
}

export interface TrialOptions {
  readonly modelDir: string;
  /** Where the function puts results; default: as objects. */
  readonly resultsAs?: ResultsAs;
  readonly seed: number;
  readonly count: number;
  /** Also those inputs that take seconds to make, and batches of bombs. */
  readonly withSlow: boolean;
  /** Only inputs whose name contains this. */
  readonly like?: string;
  /** Called after every input with the number done so far. */
  readonly progress?: (done: number) => void;
}

/**
 * Puts seeded hostile inputs through the built function in its own process. A violation is: the process died, an
 * answer that would be tried again for ever, more than the bounds of time or memory, or a good picture that no longer
 * gets its normal answer.
 */
export async function tryHostileInputs(options: TrialOptions): Promise<Trial> {
  const families = new Map<string, Family>();
  const violations: [Violation, string][] = [];
  const control = (await validPictures())["baseline.jpg"] ?? Buffer.alloc(0);
  let inputs = 0;
  let controls = 0;
  const running = await startHostileFunction(options.modelDir, options.resultsAs);

  function record(family: string, name: string, verdict: Verdict, maxMs: number): void {
    const summary = families.get(family) ?? {
      inputs: 0,
      outcomes: new Map(),
      worstMs: 0,
      worstPeakBytes: 0,
    };
    families.set(family, summary);
    summary.inputs++;
    summary.outcomes.set(verdict.outcome, (summary.outcomes.get(verdict.outcome) ?? 0) + 1);
    summary.worstMs = Math.max(summary.worstMs, verdict.durationMs);
    summary.worstPeakBytes = Math.max(summary.worstPeakBytes, verdict.peakBytes);
    violations.push(
      ...broken(verdict, maxMs, running.memoryBytes).map(([what, detail]): [Violation, string] => [
        what,
        `${name}: ${detail}`,
      ]),
    );
    inputs++;
    options.progress?.(inputs);
  }

  try {
    const normal = await running.judge("control-0.jpg", control);
    if (normal.outcome !== "classified") {
      throw new Error(`expected the good picture classified, got ${normal.outcome}: ${normal.detail}`);
    }
    const heavy: CraftedInput[] = [];
    for await (const input of hostileInputs(options.seed, options.count, options.withSlow, options.like)) {
      if (input.heavy !== undefined) heavy.push(input.heavy);
      const verdict = await running.judge(`${inputs} ${input.name}.jpg`, input.bytes);
      record(input.kind, input.name, verdict, MAX_DURATION_MS);
      if (inputs % CONTROL_EVERY !== 0) continue;
      const now = await running.judge(`control-${inputs}.jpg`, control);
      controls++;
      if (now.detail !== normal.detail) {
        violations.push(["wrong answer", `after ${input.name}: ${now.detail}, not ${normal.detail}`]);
      }
    }
    if (options.withSlow) {
      // A batch decodes several at once: what each of them may hold has to fit together, too.
      const uploads = new Map<string, Buffer>();
      for (const [index, { name, make }] of heavy.entries())
        uploads.set(`${index} ${name}.jpg`, await make());
      for (const batch of batches(uploads, 10)) {
        for (const [key, verdict] of await running.judgeTogether(batch)) {
          record("ten bombs at once", key, verdict, 3 * MAX_DURATION_MS);
        }
      }
      const now = await running.judge("control-last.jpg", control);
      controls++;
      if (now.detail !== normal.detail) violations.push(["wrong answer", `after the bombs: ${now.detail}`]);
    }
  } finally {
    await running.close();
  }
  return { inputs, families, violations, controls };
}

function* batches<K, V>(all: ReadonlyMap<K, V>, size: number): Generator<ReadonlyMap<K, V>> {
  const entries = [...all];
  for (let from = 0; from < entries.length; from += size) yield new Map(entries.slice(from, from + size));
}

const PERMANENT = new Set([
  "classified",
  "UNSUPPORTED_FORMAT",
  "INVALID_IMAGE",
  "IMAGE_TOO_LARGE",
  "OBJECT_EMPTY",
  "OBJECT_TOO_LARGE",
]);

function broken(verdict: Verdict, maxMs: number, maxBytes: number): [Violation, string][] {
  const { outcome, detail, durationMs, peakBytes } = verdict;
  const found: [Violation, string][] = [];
  if (outcome === "CRASH") found.push(["crash", detail]);
  else if (!PERMANENT.has(outcome)) found.push(["no code", `${outcome}: ${detail}`]);
  if (durationMs > maxMs) found.push(["over time", `${Math.round(durationMs)} ms`]);
  if (peakBytes > maxBytes) found.push(["over memory", `${Math.round(peakBytes / 2 ** 20)} MiB`]);
  return found;
}
