import { stat, watch } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../../command-line.ts";
import type { LocalStack } from "../stack.ts";
import { createFileClassifier } from "./classify.ts";
import { isPictureName, named } from "./pictures.ts";
import type { PictureOutcome } from "./result.ts";

/** A file that was not touched for so long is whole. */
const QUIET_MS = 400;

/**
 * Classifies images as they come into a folder or its subfolders, and again when they change.
 *
 * @param number of the first of them in this run
 * @param ended ends it
 */
export async function watchFolder(
  stack: LocalStack,
  folder: string,
  { prefix, number }: { readonly prefix: string; readonly number: number },
  ended: Promise<number>,
  onOutcome: (outcome: PictureOutcome) => void,
): Promise<number> {
  const classifier = createFileClassifier(stack, prefix);
  const timers = new Map<string, NodeJS.Timeout>();
  const abort = new AbortController();
  let next = number;
  const settle = async (file: string): Promise<void> => {
    timers.delete(file);
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile() !== true) return;
    if (Date.now() - found.mtimeMs < QUIET_MS) return touched(file);
    onOutcome(await classifier.classify(named(file), next++));
  };
  const touched = (file: string): void => {
    clearTimeout(timers.get(file));
    timers.set(
      file,
      setTimeout(() => void settle(file), QUIET_MS),
    );
  };
  const watching = (async () => {
    for await (const { filename } of watch(folder, { recursive: true, signal: abort.signal })) {
      if (filename !== null && isPictureName(filename)) touched(join(folder, filename));
    }
  })().catch((error: Error) => {
    if (error.name !== "AbortError") throw error;
  });
  try {
    await Promise.race([ended, watching]);
    return await ended;
  } finally {
    abort.abort();
    for (const timer of timers.values()) clearTimeout(timer);
    classifier.stop();
  }
}

export async function assertFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) throw new UsageError(`--watch expects a folder, ${path} is none.`);
}
