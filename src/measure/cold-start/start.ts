import { spawn } from "node:child_process";
import { once } from "node:events";
import type { ColdStartSample } from "./sample.ts";

export interface StartOptions {
  driver: string;
  bundle: string;
  /** Preloaded to note the steps; a start that is timed has none. */
  tracer?: string;
  env: NodeJS.ProcessEnv;
  bucket: string;
  key: string;
}

/** One cold start, and how long after `spawn` the process's own time began. */
export type ColdStart = ColdStartSample & { spawnMs: number };

/**
 * Starts a process, waits for its first result, and reads what it measured.
 *
 * @throws with the process's own words when it ends without a result
 */
export async function startOnce(options: StartOptions): Promise<ColdStart> {
  const { driver, bundle, tracer, env, bucket, key } = options;
  const args = [...(tracer === undefined ? [] : ["--require", tracer]), driver, bundle, bucket, key];
  const spawnedAt = performance.timeOrigin + performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "pipe", "pipe"] });
  const texts = { errors: "", sample: "" };
  child.stderr?.on("data", (chunk) => {
    texts.errors += String(chunk);
  });
  child.stdio[3]?.on("data", (chunk: Buffer) => {
    texts.sample += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (texts.sample === "")
    throw new Error(`${bundle} gave no result (exit ${code}):\n${readable(texts.errors)}`);
  const sample = JSON.parse(texts.sample) as ColdStartSample;
  return { ...sample, spawnMs: sample.originMs - spawnedAt };
}

/** Node quotes the line that threw, and a minified bundle has one of hundreds of kilobytes. */
function readable(errors: string): string {
  return errors
    .split("\n")
    .filter((line) => line.length <= 500)
    .join("\n");
}
