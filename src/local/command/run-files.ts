import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type Progress, startProgress } from "../../progress.ts";
import { type LocalStack, startStack } from "../stack.ts";
import { classifyFiles } from "./classify.ts";
import { CSV_HEADER, csvOf } from "./csv-line.ts";
import { PATIENCE, type StartOptions } from "./options.ts";
import { findPictures } from "./pictures.ts";
import { createRenderer, summarize } from "./render.ts";
import type { PictureOutcome } from "./result.ts";
import { untilEnded } from "./signals.ts";
import { startFunction } from "./start-function.ts";
import { makeTemporaryDir } from "./temporary-dir.ts";

/** From so many files on there is a progress bar. */
const MANY_FILES = 20;
const STDIN = "-";

/** Nobody waits for minutes at a prompt: a failed picture is tried again soon, alone, and given up in the end. */
const QUEUE = { batchingWindowMs: 50, retryDelayMs: 500, maxReceiveCount: 1, isolationMaxReceiveCount: 5 };

/**
 * Classifies the files, prints a line for each, and ends.
 *
 * @returns the exit status: 0 when all were processed, 1 when a file was missing or failed (or, with `--strict`,
 *   rejected), 130 when it was interrupted, 141 when nobody reads the output any more
 */
export async function runFiles(paths: readonly string[], options: StartOptions): Promise<number> {
  const ended = untilEnded();
  const { files, problems } = await findPictures(await readStdin(paths));
  const errors = createRenderer(process.stderr);
  for (const problem of problems) console.error(errors.problem(problem));
  if (files.length === 0) return 1;

  const dataDir = options.data ?? makeTemporaryDir();
  const stack = await startStack({ ...PATIENCE, ...options.stack, dataDir, queue: QUEUE });
  try {
    const started = await Promise.race([startFunction(stack), ended]);
    if (typeof started === "number") return started;
    const status = await printFiles(stack, files, options, ended);
    return status === 0 && problems.length > 0 ? 1 : status;
  } finally {
    await stack.close();
  }
}

async function printFiles(
  stack: LocalStack,
  files: readonly string[],
  { json, csv, strict }: StartOptions,
  ended: Promise<number>,
): Promise<number> {
  const render = createRenderer(process.stdout, files);
  const progress: Progress | undefined =
    files.length >= MANY_FILES
      ? startProgress({ label: "classify", total: files.length, unit: "pictures" })
      : undefined;
  const print = progress?.print ?? console.log;
  const format = (outcome: PictureOutcome): string => {
    if (csv) return csvOf(outcome).trimEnd();
    return json ? JSON.stringify(outcome) : render.outcome(outcome);
  };
  const outcomes: PictureOutcome[] = [];
  const startedAt = performance.now();
  if (csv) print(CSV_HEADER.trimEnd());
  const work = classifyFiles(stack, files, runName(), (outcome, done) => {
    outcomes.push(outcome);
    print(format(outcome));
    progress?.update(done);
  });
  const end = await Promise.race([work, ended]).finally(() => progress?.stop());
  const summary = summarize(outcomes, (performance.now() - startedAt) / 1000);
  const isForPeople = !json && !csv;
  if (typeof end === "number") {
    console.error(render.dim(`\nEnded after ${outcomes.length} of ${files.length} files. ${summary}`));
    return end;
  }
  if (isForPeople) console.log(`\n${render.dim(summary)}`);
  const hasFailed = outcomes.some(
    (outcome) => "failure" in outcome || (strict && outcome.document.status === "rejected"),
  );
  return hasFailed ? 1 : 0;
}

/** `-` is an image on stdin. */
async function readStdin(paths: readonly string[]): Promise<readonly string[]> {
  if (!paths.includes(STDIN)) return paths;
  const file = join(makeTemporaryDir(), "stdin");
  await writeFile(file, await buffer(process.stdin));
  return paths.map((path) => (path === STDIN ? file : path));
}

/** `run-20261125-021500-1234`: two runs on one data folder do not meet. */
function runName(): string {
  const [date = "", time = ""] = new Date().toISOString().split("T");
  return `run-${date.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}-${process.pid}`;
}
