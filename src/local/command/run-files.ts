import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Progress, startProgress } from "../../progress.ts";
import { startStack } from "../stack.ts";
import { classifyFiles } from "./classify.ts";
import { PATIENCE, type StartOptions } from "./options.ts";
import { findPictures } from "./pictures.ts";
import { createRenderer, summarize } from "./render.ts";
import { untilSignal } from "./signals.ts";
import { startFunction } from "./start-function.ts";

/** From so many files on there is a progress bar. */
const MANY_FILES = 20;

/** Nobody waits for minutes at a prompt: a failed picture is tried again soon, alone, and given up in the end. */
const QUEUE = { batchingWindowMs: 50, retryDelayMs: 500, maxReceiveCount: 1, isolationMaxReceiveCount: 5 };

/**
 * `npm start -- files…`: classifies the files, prints a line each, and ends.
 *
 * @returns the exit status: 0 when all were processed, 1 when a file was missing or failed (or, with `--strict`,
 *   rejected), 130 when it was interrupted
 */
export async function runFiles(paths: readonly string[], options: StartOptions): Promise<number> {
  const { files, problems } = await findPictures(paths);
  const errors = createRenderer(process.stderr);
  for (const problem of problems) console.error(errors.problem(problem));
  if (files.length === 0) return 1;

  const render = createRenderer(process.stdout, files);
  const kept = options.data;
  const dataDir = kept ?? (await mkdtemp(join(tmpdir(), "graviton-image-classifier-")));
  const stack = await startStack({ ...PATIENCE, ...options.stack, dataDir, queue: QUEUE });
  const progress: Progress | undefined =
    files.length >= MANY_FILES
      ? startProgress({ label: "classify", total: files.length, unit: "pictures" })
      : undefined;
  try {
    await startFunction(stack);
    const startedAt = performance.now();
    const work = classifyFiles(stack, files, runName(), (outcome, done) => {
      // The bar stands on the last line of the terminal: the line goes where it stood, and the bar below.
      if (progress !== undefined && process.stderr.isTTY && process.stdout.isTTY)
        process.stderr.write("\r\x1b[K");
      console.log(options.json ? JSON.stringify(outcome) : render.outcome(outcome));
      progress?.update(done);
    });
    const outcomes = await Promise.race([work, untilSignal()]);
    progress?.stop();
    if (typeof outcomes === "string") return 130;
    const seconds = (performance.now() - startedAt) / 1000;
    if (!options.json) console.log(`\n${render.dim(summarize(outcomes, seconds))}`);
    const failed = outcomes.some((outcome) => "failure" in outcome);
    const rejected = outcomes.some(
      (outcome) => "document" in outcome && outcome.document.status === "rejected",
    );
    return failed || problems.length > 0 || (options.strict && rejected) ? 1 : 0;
  } finally {
    progress?.stop();
    await stack.close();
    if (kept === undefined) await rm(dataDir, { recursive: true, force: true });
  }
}

/** `run-20261125-021500-1234`: two runs on one data folder do not meet. */
function runName(): string {
  const [date = "", time = ""] = new Date().toISOString().split("T");
  return `run-${date.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}-${process.pid}`;
}
