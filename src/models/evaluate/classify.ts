import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Classifier } from "../../function/classifier.ts";
import { ClassifierError } from "../../function/errors.ts";
import type { Judgement } from "./accuracy.ts";
import type { LabelledPicture } from "./dataset.ts";
import type { UnreadablePicture } from "./report.ts";

export interface ClassifyOptions {
  /** Folder that the pictures' paths are below. */
  readonly folder: string;
  /** Pictures that are read and decoded at the same time. */
  readonly inFlight: number;
  readonly onProgress?: (done: number) => void;
}

export interface Judged {
  /** In the order of the pictures. */
  readonly judgements: readonly Judgement[];
  readonly unreadable: readonly UnreadablePicture[];
}

/**
 * Classifies pictures with the function's own code, several in flight as in a batch. A picture that the function
 * would reject is unreadable; any other failure ends the evaluation.
 */
export async function classifyPictures(
  classifier: Classifier,
  pictures: readonly LabelledPicture[],
  { folder, inFlight, onProgress }: ClassifyOptions,
): Promise<Judged> {
  const results: (Judgement | UnreadablePicture)[] = [];
  const queue = pictures.entries();
  let done = 0;
  const work = async (): Promise<void> => {
    for (const [index, { file, label }] of queue) {
      const bytes = await readFile(join(folder, file));
      results[index] = await classifier.classify(bytes).then(
        ({ predictions }) => ({ label, predictions }),
        (error: unknown) => {
          if (error instanceof ClassifierError && !error.retryable) return { file, code: error.code };
          throw error;
        },
      );
      onProgress?.(++done);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return {
    judgements: results.filter((result) => "predictions" in result),
    unreadable: results.filter((result) => "code" in result),
  };
}
