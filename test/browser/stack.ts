import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Page, startPage } from "../../src/local/page/server.ts";
import { type LocalStack, type StackOptions, startStack } from "../../src/local/stack.ts";
import { atEnd } from "./at-end.ts";

const PROJECT_DIR = join(import.meta.dirname, "../..");
export const FIXTURES_DIR = join(PROJECT_DIR, "test/fixtures");
export const MODEL_DIR = join(PROJECT_DIR, "models/upload-triage");
/** As `npm start`, but a failed picture is tried again sooner. */
const QUEUE = { batchingWindowMs: 50, retryDelayMs: 300 };

export interface LocalSystem {
  readonly stack: LocalStack;
  readonly page: Page;
}

/** Everything that `npm start` runs, on free ports and in a folder of its own; it ends with the test. */
export async function startLocal(
  test: TestContext,
  options: Partial<StackOptions> = {},
): Promise<LocalSystem> {
  const dataDir = await makeTempDir(test);
  const stack = await startStack({
    dataDir,
    modelDir: MODEL_DIR,
    queue: QUEUE,
    initTimeoutMs: 120_000,
    ...options,
  });
  atEnd(test, () => stack.close());
  const page = await startPage({ stack });
  atEnd(test, () => page.close());
  return { stack, page };
}

export async function makeTempDir(test: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "page-"));
  atEnd(test, () => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Paths of the fixtures that are pictures, sorted; the class is in the name. */
export async function picturePaths(): Promise<string[]> {
  const names = await readdir(FIXTURES_DIR);
  return names
    .filter((name) => /\.(jpg|png|webp)$/.test(name))
    .sort()
    .map((name) => join(FIXTURES_DIR, name));
}

export function fixturePath(name: string): string {
  return join(FIXTURES_DIR, name);
}
