import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { hostileInputs } from "./inputs.ts";
import { validPictures } from "./valid.ts";
import type { Verdict } from "./worker.ts";

/** No input may take longer: a third of the function's default timeout. */
export const MAX_DURATION_MS = 10_000;

/** No input may hold more memory: the function's default memory size. */
export const MAX_PEAK_BYTES = 1769 * 2 ** 20;

/** A good picture is put through after so many hostile ones. */
const CONTROL_EVERY = 25;

/** What a number of hostile inputs did. */
export interface Trial {
  readonly inputs: number;
  /** By kind of attack: how often each outcome was seen, and the worst time and memory. */
  readonly kinds: ReadonlyMap<string, KindSummary>;
  /** Everything that must not happen; empty when all is well. */
  readonly violations: readonly string[];
  readonly controls: number;
}

/** What the inputs of one kind did. */
export interface KindSummary {
  inputs: number;
  readonly outcomes: Map<string, number>;
  worstMs: number;
  worstPeakBytes: number;
}

/**
 * Puts seeded hostile inputs through the function's stages in a child process. A violation is: the process
 * died, an error without a code, a retryable error (it would come back for ever), a picture over the bounds
 * of time or memory, or a good picture that no longer gets its normal answer.
 *
 * @param progress called after every input with the number done so far
 */
export async function tryHostileInputs(options: {
  readonly modelDir: string;
  readonly seed: number;
  readonly count: number;
  readonly withSlow: boolean;
  readonly progress?: (done: number) => void;
}): Promise<Trial> {
  const kinds = new Map<string, KindSummary>();
  const violations: string[] = [];
  const control = (await validPictures())["baseline.jpg"] ?? Buffer.alloc(0);
  let inputs = 0;
  let controls = 0;
  let worker = await startWorker(options.modelDir);
  const normal = await ask(worker, control);
  if (normal?.outcome !== "classified")
    throw new Error(`expected the good picture classified, got ${normal?.outcome}`);

  for await (const { kind, name, bytes } of hostileInputs(options.seed, options.count, options.withSlow)) {
    const verdict = await ask(worker, bytes);
    inputs++;
    if (verdict === undefined) {
      violations.push(`${name}: the process died or was silent for ${2 * MAX_DURATION_MS} ms`);
      worker.kill("SIGKILL");
      worker = await startWorker(options.modelDir);
    } else {
      record(kinds, kind, verdict);
      violations.push(...broken(verdict).map((what) => `${name}: ${what}`));
    }
    if (inputs % CONTROL_EVERY === 0) {
      const now = await ask(worker, control);
      controls++;
      if (now?.detail !== normal.detail)
        violations.push(`after ${name}: the good picture got ${now?.detail}, not ${normal.detail}`);
    }
    options.progress?.(inputs);
  }
  worker.kill();
  return { inputs, kinds, violations, controls };
}

const PERMANENT = new Set([
  "classified",
  "UNSUPPORTED_FORMAT",
  "INVALID_IMAGE",
  "IMAGE_TOO_LARGE",
  "OBJECT_EMPTY",
  "OBJECT_TOO_LARGE",
]);

function broken(verdict: Verdict): string[] {
  const found: string[] = [];
  if (!PERMANENT.has(verdict.outcome)) found.push(`ended as ${verdict.outcome}: ${verdict.detail}`);
  if (verdict.durationMs > MAX_DURATION_MS) found.push(`took ${Math.round(verdict.durationMs)} ms`);
  if (verdict.peakBytes > MAX_PEAK_BYTES) found.push(`held ${Math.round(verdict.peakBytes / 2 ** 20)} MiB`);
  return found;
}

function record(kinds: Map<string, KindSummary>, kind: string, verdict: Verdict): void {
  const summary = kinds.get(kind) ?? { inputs: 0, outcomes: new Map(), worstMs: 0, worstPeakBytes: 0 };
  summary.inputs++;
  summary.outcomes.set(verdict.outcome, (summary.outcomes.get(verdict.outcome) ?? 0) + 1);
  summary.worstMs = Math.max(summary.worstMs, verdict.durationMs);
  summary.worstPeakBytes = Math.max(summary.worstPeakBytes, verdict.peakBytes);
  kinds.set(kind, summary);
}

async function startWorker(modelDir: string): Promise<ChildProcess> {
  const worker = fork(join(import.meta.dirname, "worker.ts"), [modelDir], { serialization: "advanced" });
  const [first] = await Promise.race([once(worker, "message"), once(worker, "exit")]);
  if (first !== "ready") throw new Error(`expected the worker to start, it exited with ${first}`);
  return worker;
}

/** The verdict on some bytes; `undefined` when the process died or was silent for too long. */
function ask(worker: ChildProcess, bytes: Buffer): Promise<Verdict | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle(undefined), 2 * MAX_DURATION_MS);
    const onExit = () => settle(undefined);
    const settle = (verdict: Verdict | undefined) => {
      clearTimeout(timer);
      worker.off("message", settle).off("exit", onExit);
      resolve(verdict);
    };
    worker.once("message", settle).once("exit", onExit);
    worker.send(bytes);
  });
}
