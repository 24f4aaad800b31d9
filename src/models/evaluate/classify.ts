import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { classifyBytes, createSlot } from "../../function/classify.ts";
import { readConfig } from "../../function/config.ts";
import { ClassifierError } from "../../function/errors.ts";
import type { Model } from "../../function/model/load.ts";
import type { Judgement } from "./accuracy.ts";
import type { LabelledPicture } from "./dataset.ts";
import type { UnreadablePicture } from "./report.ts";

export interface ClassifyOptions {
  /** Folder that the pictures' paths are below. */
  readonly folder: string;
  readonly topK: number;
  readonly applyIccProfile: boolean;
  readonly onProgress?: (done: number) => void;
}

export interface Judged {
  /** In the order of the pictures. */
  readonly judgements: readonly Judgement[];
  readonly unreadable: readonly UnreadablePicture[];
}

/** What the deployed function does where its environment says nothing. The bucket is required, but not used here. */
const DEFAULTS = readConfig({ RESULTS_BUCKET: "not-used" });

/**
 * Classifies pictures with the function's own code, several in flight as in a batch. A picture that the function
 * would reject is unreadable; any other failure ends the evaluation.
 */
export async function classifyPictures(
  model: Model,
  pictures: readonly LabelledPicture[],
  { folder, topK, applyIccProfile, onProgress }: ClassifyOptions,
): Promise<Judged> {
  const results: (Judgement | UnreadablePicture)[] = [];
  const queue = pictures.entries();
  let done = 0;
  const work = async (): Promise<void> => {
    const slot = createSlot(model);
    for (const [index, { file, label }] of queue) {
      const bytes = await readFile(join(folder, file));
      const options = { ...DEFAULTS, applyIccProfile };
      results[index] = await classifyBytes(model, slot, bytes, options, topK).then(
        ({ predictions }) => ({ label, predictions }),
        (error: unknown) => {
          if (error instanceof ClassifierError && !error.retryable) return { file, code: error.code };
          throw error;
        },
      );
      onProgress?.(++done);
    }
  };
  await Promise.all(Array.from({ length: DEFAULTS.imagesInFlight }, work));
  return {
    judgements: results.filter((result) => "predictions" in result),
    unreadable: results.filter((result) => "code" in result),
  };
}
