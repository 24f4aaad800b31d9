import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { median } from "simple-statistics";
import { type Classifier, createClassifier } from "../function/classifier.ts";
import { ClassifierError } from "../function/errors.ts";
import { createInputBuffers } from "../function/model/input-buffers.ts";
import { loadModel, type Model } from "../function/model/load.ts";
import type { Prediction } from "../function/stages/rank.ts";
import { DEPLOYED_SETTINGS } from "./settings.ts";

/** Images of our own making. */
export const SAMPLES_DIR = join(import.meta.dirname, "../../test/fixtures");

/** Rounding to integers is worth what it loses where the model becomes so many times as fast. */
export const WORTHWHILE = 1.05;

/** What two models say of one image; `undefined` where nothing passes the threshold. */
export interface ComparedImage {
  readonly file: string;
  readonly prediction: Prediction | undefined;
  readonly reference: Prediction | undefined;
}

/** A model and the one that it was made of. */
export interface Comparison {
  readonly images: readonly ComparedImage[];
  /** Files that the function rejects, with its codes. */
  readonly rejected: readonly { readonly file: string; readonly code: string }[];
  /** Images of which both name the same label first. */
  readonly same: number;
  /** Milliseconds of CPU time per inference on one thread: medians of alternated rounds. */
  readonly cpuMs: { readonly model: number; readonly reference: number };
}

/**
 * Opens two model folders and compares them by the function's own code.
 *
 * @param images names of files below a folder
 * @throws {ClassifierError} `MODEL_INVALID`
 */
export async function compareModels(
  folder: string,
  referenceFolder: string,
  images: { readonly dir: string; readonly files: readonly string[] },
  onProgress?: (done: number) => void,
): Promise<Comparison> {
  const { dir, files } = images;
  const [model, reference] = await Promise.all([loadModel(folder), loadModel(referenceFolder)]);
  const settings = { ...DEPLOYED_SETTINGS, topK: 1 };
  const classifiers = await Promise.all([
    createClassifier(model, settings),
    createClassifier(reference, settings),
  ]);
  const compared: ComparedImage[] = [];
  const rejected: { file: string; code: string }[] = [];
  for (const [index, file] of files.entries()) {
    const [ours, theirs] = await Promise.all(
      classifiers.map((classifier) => classify(classifier, join(dir, file))),
    );
    if (ours?.code !== undefined) rejected.push({ file, code: ours.code });
    else compared.push({ file, prediction: ours?.first, reference: theirs?.first });
    onProgress?.(index + 1);
  }
  const cpuMs = await measureCpu(model, reference);
  await Promise.all([model, reference].map(({ session }) => session.release()));
  const same = compared.filter(({ prediction, reference: other }) => prediction?.index === other?.index);
  return { images: compared, rejected, same: same.length, cpuMs };
}

async function classify(
  classifier: Classifier,
  file: string,
): Promise<{ first?: Prediction | undefined; code?: string }> {
  try {
    const { predictions } = await classifier.classify(await readFile(file));
    return { first: predictions[0] };
  } catch (error) {
    if (error instanceof ClassifierError && !error.retryable) return { code: error.code };
    throw error;
  }
}

const ROUNDS = 9;
/** Runs of a round take about so long, which is much for the clock of CPU time and little for a person. */
const ROUND_MS = 30;

async function measureCpu(model: Model, reference: Model): Promise<Comparison["cpuMs"]> {
  const sides = [model, reference].map(({ session, input }) => {
    const { feeds, pixelValues } = createInputBuffers(input);
    for (let index = 0; index < pixelValues.length; index++) pixelValues[index] = (index * 7919) % 251;
    return { run: () => session.run(feeds), runs: 1, samples: [] as number[] };
  });
  for (let round = 0; round <= ROUNDS; round++) {
    for (const side of sides) {
      const startedAt = process.cpuUsage();
      for (let count = 0; count < side.runs; count++) await side.run();
      const { user, system } = process.cpuUsage(startedAt);
      const eachMs = (user + system) / 1000 / side.runs;
      // The first round only tells how many runs make one.
      if (round === 0) side.runs = Math.max(1, Math.min(100, Math.round(ROUND_MS / eachMs)));
      else side.samples.push(eachMs);
    }
  }
  const [ours = 0, theirs = 0] = sides.map(({ samples }) => median(samples));
  return { model: ours, reference: theirs };
}
