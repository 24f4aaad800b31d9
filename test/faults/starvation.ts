import { readFileSync } from "node:fs";

const SAMPLE_MS = 50;

/** Milliseconds that the event loop of this process came late, since it was first asked. */
let lateMs = 0;
let isWatched = false;

function watchEventLoop(): void {
  if (isWatched) return;
  isWatched = true;
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    lateMs += Math.max(0, now - last - SAMPLE_MS);
    last = now;
  }, SAMPLE_MS).unref();
}

/** Milliseconds that a process was ready to run and had no processor; 0 of one that is gone. */
function waitedMs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}

/**
 * Tells how long nothing went on from now on although there was something to do: the given process waited for a processor,
 * or this one, in which S3 and the proxies run, was busy or waited.
 */
export function watchStarvation(pid: number | undefined): () => number {
  watchEventLoop();
  const total = () => lateMs + (pid === undefined ? 0 : waitedMs(pid));
  const before = total();
  return () => Math.max(0, total() - before);
}
