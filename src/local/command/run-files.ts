import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type Progress, startProgress } from "../../progress.ts";
import { type LocalStack, startStack } from "../stack.ts";
import { classifyFiles } from "./classify.ts";
import { compareFiles, comparisonCsv, describeFileComparison } from "./compare-files.ts";
import { CSV_HEADER, csvOf } from "./csv-line.ts";
import { PATIENCE, type StartOptions } from "./options.ts";
import { findPictures, type ImageFile } from "./pictures.ts";
import { createRenderer, summarize } from "./render.ts";
import type { PictureOutcome } from "./result.ts";
import { untilEnded } from "./signals.ts";
import { startFunction } from "./start-function.ts";
import { makeTemporaryDir } from "./temporary-dir.ts";
import { assertFolder, watchFolder } from "./watch.ts";

/** From so many files on there is a progress bar. */
const MANY_FILES = 20;

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
  if (options.watch !== undefined) await assertFolder(options.watch);
  const all = options.watch === undefined ? paths : [...paths, options.watch];
  const found = await findPictures(all, readStdin);
  const { files } = found;
  // A folder that is watched may be empty yet.
  const problems = found.problems.filter((problem) => !problem.startsWith(`${options.watch}: no pictures`));
  const errors = createRenderer(process.stderr);
  for (const problem of problems) console.error(errors.problem(problem));
  if (files.length === 0 && options.watch === undefined) return 1;

  const dataDir = options.data ?? makeTemporaryDir();
  const stack = await startStack({ ...PATIENCE, ...options.stack, dataDir, queue: QUEUE });
  try {
    const started = await Promise.race([startFunction(stack), ended]);
    if (typeof started === "number") return started;
    const status =
      options.compareDir === undefined
        ? await printFiles(stack, files, options, ended)
        : await printComparison(stack, files, { ...options, compareDir: options.compareDir }, ended);
    return status === 0 && problems.length > 0 ? 1 : status;
  } finally {
    await stack.close();
  }
}

async function printFiles(
  stack: LocalStack,
  files: readonly ImageFile[],
  { json, csv, strict, watch }: StartOptions,
  ended: Promise<number>,
): Promise<number> {
  // The names of what is still to come are not known.
  const render = createRenderer(process.stdout, watch === undefined ? namesOf(files) : []);
  const progress = progressOf(files.length);
  const print = progress?.print ?? console.log;
  const format = (outcome: PictureOutcome): string => {
    if (csv) return csvOf(outcome).trimEnd();
    return json ? JSON.stringify(outcome) : render.outcome(outcome);
  };
  const outcomes: PictureOutcome[] = [];
  const startedAt = performance.now();
  if (csv) print(CSV_HEADER.trimEnd());
  const prefix = runName();
  const work = classifyFiles(stack, files, prefix, (outcome, done) => {
    outcomes.push(outcome);
    print(format(outcome));
    progress?.update(done);
  });
  let end = await Promise.race([work, ended]).finally(() => progress?.stop());
  if (watch !== undefined && typeof end !== "number") {
    console.error(render.dim(`Watching ${watch}; Ctrl-C ends.`));
    const start = { prefix, number: files.length + 1 };
    end = await watchFolder(stack, watch, start, ended, (outcome) => {
      outcomes.push(outcome);
      console.log(format(outcome));
    });
  }
  const summary = summarize(outcomes, (performance.now() - startedAt) / 1000);
  const isForPeople = !json && !csv;
  if (typeof end === "number") {
    const of = watch === undefined ? ` of ${files.length} files` : "";
    console.error(render.dim(`\nEnded after ${outcomes.length}${of}. ${summary}`));
    return end;
  }
  if (isForPeople) console.log(`\n${render.dim(summary)}`);
  const hasFailed = outcomes.some(
    (outcome) => "failure" in outcome || (strict && outcome.document.status === "rejected"),
  );
  return hasFailed ? 1 : 0;
}

async function printComparison(
  stack: LocalStack,
  files: readonly ImageFile[],
  { json, csv, compareDir }: StartOptions & { readonly compareDir: string },
  ended: Promise<number>,
): Promise<number> {
  const models = { a: stack.modelDir, b: compareDir };
  const render = createRenderer(process.stdout, namesOf(files));
  const progress = progressOf(2 * files.length);
  const work = compareFiles(stack, files, compareDir, runName(), (done) => progress?.update(done));
  const end = await Promise.race([work, ended]).finally(() => progress?.stop());
  if (typeof end === "number") return end;
  const { pairs, others } = end;
  if (csv) process.stdout.write(comparisonCsv(pairs));
  else if (json) for (const pair of pairs) console.log(JSON.stringify(pair));
  else {
    const columns = process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;
    for (const line of describeFileComparison(pairs, models, columns, render)) console.log(line);
  }
  for (const outcome of others)
    console.error(createRenderer(process.stderr, namesOf(files)).outcome(outcome));
  return others.some((outcome) => "failure" in outcome) ? 1 : 0;
}

function progressOf(total: number): Progress | undefined {
  return total >= MANY_FILES ? startProgress({ label: "classify", total, unit: "pictures" }) : undefined;
}

async function readStdin(): Promise<string> {
  const file = join(makeTemporaryDir(), "stdin");
  await writeFile(file, await buffer(process.stdin));
  return file;
}

const namesOf = (files: readonly ImageFile[]): string[] => files.map(({ name }) => name);

/** `run-20261125-021500-1234`: two runs on one data folder do not meet. */
function runName(): string {
  const [date = "", time = ""] = new Date().toISOString().split("T");
  return `run-${date.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}-${process.pid}`;
}
